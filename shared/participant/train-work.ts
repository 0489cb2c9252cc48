/**
 * A participant's part of a train round. A `step` round sums clipped gradients of the loss over the sample at the
 * round's parameters; a `local` round takes several steps of SGD from them and sends its displacement times the
 * number of its units (McMahan et al. 2017, "FederatedAveraging"). Both are sums over participants.
 */
import type { Engine, GradientSums, UnitStats } from '../../models/engine.ts';
import { runOf } from '../certificate/round-log.ts';
import { bytesOf, numbersIn } from '../crypto/bytes.ts';
import { freeBuffer } from '../free-buffer.ts';
import { clipIndicator } from '../privacy/adaptive-clipping.ts';
import { CLIP_SLACK } from '../privacy/clipping.ts';
import { projectRows } from '../privacy/principal-directions.ts';
import type { Parameters } from '../protocol/parameters.ts';
import type { TrainRound } from '../protocol/rounds.ts';
import type { RowProducts } from '../retrieval/scores.ts';
import { figuresOf, LOSS_CAP } from '../round/figures.ts';
import { movingLength } from '../round/release.ts';
import { checkParameters } from './parameter-bounds.ts';
import type { SliceResult } from './participant.ts';
import { adapterOf, type NamedAdapter, namedAdapter, queryEmbeddings } from './query-embeddings.ts';
import type { Errors, Job, ShardRecord, ShardStore, TrainingRecord } from './shard-store.ts';
import type { StateCache } from './state-cache.ts';
import { dropoutSeed, dropTokens } from './token-dropout.ts';
import type { Selection } from './unit-selection.ts';

export interface WorkContext {
  store: ShardStore;
  engine: Engine;
  states: StateCache;
  sliceTokens: number;
  products: RowProducts;
}

/** Records of a slice; null: one that was deleted while the round ran. What is left of the sample still counts. */
type Taken = (ShardRecord & { weight: number }) | null;

/** What work on each of some records costs, in tokens of the encoder. */
type Costs = (ids: Uint32Array, records: readonly (ShardRecord | null)[]) => number[];

const byTokens: Costs = (_, records) => records.map((record) => record?.ids.length ?? 0);

/** The run of records from `cursor` on that fits the slice: at least one. */
export function takeSlice(
  store: ShardStore,
  { ids, weights }: Selection,
  cursor: number,
  sliceTokens: number,
  costsOf: Costs = byTokens,
) {
  const records: Taken[] = [];
  let tokens = 0;
  for (let at = cursor; at < ids.length && tokens < sliceTokens; at += 64) {
    const some = ids.subarray(at, Math.min(ids.length, at + 64));
    const found = store.records(some);
    const costs = costsOf(some, found);
    for (const [index, record] of found.entries()) {
      if (tokens >= sliceTokens) break;
      records.push(record && { ...record, weight: weights[cursor + records.length]! });
      tokens += costs[index]!;
    }
  }
  return { records, tokens };
}

/** Against a head: reading a kept embedding, and products with so many rows, cost as much as a token. */
const KEPT_TOKENS = 2;
const ROWS_A_TOKEN = 2048;

/** For the head alone a question costs the encoder only where its embedding is not kept. */
function headCosts(store: ShardStore, { key }: NamedAdapter, rows: number): Costs {
  const each = Math.max(KEPT_TOKENS, rows / ROWS_A_TOKEN);
  return (ids, records) => {
    const kept = store.cachedEmbeddings(ids, key);
    return records.map((record, index) => {
      if (record === null) return 0;
      return kept[index] === null ? each + record.ids.length : each;
    });
  };
}

/** The selection that a job keeps, so that it is the same after a crash. */
export function keptSelection(store: ShardStore, prefix = ''): Selection | null {
  const ids = store.blob(`${prefix}units`);
  const weights = store.blob(`${prefix}weights`);
  if (ids === null || weights === null) return null;
  return { ids: numbersIn(ids, Uint32Array), weights: numbersIn(weights, Float32Array) };
}

