/** The six figures of a gate round, in the order of its coordinates: what participants add up, and what is read of it. */
export const GATE_FIGURES = ['wins', 'losses', 'units', 'candidate', 'serving', 'mips'] as const;

/**
 * Held-out units that the candidate alone answered right, that the serving version alone did, all of them; and those that
 * candidate, serving version and plain search answered right.
 */
export type GateFigures = Record<(typeof GATE_FIGURES)[number], number>;

/** @throws RangeError when the sum is of another length */
export function gateFigures(sum: Float64Array): GateFigures {
  if (sum.length !== GATE_FIGURES.length)
    throw new RangeError(`gate: ${GATE_FIGURES.length} figures are due, got ${sum.length}`);
  return Object.fromEntries(GATE_FIGURES.map((name, at) => [name, sum[at]!])) as GateFigures;
}

/** What one unit of this weight adds. */
export function addToGate(
  sum: Float64Array,
  weight: number,
  found: { candidate: boolean; serving: boolean; mips: boolean },
): void {
  const { candidate, serving, mips } = found;
  const figures: Record<keyof GateFigures, boolean> = {
    wins: candidate && !serving,
    losses: serving && !candidate,
    units: true,
    ...{ candidate, serving, mips },
  };
  GATE_FIGURES.forEach((name, at) => {
    if (figures[name]) sum[at]! += weight;
  });
}
