/**
 * The statistics of a round: counts, losses and the like as extra coordinates behind the gradient, scaled so that a unit's
 * statistics have an L2 norm of at most c₀ whatever it holds. They are never scaled by the clipping of its gradient.
 */
import { CLIP_SLACK } from './clipping.ts';

/** One statistic: `length` coordinates in which a unit has an L2 norm of at most `norm`. */
export interface Statistic {
  readonly name: string;
  readonly length: number;
  readonly norm: number;
  /** Its part of c₀²; the parts add up to at most 1. */
  readonly share: number;
}

/** Where a statistic lies, and by what it is multiplied. */
export interface PlacedStatistic extends Statistic {
  readonly offset: number;
  readonly scale: number;
}

/**
 * Places statistics one after the other from `offset`.
 * @throws RangeError when a name repeats, a bound is not positive, or the shares pass 1
 */
export function placeStatistics(
  statistics: readonly Statistic[],
  statisticsNorm: number,
  offset: number,
): PlacedStatistic[] {
  if (new Set(statistics.map(({ name }) => name)).size !== statistics.length) {
    throw new RangeError('names of statistics must differ');
  }
  const shares = statistics.reduce((sum, { share }) => sum + share, 0);
  if (shares > 1 + 1e-12)
    throw new RangeError(`shares of statistics must add up to at most 1, got ${shares}`);
  let next = offset;
  return statistics.map((statistic) => {
    if (!(statistic.norm > 0 && statistic.share > 0)) {
      throw new RangeError(`norm and share of ${statistic.name} must be positive`);
    }
    const scale = (statisticsNorm * Math.sqrt(statistic.share)) / statistic.norm;
    const placed = { ...statistic, offset: next, scale };
    next += statistic.length;
    return placed;
  });
}

/**
 * Adds one unit's values to the sum, shortened to the statistic's norm if they pass it.
 * @param values pairs of index within the statistic and value; an index at most once
 * @throws RangeError for an index outside the statistic or a value that is not finite
 */
export function addStatistic(
  sum: Float64Array,
  statistic: PlacedStatistic,
  values: Iterable<readonly [index: number, value: number]>,
): void {
  const entries = [...values];
  let squares = 0;
  for (const [index, value] of entries) {
    if (!Number.isInteger(index) || index < 0 || index >= statistic.length) {
      throw new RangeError(`index of ${statistic.name} must be below ${statistic.length}, got ${index}`);
    }
    if (!Number.isFinite(value))
      throw new RangeError(`value of ${statistic.name} must be finite, got ${value}`);
    squares += value * value;
  }
  const fit = Math.min(1, statistic.norm / Math.sqrt(squares || 1)) * (1 - CLIP_SLACK);
  for (const [index, value] of entries) {
    const at = statistic.offset + index;
    sum[at] = sum[at]! + value * fit * statistic.scale;
  }
}

/** A statistic's values in its own unit, from a decoded sum (denominator 1). */
export function readStatistic(decoded: Float64Array, statistic: PlacedStatistic): Float64Array {
  const { offset, length, scale } = statistic;
  return decoded.slice(offset, offset + length).map((value) => value / (scale * (1 - CLIP_SLACK)));
}

/** Standard deviation of the noise on each of its values, from that of a decoded coordinate. */
export function statisticDeviation(sumDeviation: number, { scale }: PlacedStatistic): number {
  return sumDeviation / (scale * (1 - CLIP_SLACK));
}
