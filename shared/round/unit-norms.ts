/**
 * What one unit may add to a round's vector, by kind of round: coordinator and participants derive it alike, and the
 * ledger's charges rest on it.
 */
import type { RoundSpec } from '../protocol/rounds.ts';
import { figuresNorm } from './figures.ts';
import { GATE_NORM } from './gate-figures.ts';

/** A unit counts once, for its row. */
export const COUNT_NORM = 1;
/** The most that one unit can add to the round's vector, in L2 norm; infinite where nothing bounds it. */
export function unitNorm(spec: RoundSpec): number {
  if (spec.kind === 'count') return COUNT_NORM;
  if (spec.kind === 'gate') return GATE_NORM;
  // A displacement of several local steps is not a sum over units.
  if (spec.local !== null) return Number.POSITIVE_INFINITY;
  const once = Math.hypot(spec.gradientNorm, figuresNorm(spec) * spec.statScale);
  // Whoever stands for others is added as often.
  return spec.sample.kind === 'part' ? once / spec.sample.leastChance : once;
}
