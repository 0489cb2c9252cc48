/**
 * Adaptive clipping (Andrew, Thakkar, McMahan, Ramaswamy 2021): the clip norm follows a quantile of the gradients' norms by
 * a geometric update from a noised count. The count is one of the round's statistics, with norm ½ because each unit adds
 * ±½, so that the round's charge includes it.
 */

/** The largest |value| a unit adds. */
export const CLIP_INDICATOR_NORM = 0.5;

/** The collection's settings. */
export interface AdaptiveClipRule {
  /** Share of units whose gradient should stay below the clip norm, in (0, 1). */
  readonly quantile: number;
  /** η of the geometric update; the paper uses 0.2. */
  readonly learningRate: number;
  /** Bounds of the clip norm. */
  readonly least: number;
  readonly most: number;
}

/** c_g stays within this factor of where it began, whatever the noise says. */
const RANGE = 1000;

/** The rule for a run that begins at `clipNorm`. */
export function adaptiveClipRule(
  { quantile, rate }: { quantile: number; rate: number },
  clipNorm: number,
): AdaptiveClipRule {
  return { quantile, learningRate: rate, least: clipNorm / RANGE, most: clipNorm * RANGE };
}

/** What a unit adds: +½ when its gradient needed no clipping, −½ otherwise. */
export function clipIndicator(gradientNorm: number, clipNorm: number): number {
  return gradientNorm <= clipNorm ? CLIP_INDICATOR_NORM : -CLIP_INDICATOR_NORM;
}

/**
 * The next round's clip norm, C·exp(−η(b̄ − γ)).
 * @param indicatorSum noised sum of the indicators
 * @param expectedUnits D, fixed beforehand
 */
export function nextClipNorm(
  clipNorm: number,
  indicatorSum: number,
  expectedUnits: number,
  rule: AdaptiveClipRule,
): number {
  if (!(expectedUnits > 0)) throw new RangeError(`expected units must be positive, got ${expectedUnits}`);
  const unclipped = Math.min(1, Math.max(0, indicatorSum / expectedUnits + CLIP_INDICATOR_NORM));
  const next = clipNorm * Math.exp(-rule.learningRate * (unclipped - rule.quantile));
  return Math.min(rule.most, Math.max(rule.least, next));
}