export async function runTraining(job: Job, spec: TrainRound, context: WorkContext): Promise<SliceResult> {
  const { store, engine, states } = context;
  const parameters = await states.parameters(spec, engine.info.width);
  const fixed = await states.floats(spec.fixed);
  checkParameters(spec, parameters, fixed, engine.info.width);
  const rows = new Map(Array.from(parameters.activeRows, (row, index) => [row, index]));
  const kept = keptSelection(store);
  const selection = kept ?? store.sample(spec.sample, rows, spec, runOf(spec.id));
  const units = selection.ids;
  const opening: Record<string, Uint8Array | null> =
    kept === null ? { units: bytesOf(units), weights: bytesOf(selection.weights) } : {};
  const directions =
    spec.directions === null ? null : await states.directions(spec.directions, engine.info.width);
  const split = adapterLength(spec, parameters);
  const length = movingLength(spec.train, parameters) + figuresOf(spec);
  const finished = (sums: Float64Array) => projectHead(spec, sums, split, directions, engine.info.width);
  // A region without data takes part all the same: its zeros hide that it has none.
  if (units.length === 0) {
    return { job: { ...job, units: 0 }, blobs: opening, sum: finished(new Float64Array(length)) };
  }
  // Of a local round the figures alone are summed on the way; what it moved is known at its end.
  const sums = restore(store, 'sums', spec.local === null ? length : figuresOf(spec));

  const named =
    spec.train === 'head' ? await namedAdapter(engine.info, spec.adapter, parameters.adapter) : null;
  const competing = (parameters.head.length + fixed.length) / engine.info.width;
  const costs = named === null ? byTokens : headCosts(store, named, competing);
  const slice = takeSlice(store, selection, job.cursor, context.sliceTokens, costs);
  const next: Job = {
    ...job,
    units: units.length,
    cursor: job.cursor + slice.records.length,
    tokens: job.tokens + slice.tokens,
  };
  const records = slice.records.filter(
    (record) => record?.row != null && rows.has(record.row),
  ) as TrainingRecord[];
  const done = next.cursor >= units.length;
  const queries = named === null ? null : await queryEmbeddings(context, records, named);
  const work = { spec, parameters, fixed, rows, records, queries, sums, context };
  if (spec.local === null) {
    const stats = records.length > 0 ? await accumulate(work) : null;
    return {
      job: next,
      blobs: done ? opening : { ...opening, sums: bytesOf(sums) },
      sum: done ? finished(sums) : null,
      ...(stats !== null && asksAgain(spec) && { errors: errorsOf(records, stats) }),
    };
  }
  const local = await localSteps(work, spec.local);
  if (!done) {
    const state = bytesOf(local.state());
    local.free();
    return { job: next, blobs: { ...opening, sums: bytesOf(sums), local: state }, sum: null };
  }
  const moved = new Float64Array(length);
  displacement(spec, parameters, local.current, units.length, moved);
  moved.set(sums, length - sums.length);
  local.free();
  return { job: next, blobs: opening, sum: finished(moved) };
}

/** The head's part of a sum along the directions only: an L2 norm never grows, and fewer coordinates carry noise. */
function projectHead(
  spec: TrainRound,
  sums: Float64Array,
  split: number,
  directions: Float32Array | null,
  width: number,
): Float64Array {
  if (directions === null || spec.train === 'adapter') return sums;
  const figures = figuresOf(spec);
  const head = projectRows(sums.subarray(split, sums.length - figures), directions, width);
  const projected = new Float64Array(split + head.length + figures);
  projected.set(sums.subarray(0, split));
  projected.set(head, split);
  projected.set(sums.subarray(sums.length - figures), split + head.length);
  return projected;
}

type GradientStats = Pick<UnitStats, 'loss' | 'correct' | 'normAdapter' | 'normHead'>;

interface Work {
  spec: TrainRound;
  parameters: Parameters;
  /** Rows that compete and do not learn, [fixed, width]. */
  fixed: Float32Array;
  /** Row id → index among the active rows. */
  rows: ReadonlyMap<number, number>;
  records: TrainingRecord[];
  /** Where the head learns alone: embeddings [records, width] under the round's adapter. */
  queries: Float32Array | null;
  /** [adapter if it trains, active rows if they do, figures]; of a local round [figures]. */
  sums: Float64Array;
  context: WorkContext;
}

