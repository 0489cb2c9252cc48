/**
 * A training run: count, train, judge. The counting round says how many queries ask for each row; from it follow
 * the active rows and how many rounds one pass over the data takes; the gate at the end decides about publishing.
 */
import type { Sample } from '../protocol/rounds.ts';
import type { TrainingSettings } from '../protocol/settings.ts';

export interface RunPlan {
  /** Rounds that one pass over the data is cut into. */
  parts: number;
  headRounds: number;
  jointRounds: number;
}

/** @param units training units of all regions together, as counted. */
export function planRun(training: TrainingSettings, units: number): RunPlan {
  const parts = training.rounds === 'local' ? 1 : Math.max(1, Math.round(units / training.batch));
  return {
    parts,
    headRounds: Math.round(training.headEpochs * parts),
    jointRounds: Math.round(training.epochs * parts),
  };
}

export function trainRounds(plan: RunPlan): number {
  return plan.headRounds + plan.jointRounds;
}

/** What train round `index` (from 0) of the plan samples; `seed` keys the run's shuffles. */
export function sampleOf(plan: RunPlan, index: number, seed: number): Sample {
  if (plan.parts === 1) return { kind: 'all' };
  const epoch = Math.floor(index / plan.parts);
  return {
    kind: 'part',
    seed: (seed + epoch * 0x9e3779b1) >>> 0,
    part: index % plan.parts,
    parts: plan.parts,
  };
}

/**
 * Which part of a shuffled pass a record belongs to. `place` is the record's own uniform 32-bit number; the mixing
 * (murmur3's finaliser) makes every pass a new shuffle.
 */
export function partOfRecord(place: number, seed: number, parts: number): number {
  let h = (place ^ seed) >>> 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  h = (h ^ (h >>> 16)) >>> 0;
  return Math.floor((h / 2 ** 32) * parts);
}

/** Active rows: at or above the threshold, or still above the lower one when they were active before. */
export function activeRows(
  counts: ArrayLike<number>,
  wasActive: ReadonlySet<number>,
  settings: Pick<TrainingSettings, 'activeThreshold' | 'inactiveThreshold'>,
): number[] {
  const rows: number[] = [];
  for (let row = 0; row < counts.length; row++) {
    const count = counts[row] as number;
    const threshold = wasActive.has(row) ? settings.inactiveThreshold : settings.activeThreshold;
    if (count >= Math.max(threshold, Number.MIN_VALUE)) rows.push(row);
  }
  return rows;
}
