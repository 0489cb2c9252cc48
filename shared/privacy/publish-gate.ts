/**
 * The publish gate: a candidate is served only if its noised wins minus losses over held-out units reach a margin. One
 * release a run, charged to held-out units.
 */

/** Wins minus losses over the sampled held-out units, after the noise. */
export interface GateStatistic {
  readonly winsMinusLosses: number;
  /** Standard deviation of its noise. */
  readonly deviation: number;
}

/** The collection's settings. */
export interface GateRule {
  /** Wins minus losses that a candidate must reach, in units. */
  readonly margin: number;
  /** Standard deviations of the noise by which it must clear the margin. */
  readonly confidence: number;
}

/**
 * A unit's part in the statistic, in [−1, 1]: the mean over its records of +1 where only the candidate is right, −1 where
 * only the current version is.
 */
export function gateOutcome(
  records: readonly { readonly candidateRight: boolean; readonly currentRight: boolean }[],
): number {
  if (records.length === 0) return 0;
  const sum = records.reduce((s, r) => s + Number(r.candidateRight) - Number(r.currentRight), 0);
  return sum / records.length;
}

/** Is the candidate served? A statistic that is no number never publishes. */
export function passesGate({ winsMinusLosses, deviation }: GateStatistic, rule: GateRule): boolean {
  return winsMinusLosses >= rule.margin + rule.confidence * deviation;
}
