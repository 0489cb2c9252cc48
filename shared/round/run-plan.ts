/**
 * A training run: count, train, judge. The counting round says how many queries ask for each row; from it follow
 * the active rows and how many rounds one pass over the data takes; the gate at the end decides about publishing.
 */
import type { Sample } from '../protocol/rounds.ts';
import type { TrainingPhase } from '../protocol/training-settings.ts';

export interface PlannedPhase {
  /** Rounds that one pass over the data is cut into. */
  parts: number;
  rounds: number;
}

export interface RunPlan {
  /** One entry for every phase of the settings. */
  phases: PlannedPhase[];
}

/** Where a train round stands in its run. */
export interface Position {
  /** Index of the phase in the settings. */
  phase: number;
  /** Train rounds of the phase before this one, and of the phase in all. */
  step: number;
  steps: number;
  parts: number;
}

/** @param units training units of all regions together, as counted. */
export function planRun(phases: readonly TrainingPhase[], units: number): RunPlan {
  return { phases: phases.map((phase) => planPhase(phase, units)) };
}

function planPhase(phase: TrainingPhase, units: number): PlannedPhase {
  const parts = phase.rounds === 'local' ? 1 : Math.max(1, Math.round(units / phase.batch));
  return { parts, rounds: Math.round(phase.passes * parts) };
}

export function trainRounds(plan: RunPlan): number {
  return plan.phases.reduce((sum, phase) => sum + phase.rounds, 0);
}

/** Where train round `index` (from 0) stands. @throws RangeError past the end of the plan */
export function positionOf(plan: RunPlan, index: number): Position {
  let step = index;
  for (const [phase, { parts, rounds }] of plan.phases.entries()) {
    if (step < rounds) return { phase, step, steps: rounds, parts };
    step -= rounds;
  }
  throw new RangeError(`train round ${index} is past the ${trainRounds(plan)} of the plan`);
}

/** What a train round samples; `seed` keys the shuffles of the run. */
export function sampleOf({ phase, step, parts }: Position, seed: number): Sample {
  if (parts === 1) return { kind: 'all' };
  const pass = 1000 * phase + Math.floor(step / parts);
  return { kind: 'part', seed: (seed + Math.imul(pass, 0x9e3779b1)) >>> 0, part: step % parts, parts };
}

/** A bijection of 32-bit numbers that leaves nothing of their order (murmur3's finaliser). */
export function mix(value: number): number {
  let h = value >>> 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/**
 * Which part of a shuffled pass a record belongs to. `place` is the record's own uniform 32-bit number; the mixing
 * makes every pass a new shuffle.
 */
export function partOfRecord(place: number, seed: number, parts: number): number {
  return Math.floor((mix(place ^ seed) / 2 ** 32) * parts);
}