function adapterLength(spec: TrainRound, parameters: Parameters): number {
  return spec.train === 'head' ? 0 : parameters.adapter.length;
}

/** Whether who takes part in later passes goes by what this round sees. */
function asksAgain({ sample }: TrainRound): boolean {
  return sample.kind === 'part' && sample.leastChance < 1;
}

function errorsOf(records: readonly TrainingRecord[], { loss }: GradientStats): Errors {
  return { ids: records.map(({ id }) => id), errors: Array.from(loss, (each) => 1 - Math.exp(-each)) };
}

/** Adds the records' clipped gradients and figures to the sums. */
async function accumulate(work: Work): Promise<GradientStats> {
  const { spec, parameters, fixed, sums, records } = work;
  const split = adapterLength(spec, parameters);
  const head = new Float32Array(parameters.head.length + fixed.length);
  head.set(parameters.head);
  head.set(fixed, parameters.head.length);
  const at = { adapter: parameters.adapter, head };
  const stats = await gradients(work, at, {
    adapter: sums.subarray(0, split),
    head: spec.train === 'adapter' ? null : sums.subarray(split, sums.length - figuresOf(spec)),
  });
  freeBuffer(head);
  addFigures(spec, sums, stats, records);
  return stats;
}

function addFigures(
  spec: TrainRound,
  sums: Float64Array,
  stats: GradientStats,
  records: readonly TrainingRecord[],
): void {
  const at = sums.length - figuresOf(spec);
  let loss = 0;
  let correct = 0;
  let units = 0;
  let unclipped = 0;
  for (const [i, { weight, relevant }] of records.entries()) {
    loss += (weight * Math.min(stats.loss[i]!, LOSS_CAP)) / LOSS_CAP;
    // A row that does not answer is right where it is not the first.
    const first = stats.correct[i]!;
    correct += weight * (relevant ? first : 1 - first);
    units += weight;
    // Of a unit of several records the mean: never more than one half.
    const norm = Math.hypot(
      spec.train === 'head' ? 0 : stats.normAdapter[i]!,
      spec.train === 'adapter' ? 0 : stats.normHead[i]!,
    );
    unclipped += weight * clipIndicator(norm, clipLimit(spec));
  }
  sums[at] = sums[at]! + loss * spec.statScale;
  sums[at + 1] = sums[at + 1]! + correct * spec.statScale;
  sums[at + 2] = sums[at + 2]! + units * spec.statScale;
  if (spec.adaptiveClip) sums[at + 3] = sums[at + 3]! + unclipped * spec.statScale;
}

/** Rounding in fp32 must not carry a unit past the norm. */
function clipLimit(spec: TrainRound): number {
  return spec.gradientNorm * (1 - CLIP_SLACK);
}

/** Where a gradient is taken. The head's rows that learn come first, then those that are fixed. */
interface Point {
  adapter: Float32Array;
  head: Float32Array;
}

/** Clipped gradients of `records` at the given parameters, added to `into`. */
async function gradients(
  work: Work,
  { adapter, head }: Point,
  into: GradientSums,
  { records, queries }: Pick<Work, 'records' | 'queries'> = work,
): Promise<GradientStats> {
  const { spec, parameters, rows, context } = work;
  const { engine } = context;
  const { width } = engine.info;
  const active = new Uint8Array(head.length / width).fill(1, 0, parameters.head.length / width);
  const shared = { head, active, tau: spec.temperature, margin: spec.margin };
  const label = (record: TrainingRecord) => rows.get(record.row) as number;
  const limit = clipLimit(spec);
  if (into.head !== null && queries !== null)
    return await engine.headGradient(
      {
        queries,
        rows: Int32Array.from(records, label),
        relevant: Uint8Array.from(records, ({ relevant }) => (relevant ? 1 : 0)),
        weights: Float32Array.from(records, ({ weight }) => weight),
        clip: { head: limit },
        ...shared,
      },
      { head: into.head },
    );
  return await engine.gradient(
    {
      units: records.map((record) => {
        const ids = dropTokens(record.ids, spec.tokenDropout, dropoutSeed(spec, record));
        return { ids, row: label(record), relevant: record.relevant, weight: record.weight };
      }),
      adapter: adapterOf(spec.adapter, adapter, width),
      clip: into.head === null ? { adapter: limit } : { joint: limit },
      ...shared,
    },
    into,
  );
}

