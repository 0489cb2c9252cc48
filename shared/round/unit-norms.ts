/**
 * What one unit may add to a round's vector, by kind of round: coordinator and participants derive it alike, and the
 * ledger's charges rest on it.
 */
import type { RoundSpec } from '../protocol/rounds.ts';
import { figuresNorm } from './figures.ts';
import { GATE_FIGURES } from './gate-figures.ts';

/** A unit counts once, for its row. */
export const COUNT_NORM = 1;
/**
 * A held-out unit counts as one, and for each of three retrievers that finds it; for a win or a loss where exactly one of
 * candidate and serving version does. So at most four coordinates are 1: [0, 0, 1, 1, 1, 1] or [1, 0, 1, 1, 0, 1]. A unit
 * of several records is a mean of such vectors.
 */
export const GATE_NORM = 2;
/** Coordinates of a gate round. */
export const GATE_DIMENSION = GATE_FIGURES.length;

/** The most that one unit can add to the round's vector, in L2 norm; infinite where nothing bounds it. */
export function unitNorm(spec: RoundSpec): number {
  if (spec.kind === 'count') return COUNT_NORM;
  if (spec.kind === 'gate') return GATE_NORM;
  // A displacement of several local steps is not a sum over units.
  if (spec.local !== null) return Number.POSITIVE_INFINITY;
  return Math.hypot(spec.gradientNorm, figuresNorm(spec) * spec.statScale);
}
