/** The figures that ride along in a train round, as coordinates of the vector: nothing of them travels in clear. */

/** Figures that ride along in a train round: sum of losses (each at most 20, divided by it), right answers, units. */
export const STATS = 3;
export const LOSS_CAP = 20;

/** Every unit's figures are multiplied by this, so that their sum stays inside the ring for `units` units. */
export function statScale(gridStep: number, units: number): number {
  return Math.min(1, (2 ** 29 * gridStep) / Math.max(1, units));
}