/** SGD with momentum over the slice's records; the state (parameters, then velocities) survives between slices. */
async function localSteps(work: Work, local: NonNullable<TrainRound['local']>) {
  const { spec, parameters, fixed, records, sums, context } = work;
  const split = adapterLength(spec, parameters);
  const length = split + parameters.head.length;
  // The head lies before the fixed rows, as the engine takes it: it would be copied there for every step.
  const values = new Float32Array(length + fixed.length);
  values.set(fixed, length);
  const current = values.subarray(0, length);
  const stored = context.store.blob('local');
  const before = stored === null ? null : numbersIn(stored, Float32Array);
  const velocity = before === null ? new Float32Array(length) : before.subarray(length);
  if (before === null) {
    current.set(parameters.adapter.subarray(0, split));
    current.set(parameters.head, split);
  } else current.set(before.subarray(0, length));
  const gradient = new Float64Array(length);
  // Records come in order of length; a stride makes every step a mixture.
  const stride = Math.ceil(records.length / local.batch);
  for (let step = 0; step < stride; step++) {
    const batch = partOf(work, (index) => index % stride === step);
    const adapter = spec.train === 'head' ? parameters.adapter : current.subarray(0, split);
    const into = { adapter: gradient.subarray(0, split), head: gradient.subarray(split) };
    const stats = await gradients(work, { adapter, head: values.subarray(split) }, into, batch);
    addFigures(spec, sums, stats, batch.records);
    move(current, velocity, gradient, { ...local, batch: batch.records.length });
  }
  freeBuffer(gradient);
  return {
    current,
    state: () => {
      const state = new Float32Array(2 * length);
      state.set(current);
      state.set(velocity, length);
      return state;
    },
    free: () => {
      freeBuffer(values);
      freeBuffer(velocity);
    },
  };
}

/** Some of the records, with their embeddings where those are at hand. */
function partOf(
  { records, queries, context }: Work,
  isIn: (index: number) => boolean,
): Pick<Work, 'records' | 'queries'> {
  const { width } = context.engine.info;
  const places = [...records.keys()].filter(isIn);
  const own = queries && new Float32Array(places.length * width);
  for (const [at, index] of places.entries())
    own?.set(queries!.subarray(index * width, (index + 1) * width), at * width);
  return { records: places.map((index) => records[index]!), queries: own };
}

/** A step of SGD with momentum along a sum of gradients, which is zero afterwards: one pass over what is long. */
function move(
  current: Float32Array,
  velocity: Float32Array,
  gradient: Float64Array,
  { rate, momentum, batch }: { rate: number; momentum: number; batch: number },
): void {
  for (let i = 0; i < current.length; i++) {
    const speed = momentum * velocity[i]! + gradient[i]! / batch;
    velocity[i] = speed;
    current[i] = current[i]! - rate * speed;
    gradient[i] = 0;
  }
}

/** Pseudo-gradient: start minus end, times the number of units that moved it. */
function displacement(
  spec: TrainRound,
  parameters: Parameters,
  current: Float32Array,
  units: number,
  sums: Float64Array,
): void {
  const split = adapterLength(spec, parameters);
  for (let i = 0; i < split; i++) {
    sums[i] = (parameters.adapter[i]! - current[i]!) * units;
  }
  for (let i = 0; i < parameters.head.length; i++) {
    sums[split + i] = (parameters.head[i]! - current[split + i]!) * units;
  }
}

/** The last `length` of the numbers kept: of a local round earlier releases kept zeros before the figures, too. */
function restore(store: ShardStore, name: string, length: number): Float64Array {
  const stored = store.blob(name);
  return stored === null ? new Float64Array(length) : numbersIn(stored, Float64Array).subarray(-length);
}
