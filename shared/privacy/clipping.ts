/**
 * Clipping of a record's gradient, and the split of a unit's norm between gradients and statistics: c² = c_g² + c₀².
 */

/** Clipping aims this much below the limit, for the rounding of fp32 gradients and float64 sums. */
export const CLIP_SLACK = 2 ** -10;

/**
 * Records of one participant's log at most. The roundings of so many units stay within `CLIP_SLACK` (docs/privacy.md,
 * "How many units").
 */
export const MOST_RECORDS = 1_000_000;

/** The L2 norms a unit may reach. */
export interface ClipNorms {
  /** c: gradient and statistics together. */
  readonly total: number;
  /** c_g */
  readonly gradient: number;
  /** c₀ */
  readonly statistics: number;
}

/**
 * Gives `statisticsShare` of c² to the statistics.
 * @param gradientNorm c_g > 0
 * @param statisticsShare in [0, 1)
 */
export function clipNorms(gradientNorm: number, statisticsShare: number): ClipNorms {
  if (!(gradientNorm > 0 && Number.isFinite(gradientNorm))) {
    throw new RangeError(`gradient clip norm must be positive, got ${gradientNorm}`);
  }
  if (!(statisticsShare >= 0 && statisticsShare < 1)) {
    throw new RangeError(`statistics share must be in [0, 1), got ${statisticsShare}`);
  }
  const total = gradientNorm / Math.sqrt(1 - statisticsShare);
  return { total, gradient: gradientNorm, statistics: total * Math.sqrt(statisticsShare) };
}
