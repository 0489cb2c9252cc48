/** Figures in words: the same way everywhere, so that columns align. Pure. */

const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto', style: 'short' });
const moment = new Intl.DateTimeFormat('en', { dateStyle: 'medium', timeStyle: 'short' });

export const DASH = '–';

export function count(value: number): string {
  return whole.format(value);
}

/** `1 region`, `4 regions`. */
export function many(value: number, noun: string): string {
  return `${count(value)} ${noun}${value === 1 ? '' : 's'}`;
}

/** A number with noise in it, and the noise's standard deviation: `≈ 320 ± 30`. Noise may carry it below 0. */
export function noised(value: number, deviation: number): string {
  return `≈ ${count(Math.max(0, Math.round(value)))} ± ${count(Math.ceil(deviation))}`;
}

/** A share between 0 and 1 as percent. */
export function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

/** The difference of two shares in points, always with its sign. */
export function points(difference: number): string {
  const value = 100 * difference;
  return `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(1)}`;
}

export function epsilon(value: number): string {
  return Number.isFinite(value) ? value.toFixed(2) : '∞';
}

/** A cosine, with a sign of the width of a digit. */
export function cosine(value: number | null): string {
  if (value === null) return DASH;
  return `${value < 0 ? '−' : ''}${Math.abs(value).toFixed(3)}`;
}

const STEPS: [unit: Intl.RelativeTimeFormatUnit, seconds: number][] = [
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
];

/** `5 min. ago`; what lies in the last minute is `just now`. */
export function ago(atMs: number, nowMs: number): string {
  const seconds = (nowMs - atMs) / 1000;
  for (const [unit, length] of STEPS) {
    if (seconds >= length) return relative.format(-Math.floor(seconds / length), unit);
  }
  return 'just now';
}

export function dateTime(atMs: number): string {
  return moment.format(atMs);
}

/** `48 s`, `3 min 5 s`, `2 h 10 min`. */
export function duration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  return minutes < 60
    ? `${minutes} min ${seconds % 60} s`
    : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

const ENDINGS: Record<string, string> = { one: 'st', two: 'nd', few: 'rd', other: 'th' };
const ordinals = new Intl.PluralRules('en', { type: 'ordinal' });

export function ordinal(place: number): string {
  return `${place}${ENDINGS[ordinals.select(place)]}`;
}
