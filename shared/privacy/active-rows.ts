/**
 * Which head rows take part in training, decided from noised counts alone, so that deciding costs no further privacy. A
 * row's count of units is estimated over rounds; it enters when the estimate is surely above one threshold, leaves when
 * surely below a lower one, and then reverts to its passage's embedding.
 */

/** The collection's settings. */
export interface ActiveRowRule {
  /** Units a row needs to become active. */
  readonly enterAt: number;
  /** Units at which it stops being active, below `enterAt`. */
  readonly leaveAt: number;
  /** Standard errors by which the estimate must clear a threshold. */
  readonly confidence: number;
  /** Counting rounds before the first decision. */
  readonly countingRounds: number;
  /** Factor in (0, 1] by which older rounds lose weight with each round; 1 keeps all alike. */
  readonly memory: number;
}

/** What is known of one row; JSON-able. */
export interface RowCount {
  /** Rounds observed. */
  readonly rounds: number;
  /** Σ of weights, of squared weights times variance, and of weights times observation. */
  readonly weight: number;
  readonly variance: number;
  readonly total: number;
  readonly active: boolean;
}

/** A row nobody has counted yet. */
export const UNCOUNTED: RowCount = { rounds: 0, weight: 0, variance: 0, total: 0, active: false };

/** A step's outcome. */
export interface RowDecision {
  readonly rows: readonly RowCount[];
  readonly entered: readonly number[];
  /** Rows to reset to their passage's embedding. */
  readonly left: readonly number[];
}

/** Estimated units of a row and the standard error that the noise leaves. */
export function estimateRow({ weight, variance, total }: RowCount): { units: number; error: number } {
  if (weight === 0) return { units: 0, error: Number.POSITIVE_INFINITY };
  return { units: total / weight, error: Math.sqrt(variance) / weight };
}

/**
 * Takes in one round's noised counts.
 * @param rows C rows; a new row starts as `UNCOUNTED`
 * @param counts C sums over the sampled units, noise included
 * @param deviation standard deviation of that noise
 * @param samplingRate q; count/q estimates the units of a row
 * @throws RangeError for another number of rows or a malformed rule
 */
export function observeRowCounts(
  rows: readonly RowCount[],
  counts: ArrayLike<number>,
  deviation: number,
  samplingRate: number,
  rule: ActiveRowRule,
): RowDecision {
  if (counts.length !== rows.length) {
    throw new RangeError(`counts must have ${rows.length} rows, got ${counts.length}`);
  }
  checkRule(rule);
  const entered: number[] = [];
  const left: number[] = [];
  const next = rows.map((row, i): RowCount => {
    const seen = {
      rounds: row.rounds + 1,
      weight: rule.memory * row.weight + 1,
      variance: rule.memory ** 2 * row.variance + (deviation / samplingRate) ** 2,
      total: rule.memory * row.total + counts[i]! / samplingRate,
      active: row.active,
    };
    if (seen.rounds < rule.countingRounds) return seen;
    const { units, error } = estimateRow(seen);
    const slack = rule.confidence * error;
    if (!row.active && units - slack >= rule.enterAt) {
      entered.push(i);
      return { ...seen, active: true };
    }
    if (row.active && units + slack <= rule.leaveAt) {
      left.push(i);
      return { ...seen, active: false };
    }
    return seen;
  });
  return { rows: next, entered, left };
}

function checkRule({ enterAt, leaveAt, memory, confidence }: ActiveRowRule): void {
  if (!(leaveAt < enterAt)) throw new RangeError(`leaveAt must be below ${enterAt}, got ${leaveAt}`);
  if (!(memory > 0 && memory <= 1)) throw new RangeError(`memory must be in (0, 1], got ${memory}`);
  if (!(confidence >= 0)) throw new RangeError(`confidence must be ≥ 0, got ${confidence}`);
}
