/** The figures that ride along in a train round, as coordinates of the vector: nothing of them travels in clear. */
import { CLIP_INDICATOR_NORM } from '../privacy/adaptive-clipping.ts';
import type { TrainRound } from '../protocol/rounds.ts';

/** Figures of every train round: sum of losses (each at most 20, divided by it), right answers, units. */
const STATS = 3;
export const LOSS_CAP = 20;

/** A fourth figure where the clip norm adapts: ±½ a unit, whether its gradient needed no clipping. */
type Figured = Pick<TrainRound, 'adaptiveClip'>;

/** How many figures ride along. */
export function figuresOf({ adaptiveClip }: Figured): number {
  return adaptiveClip ? STATS + 1 : STATS;
}

/** The L2 norm that a unit's figures may have before they are scaled: at most one each, the last at most one half. */
export function figuresNorm({ adaptiveClip }: Figured): number {
  return Math.hypot(Math.sqrt(STATS), adaptiveClip ? CLIP_INDICATOR_NORM : 0);
}

/** Every unit's figures are multiplied by this, so that their sum stays inside the ring for `units` units. */
export function statScale({ gridStep, bits }: Pick<TrainRound, 'gridStep' | 'bits'>, units: number): number {
  return Math.min(1, (2 ** (bits - 3) * gridStep) / Math.max(1, units));
}
