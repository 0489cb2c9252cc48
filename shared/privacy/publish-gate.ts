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

/** Is the candidate served? A statistic that is no number never publishes. */
export function passesGate({ winsMinusLosses, deviation }: GateStatistic, rule: GateRule): boolean {
  return winsMinusLosses >= rule.margin + rule.confidence * deviation;
}
