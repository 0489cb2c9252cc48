/**
 * A training run: count, train, judge. The counting round says how many queries ask for each row; from it follow the
 * active rows, what learns in each phase, and how many rounds one pass over the data takes; the gate at the end decides
 * about publishing. The rules are the same for all data.
 */
import type { Sample, TrainRound } from '../protocol/rounds.ts';
import type { TrainingPhase } from '../protocol/training-settings.ts';

export interface PlannedPhase {
  /** Which phase of the settings it is. */
  setting: number;
  /** Whether documents that were kept out of the run learn from here on. */
  whole: boolean;
  /** What its rounds send. */
  train: TrainRound['train'];
  /** Units that a round of one step should see; null for rounds of local steps. */
  batch: number | null;
  /** Rounds that one pass over the data is cut into. */
  parts: number;
  rounds: number;
  /** Factor on the learning rates. */
  rates: number;
}

export interface RunPlan {
  /** One entry for every phase of the settings; behind them those that come once more, see `withWholeHead`. */
  phases: PlannedPhase[];
}

/** What is known when a run is planned. */
export interface Counted {
  /** Training units of all participants together, as released. */
  units: number;
  activeRows: number;
  members: number;
}

/** Where a train round stands in its run. */
export interface Position {
  /** Index of the phase in the plan. */
  phase: number;
  /** Train rounds of the phase before this one, and of the phase in all. */
  step: number;
  steps: number;
  parts: number;
}

/** Passes where the settings do not say: of rounds of one step, of those in which rows stay, and of local epochs. */
const PASSES = 5;
const RESTING_PASSES = 3;
const LOCAL_PASSES = 12;
/** Units a round that the default learning rates were found with: never fewer … */
const LEAST_BATCH = 256;
/** … and more where it takes them to give each participant some tens of microbatches, since they fill better … */
const UNITS_A_MEMBER = 128;
/** … up to where steps would be longer than any that were tried. */
const MOST_BATCH = 2048;

/** Units that a round of one step should see where the settings do not say. */
export function batchOf(members: number): number {
  return Math.min(MOST_BATCH, Math.max(LEAST_BATCH, UNITS_A_MEMBER * members));
}

/** Factor on the rates: the spread of a mean over n units falls as √n, and with it what a step may be (Krizhevsky 2014). */
export function ratesOf(units: number): number {
  return Math.sqrt(Math.max(units, LEAST_BATCH) / LEAST_BATCH);
}

/**
 * Whether rows stay where they are while the adapter learns: a round that sees fewer units than there are rows has too
 * little to say of each for what sending them takes.
 */
export function rowsStay(activeRows: number, batch: number): boolean {
  return activeRows > batch;
}

export function planRun(
  phases: readonly TrainingPhase[],
  counted: Counted,
  adapter: { kind: string } = { kind: 'full' },
): RunPlan {
  return {
    phases: phases.map((phase, index) => {
      const { parts, batch, rates } = partsOf(phase, counted);
      // What never gets a phase of its own learns here.
      const later = phases.slice(index + 1).some(({ passes }) => passes !== 0);
      const rest = later && batch !== null && rowsStay(counted.activeRows, batch);
      const joint = rest ? ('adapter' as const) : ('adapter-and-head' as const);
      const headOnly = phase.train === 'head' || adapter.kind === 'none';
      const train = headOnly ? ('head' as const) : joint;
      const usual = batch === null ? LOCAL_PASSES : train === 'adapter' ? RESTING_PASSES : PASSES;
      const rounds = Math.round((phase.passes ?? usual) * parts);
      return { setting: index, whole: false, train, batch, parts, rounds, rates };
    }),
  };
}

/**
 * The plan with the head's rounds of local steps once more, in which documents learn that the first ones kept out; null
 * where it has none: rounds of one step would cost as much again.
 */
export function withWholeHead({ phases }: RunPlan): RunPlan | null {
  const heads = phases.filter(({ train, batch, rounds }) => train === 'head' && batch === null && rounds > 0);
  if (heads.length === 0) return null;
  return { phases: [...phases, ...heads.map((phase) => ({ ...phase, whole: true }))] };
}

/** Whether train round `index` is the first of those in which documents learn that were kept out. */
export function beginsWhole(plan: RunPlan, index: number): boolean {
  if (index >= trainRounds(plan)) return false;
  const { phase, step } = positionOf(plan, index);
  return step === 0 && plan.phases[phase]!.whole && plan.phases[phase - 1]?.whole === false;
}

function partsOf(phase: TrainingPhase, counted: Counted) {
  if (phase.rounds === 'local') return { parts: 1, batch: null, rates: 1 };
  const batch = phase.batch ?? batchOf(counted.members);
  const parts = Math.max(1, Math.round(counted.units / batch));
  const rates = phase.batch === null ? ratesOf(counted.units / parts) : 1;
  return { parts, batch, rates };
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

/** How often adapter and rows have moved before train round `index`. */
export function movesBefore(plan: RunPlan, index: number): { adapter: number; rows: number } {
  const moves = { adapter: 0, rows: 0 };
  let first = 0;
  for (const { train, rounds } of plan.phases) {
    const done = Math.max(0, Math.min(rounds, index - first));
    if (train !== 'head') moves.adapter += done;
    if (train !== 'adapter') moves.rows += done;
    first += rounds;
  }
  return moves;
}

/**
 * What a train round without noise samples; `seed` keys the shuffles of the run.
 * @param leastChance of a unit of the part to take part in it
 */
export function sampleOf({ phase, step, parts }: Position, seed: number, leastChance: number): Sample {
  if (parts === 1) return { kind: 'all' };
  const pass = 1000 * phase + Math.floor(step / parts);
  const key = (seed + Math.imul(pass, 0x9e3779b1)) >>> 0;
  return { kind: 'part', seed: key, part: step % parts, parts, leastChance };
}

/** A bijection of 32-bit numbers that leaves nothing of their order (murmur3's finaliser). */
export function mix(value: number): number {
  let h = value >>> 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/**
 * Where in a shuffled pass of `parts` parts a record stands, from 0 up to `parts`: its whole part says in which, and the
 * rest is uniform whatever that is. `place` is the record's own uniform 32-bit number; the mixing makes every pass a new
 * shuffle.
 */
export function spotInPass(place: number, seed: number, parts: number): number {
  return (mix(place ^ seed) / 2 ** 32) * parts;
}
