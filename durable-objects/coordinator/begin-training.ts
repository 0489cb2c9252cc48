/**
 * Sets up what trains: at the beginning of a run, and once more where documents that were kept out of it learn, too. Which
 * are kept out, and for what: shared/round/kept-out.ts.
 */
import { principalDirections } from '../../shared/privacy/principal-directions.ts';
import type { Parameters } from '../../shared/protocol/parameters.ts';
import type { GateRound } from '../../shared/protocol/rounds.ts';
import { type CollectionSettings, phasesOf } from '../../shared/protocol/settings.ts';
import type { TrainingPhase } from '../../shared/protocol/training-settings.ts';
import { priorOffset } from '../../shared/retrieval/prior-offset.ts';
import { gateFigures } from '../../shared/round/gate-figures.ts';
import { chooseOffset, keptOut } from '../../shared/round/kept-out.ts';
import { newOptimiserState, type OptimiserState } from '../../shared/round/optimiser.ts';
import { movingLength } from '../../shared/round/release.ts';
import {
  planRun,
  positionOf,
  type RunPlan,
  trainRounds,
  withWholeHead,
} from '../../shared/round/run-plan.ts';
import type { SumApplierDeps } from './apply-sum.ts';
import { fixedRows, startParameters } from './parameters.ts';
import { type ActiveRun, type KeptOut, type LearningRow, nextRound } from './run-store.ts';
import { contentsOf } from './training-state.ts';
import { servingOf } from './versions.ts';

/** @param learns rows in ascending order, with the units that ask for each */
export async function beginTraining(
  run: ActiveRun,
  units: number,
  learns: readonly LearningRow[],
  deps: SumApplierDeps,
): Promise<void> {
  const { runs, versions, settings, context, storage, now } = deps;
  const counted = { units, activeRows: learns.length, members: deps.participants().length };
  const planned = planRun(phasesOf(settings), counted, settings.adapter);
  if (trainRounds(planned) === 0) {
    deps.fail(run, 'the settings ask for no train round: training.phases have no passes');
    return;
  }
  const whole = run.noise === null ? withWholeHead(planned) : null;
  const out = whole === null ? null : keptOutOf(run, learns, deps);
  const plan = whole === null || out === null ? planned : whole;
  const kept = new Set(out?.rows.map(({ row }) => row));
  const first = learns.filter(({ row }) => !kept.has(row));
  // What learned from documents that are kept out now would find them otherwise than what never did.
  const before = out === null ? versions.parameters(run.base, context.model.width) : null;
  const setUp = await setUpFor({ ...run, plan }, first, before, deps);
  if (runs.active()?.run !== run.run) return;
  storage.transactionSync(() => {
    setUp();
    runs.plan(run.run, run.index + trainRounds(plan) + (out === null ? 2 : 3));
    runs.save(run, { ended_at: now() });
    runs.save({ ...nextRound(run), stage: 'train', units, plan, ...(out !== null && { keptOut: out }) });
  });
}

/** Null where the share of rows alone says the offset: there is none to find, one was found before, or few could say. */
function keptOutOf(
  { base, seed }: ActiveRun,
  learns: readonly LearningRow[],
  { rows, versions, context }: SumApplierDeps,
): KeptOut | null {
  const version = versions.get(base);
  if (version !== null && servingOf(version).offset !== null) return null;
  const passages = rows.liveCount();
  const { inactiveOffset, temperature } = context;
  const prior = priorOffset(inactiveOffset, passages - learns.length, passages, temperature);
  if (prior <= 0) return null;
  const items = rows.itemsOf(learns.map(({ row }) => row));
  const out = keptOut([...new Set(items.values())], seed);
  if (out.size === 0) return null;
  return { documents: out.size, prior, rows: learns.filter(({ row }) => out.has(items.get(row) ?? '')) };
}

/** Uses what documents that were kept out said of offsets; from here on they learn. May be repeated until it is saved. */
export async function letAllLearn(
  run: ActiveRun,
  spec: GateRound,
  sum: Float64Array,
  deps: SumApplierDeps,
): Promise<void> {
  const { runs, rows, versions, storage, state, now } = deps;
  const { keptOut: out, candidate } = run;
  if (out === undefined) throw new RangeError('the documents that the run kept out are gone');
  const offset = chooseOffset(gateFigures(sum, spec).tried, out.documents, out.prior);
  const before = state.parameters();
  const counts = state.counts();
  const standing = rows.standing(out.rows.map(({ row }) => row));
  const learns = [
    ...Array.from(before.activeRows, (row, at) => ({ row, count: counts?.[at] ?? 0 })),
    ...out.rows.filter(({ row }) => standing.has(row)),
  ].sort((x, y) => x.row - y.row);
  const setUp = await setUpFor(run, learns, before, deps);
  if (runs.active()?.run !== run.run) return;
  const { keptOut: _, ...rest } = nextRound(run);
  storage.transactionSync(() => {
    setUp();
    runs.save(run, { ended_at: now() });
    runs.save({ ...rest, stage: 'train', candidate: null, offset });
    if (candidate !== null) versions.forget(candidate);
  });
}

/** What saves parameters, constants and counts for a run's next train round. @param before what rows start from */
async function setUpFor(
  run: ActiveRun,
  learns: readonly LearningRow[],
  before: Parameters | null,
  { rows, settings, context, state }: SumApplierDeps,
): Promise<() => void> {
  const { training, adapter, privacy } = settings;
  const { width } = context.model;
  const { seed, noise, plan } = run;
  if (plan === null) throw new RangeError('the plan of the run is gone');
  const active = learns.map(({ row }) => row);
  const parameters = startParameters({ active, rows, before, adapter, width, seed });
  const kept = noise === null ? null : before;
  const fixed = fixedRows({ active, rows, kept, most: training.fixedRows, width, seed });
  const wanted = noise === null ? 0 : Math.min(privacy.training.projection, width);
  const directions = wanted === 0 ? null : principalDirections(rows.sampleEmbeddings(width), width, wanted);
  const optimiser = optimiserFor(settings, plan, run.trained, parameters);
  const contents = await contentsOf({ fixed, directions });
  return () => {
    state.begin(parameters, { fixed, directions }, contents, optimiser);
    if (noise !== null && privacy.training.smoothing && directions === null)
      state.beginSmoothing(parameters.head);
    // Counts with noise say too little about rows that few asked for.
    if (noise === null) state.saveCounts(Float32Array.from(learns, ({ count }) => count));
  };
}

/** The phase that train round `index` belongs to. */
export function phaseOf(settings: CollectionSettings, plan: RunPlan, index: number): TrainingPhase {
  return phasesOf(settings)[plan.phases[positionOf(plan, index).phase]!.setting]!;
}

/** The optimiser at its beginning, for the phase that train round `index` belongs to. */
export function optimiserFor(
  settings: CollectionSettings,
  plan: RunPlan,
  index: number,
  parameters: Parameters,
): OptimiserState {
  const { train } = plan.phases[positionOf(plan, index).phase]!;
  return newOptimiserState(phaseOf(settings, plan, index).optimiser.kind, movingLength(train, parameters));
}
