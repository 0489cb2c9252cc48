/**
 * Simulated query log: training wordings as hurried people would have typed them. Popular wordings come back more
 * often (Zipf); each copy may get typing errors, politeness, truncation and careless casing. The same seed gives
 * the same log. A simulation for demonstrations: it adds noise to what people ask, never new questions.
 */
import { createHash } from 'node:crypto';

/** Probability, per record, of each kind of change. */
export interface NoiseRates {
  typo: number;
  politeness: number;
  truncation: number;
  casing: number;
}

export const DEFAULT_RATES: NoiseRates = { typo: 0.35, politeness: 0.25, truncation: 0.15, casing: 0.4 };

export interface LogOptions {
  seed: number;
  /** Records to draw; the first ones go once through all wordings when there are enough. */
  records: number;
  rates?: NoiseRates;
}

/** A deterministic stream of numbers in [0, 1). */
export type Uniform = () => number;

/** Draws a log from `wordings`, which keep all their other fields. Throws a RangeError for an empty list. */
export function simulateLog<T extends { text: string }>(wordings: readonly T[], options: LogOptions): T[] {
  if (wordings.length === 0) throw new RangeError('wordings: at least one is needed');
  const { seed, records, rates = DEFAULT_RATES } = options;
  const uniform = seededUniform(`log ${seed}`);
  const order = shuffle(wordings, uniform);
  const cumulative: number[] = [];
  for (const rank of order.keys()) cumulative.push((cumulative.at(-1) ?? 0) + 1 / Math.sqrt(rank + 1));
  const log: T[] = [];
  for (let i = 0; i < records; i++) {
    const place = i < order.length ? i : search(cumulative, uniform() * (cumulative.at(-1) as number));
    const wording = order[place]!;
    log.push({ ...wording, text: disturb(wording.text, uniform, rates) });
  }
  return shuffle(log, uniform);
}

/** One wording as somebody might have typed it. Never empty for a text that is not. */
export function disturb(text: string, uniform: Uniform, rates: NoiseRates = DEFAULT_RATES): string {
  let typed = text;
  if (uniform() < rates.truncation) typed = truncate(typed, uniform);
  if (uniform() < rates.politeness) typed = bePolite(typed, uniform);
  if (uniform() < rates.typo) {
    const typos = typed.length > 40 && uniform() < 0.4 ? 2 : 1;
    for (let i = 0; i < typos; i++) typed = mistype(typed, uniform);
  }
  if (uniform() < rates.casing) typed = changeCase(typed, uniform);
  return typed;
}

/** SHA-256 in counter mode, 32 bits a draw: reproducible on every machine. */
export function seededUniform(label: string): Uniform {
  let block = Buffer.alloc(0);
  let offset = 0;
  let counter = 0;
  return () => {
    if (offset >= block.length) {
      block = createHash('sha256').update(`${label} ${counter++}`).digest();
      offset = 0;
    }
    const word = block.readUInt32BE(offset);
    offset += 4;
    return word / 2 ** 32;
  };
}

const OPENINGS = ['hi, ', 'hello, ', 'please help: ', 'quick question, ', 'excuse me, ', 'good morning, '];
const CLOSINGS = [' please', ' thanks', ' thank you', ', thx', ' pls', ' many thanks in advance'];

function bePolite(text: string, uniform: Uniform): string {
  return uniform() < 0.5
    ? pick(OPENINGS, uniform) + text
    : text.replace(/[?.!]+$/, '') + pick(CLOSINGS, uniform);
}

/** Loses up to a third of the words, mostly at the end, and keeps at least three. */
function truncate(text: string, uniform: Uniform): string {
  const words = text.split(' ');
  const droppable = Math.min(Math.floor(words.length / 3), words.length - 3);
  if (droppable < 1) return text;
  const dropped = 1 + Math.floor(uniform() * droppable);
  return (uniform() < 0.8 ? words.slice(0, -dropped) : words.slice(dropped)).join(' ');
}

const KEYBOARD = ['qwertyuiop', 'asdfghjkl', 'zxcvbnm'];

/** One slip inside a word of four letters or more; numbers and short words stay readable. */
function mistype(text: string, uniform: Uniform): string {
  const places = [...text.matchAll(/\p{L}{4,}/gu)];
  if (places.length === 0) return text;
  const word = pick(places, uniform);
  const at = word.index + 1 + Math.floor(uniform() * (word[0].length - 2));
  const letter = text[at]!;
  const kind = uniform();
  if (kind < 0.3) return text.slice(0, at) + text.slice(at + 1);
  if (kind < 0.5) return text.slice(0, at) + letter + text.slice(at);
  if (kind < 0.75) return text.slice(0, at) + text[at + 1]! + letter + text.slice(at + 2);
  return text.slice(0, at) + neighbour(letter, uniform) + text.slice(at + 1);
}

function neighbour(letter: string, uniform: Uniform): string {
  const row = KEYBOARD.find((keys) => keys.includes(letter.toLowerCase()));
  if (row === undefined) return letter;
  const at = row.indexOf(letter.toLowerCase());
  return row[at === 0 || (uniform() < 0.5 && at < row.length - 1) ? at + 1 : at - 1]!;
}

function changeCase(text: string, uniform: Uniform): string {
  const kind = uniform();
  if (kind < 0.6) return text.toLowerCase();
  if (kind < 0.7) return text.toUpperCase();
  if (kind < 0.85) return text.replace(/[^\p{L}\p{N}\s]/gu, '');
  return `${text}${kind < 0.93 ? '??' : ' !!'}`;
}

function pick<T>(items: readonly T[], uniform: Uniform): T {
  return items[Math.floor(uniform() * items.length)]!;
}

function shuffle<T>(items: readonly T[], uniform: Uniform): T[] {
  const shuffled = [...items];
  for (let i = shuffled.length - 1; i > 0; i--) {
    const j = Math.floor(uniform() * (i + 1));
    [shuffled[i], shuffled[j]] = [shuffled[j]!, shuffled[i]!];
  }
  return shuffled;
}

/** First place whose cumulative weight exceeds `target`. */
function search(cumulative: readonly number[], target: number): number {
  let low = 0;
  let high = cumulative.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (cumulative[middle]! > target) high = middle;
    else low = middle + 1;
  }
  return low;
}
