/**
 * The Engine over a runtime: checks requests, packs them into microbatches, runs these in turns, and adds up in
 * float64. A runtime that failed is dropped; the next call starts another.
 */
import type { AdapterSpec } from '../encoder/adapter.ts';
import type {
  Adapter,
  Engine,
  GradientRequest,
  GradientSums,
  HeadGradientRequest,
  HeadObjective,
  UnitStats,
} from '../engine.ts';
import { equalParts, type Microbatch, packMicrobatches, textsAtOnce } from '../pack.ts';
import type { TextRole, Tokenizer } from '../tokenizer/tokenizer.ts';
import { adapterFeeds, adapterSize } from './adapter-feeds.ts';
import type { Batcher } from './batcher.ts';
import { checkHead, checkHeadSums, checkIds, checkLength, checkRows } from './checks.ts';
import type { EncoderRuntime, Objective, Parameters, TokenBatch } from './encoder-runtime.ts';
import { EngineError } from './engine-error.ts';
import type { FeedData } from './inference.ts';
import type { Priority, RunQueue } from './run-queue.ts';
import type { SingleFlight } from './single-flight.ts';

export interface EncoderEngineDeps {
  info: Engine['info'];
  vocabulary: number;
  adapter: AdapterSpec;
  microbatchTokens: number;
  tokenizer: Tokenizer;
  runtimes: SingleFlight<EncoderRuntime>;
  start: (beat: () => void) => Promise<EncoderRuntime>;
  queue: RunQueue;
  batcher: Batcher<Int32Array, Float32Array>;
}

/** Stands for the base encoder among adapters. */
const BASE = {};

/** A cosine so far below all others that it has neither probability nor gradient. */
const LEFT_OUT = -1e9;
/** Queries of one head-only microbatch: enough to amortise the work that is done once a row … */
const HEAD_BATCH = { least: 64, most: 256 };
/** … and no more scores than this beyond the least, for they stay in memory several times over. */
const HEAD_SCORES = 65_536;

export class EncoderEngine implements Engine {
  readonly info: Engine['info'];
  readonly #deps: EncoderEngineDeps;

  constructor(deps: EncoderEngineDeps) {
    this.info = deps.info;
    this.#deps = deps;
  }

  tokenize(text: string, role: TextRole): Int32Array {
    return this.#deps.tokenizer.encode(text, role);
  }

  countTokens(text: string): number {
    return this.#deps.tokenizer.count(text);
  }

  knows(text: string): boolean {
    return this.#deps.tokenizer.knows(text);
  }

  memory(): { wasmBytes: number } {
    return { wasmBytes: this.#deps.runtimes.value?.wasmBytes ?? 0 };
  }

  async embed(
    ids: Int32Array[],
    adapter: Adapter | null = null,
    options: { priority?: Priority } = {},
  ): Promise<Float32Array> {
    const { width } = this.info;
    checkIds(ids, this.info.maxTokens, this.#deps.vocabulary);
    const parameters = adapterFeeds(adapter, this.#deps.adapter, width);
    const priority = options.priority ?? 'interactive';
    const [first] = ids;
    if (ids.length === 1 && priority === 'interactive') return this.#query(first!, adapter, parameters);
    const result = new Float32Array(ids.length * width);
    await this.#run(
      priority,
      this.#pack(ids).map((microbatch) => (runtime) => {
        runtime.embed(tokenBatch(ids, microbatch), parameters, (queries) =>
          scatter(queries, microbatch.members, width, result),
        );
      }),
    );
    return result;
  }

  /** One query, together with others that wait. */
  async #query(ids: Int32Array, adapter: Adapter | null, parameters: Parameters): Promise<Float32Array> {
    const { microbatchTokens, batcher } = this.#deps;
    const { length } = ids;
    const group = {
      key: adapter === null || adapter.kind === 'none' ? BASE : adapter,
      kind: length,
      limit: textsAtOnce(length, microbatchTokens),
    };
    await this.#runtime();
    return batcher.join(ids, group, (texts) => {
      const { width } = this.info;
      const members = [...texts.keys()];
      const results = texts.map(() => new Float32Array(width));
      this.#guarded((runtime) =>
        runtime.embed(tokenBatch(texts, { members, length }), parameters, (queries) => {
          for (const [at, result] of results.entries())
            result.set(queries.subarray(at * width, (at + 1) * width));
        }),
      );
      return results;
    });
  }

  async gradient(request: GradientRequest, sums: GradientSums): Promise<UnitStats> {
    if (request.adapter.kind === 'none') return this.#gradientWithoutAdapter(request, sums);
    const { width } = this.info;
    const { units } = request;
    const ids = units.map((unit) => unit.ids);
    const objective = this.#objective(request, request.clip);
    checkIds(ids, this.info.maxTokens, this.#deps.vocabulary);
    checkRows(
      units.map((unit) => unit.row),
      request.active.length,
    );
    const parameters = adapterFeeds(request.adapter, this.#deps.adapter, width);
    checkLength('sums.adapter', sums.adapter.length, adapterSize(this.#deps.adapter, width));
    if (sums.head !== null) checkHeadSums(sums.head, request.active, width);

    const stats = { ...emptyStats(units.length), queries: new Float32Array(units.length * width) };
    await this.#run(
      'background',
      this.#pack(ids).map(({ length, members: all }) =>
        finitely(all, (runtime, members) => {
          const targets = {
            labels: Int32Array.from(members, (index) => units[index]!.row),
            relevant: Float32Array.from(members, (index) => (units[index]!.relevant === false ? 0 : 1)),
            weights: Float32Array.from(members, (index) => units[index]!.weight ?? 1),
          };
          const batch = tokenBatch(ids, { length, members });
          let finite = true;
          runtime.joint(batch, parameters, targets, objective, sums.head !== null, (outputs) => {
            finite = outputs.every(areFinite);
            if (!finite) return;
            const [queries, loss, correct, normAdapter, normHead, head, ...adapter] = outputs;
            scatter(queries!, members, width, stats.queries);
            scatterStats([loss!, correct!, normAdapter!, normHead!], members, stats);
            if (sums.head !== null) addTo(sums.head, 0, head!.subarray(0, sums.head.length));
            let offset = 0;
            for (const part of adapter) offset = addTo(sums.adapter, offset, part);
          });
          return finite;
        }),
      ),
    );
    return stats;
  }

  async headGradient(request: HeadGradientRequest, sums: { head: Float64Array }) {
    const { width } = this.info;
    const { queries, rows, relevant, weights } = request;
    const objective = this.#objective(request, { head: request.clip.head });
    checkLength('queries', queries.length, rows.length * width);
    if (weights !== undefined) checkLength('weights', weights.length, rows.length);
    if (relevant !== undefined) checkLength('relevant', relevant.length, rows.length);
    checkRows(rows, request.active.length);
    checkHeadSums(sums.head, request.active, width);
    const parameters = adapterFeeds(null, this.#deps.adapter, width);
    const stats = emptyStats(rows.length);
    const room = Math.floor(HEAD_SCORES / request.active.length);
    const batch = Math.max(HEAD_BATCH.least, Math.min(HEAD_BATCH.most, room));
    const parts = equalParts([...rows.keys()], batch);
    await this.#run(
      'background',
      parts.map((all) =>
        finitely(all, (runtime, members) => {
          const first = members[0]!;
          const end = first + members.length;
          const targets = {
            labels: rows.slice(first, end),
            relevant: Float32Array.from(members, (index) => relevant?.[index] ?? 1),
            weights: weights?.slice(first, end) ?? new Float32Array(members.length).fill(1),
          };
          const cached = queries.subarray(first * width, end * width);
          let finite = true;
          runtime.headOnly(cached, parameters, targets, objective, (outputs) => {
            finite = outputs.every(areFinite);
            if (!finite) return;
            scatterStats(outputs.slice(0, 4), members, stats);
            addTo(sums.head, 0, outputs[4]!.subarray(0, sums.head.length));
          });
          return finite;
        }),
      ),
    );
    return stats;
  }

  /** Without an adapter a unit's gradient is that of the head, so the encoder's backward pass is not needed. */
  async #gradientWithoutAdapter(request: GradientRequest, sums: GradientSums): Promise<UnitStats> {
    const { units, clip, adapter, ...objective } = request;
    const { head } = sums;
    if (head === null)
      throw new TypeError('sums.head is null where there is no adapter: nothing would learn');
    const ids = units.map((unit) => unit.ids);
    const queries = await this.embed(ids, adapter, { priority: 'background' });
    const limits = [clip.joint, clip.head].filter((limit) => limit !== undefined);
    const stats = await this.headGradient(
      {
        ...objective,
        queries,
        rows: Int32Array.from(units, (unit) => unit.row),
        relevant: Uint8Array.from(units, (unit) => (unit.relevant === false ? 0 : 1)),
        weights: Float32Array.from(units, (unit) => unit.weight ?? 1),
        clip: limits.length === 0 ? {} : { head: Math.min(...limits) },
      },
      { head },
    );
    return { ...stats, queries };
  }

  #pack(ids: readonly Int32Array[]): Microbatch[] {
    const lengths = ids.map((text) => text.length);
    return packMicrobatches(lengths, this.#deps.microbatchTokens);
  }

  #objective(request: HeadObjective, clip: GradientRequest['clip']): Objective {
    checkHead(request, this.info.width, clip);
    const limits = [clip.joint, clip.adapter, clip.head].map((limit) => limit ?? Number.POSITIVE_INFINITY);
    return {
      head: request.head,
      active: Float32Array.from(request.active),
      tau: request.tau,
      margin: request.margin ?? LEFT_OUT,
      clip: Float32Array.from(limits),
    };
  }

  async #run(priority: Priority, steps: ((runtime: EncoderRuntime) => void)[]): Promise<void> {
    await this.#deps.queue.run(
      priority,
      steps.map((step) => async () => {
        await this.#runtime();
        this.#guarded(step);
      }),
    );
  }

  /** Makes sure that a runtime is there. */
  async #runtime(): Promise<void> {
    const { runtimes, start } = this.#deps;
    if (runtimes.value === null) await runtimes.get(start);
  }

  /** Runs a step and drops the runtime when it fails in there. */
  #guarded(step: (runtime: EncoderRuntime) => void): void {
    const { runtimes } = this.#deps;
    const runtime = runtimes.value;
    if (runtime === null)
      throw new EngineError('runtime', 'other work broke the runtime just now; try again');
    try {
      step(runtime);
    } catch (error) {
      if (error instanceof EngineError) runtimes.drop(runtime);
      throw error;
    }
  }
}

function tokenBatch(ids: readonly Int32Array[], { members, length }: Microbatch): TokenBatch {
  const joined = new Int32Array(members.length * length);
  for (const [at, index] of members.entries()) joined.set(ids[index]!, at * length);
  const lengths = new Int32Array(members.length).fill(length);
  return { ids: joined, lengths, shape: [members.length, length] };
}

/**
 * Runs a microbatch; where something of it is not finite, each of its units by itself, so that a unit whose loss or
 * gradient is no number is left out, says nothing, and takes no other with it.
 */
function finitely(
  members: readonly number[],
  run: (runtime: EncoderRuntime, members: number[]) => boolean,
): (runtime: EncoderRuntime) => void {
  return (runtime) => {
    if (run(runtime, [...members]) || members.length === 1) return;
    for (const member of members) run(runtime, [member]);
  };
}

function areFinite(values: FeedData): boolean {
  for (let index = 0; index < values.length; index += 1) {
    if (!Number.isFinite(values[index]!)) return false;
  }
  return true;
}

function emptyStats(count: number): Omit<UnitStats, 'queries'> {
  const [loss, normAdapter, normHead] = Array.from({ length: 3 }, () => new Float32Array(count));
  return { loss: loss!, correct: new Uint8Array(count), normAdapter: normAdapter!, normHead: normHead! };
}

function scatter(values: FeedData, members: readonly number[], width: number, into: Float32Array): void {
  for (const [at, index] of members.entries())
    into.set(values.subarray(at * width, (at + 1) * width), index * width);
}

function scatterStats(
  outputs: readonly FeedData[],
  members: readonly number[],
  stats: Omit<UnitStats, 'queries'>,
): void {
  const targets = [stats.loss, stats.correct, stats.normAdapter, stats.normHead];
  for (const [part, target] of targets.entries()) scatter(outputs[part]!, members, 1, target as Float32Array);
}

/** Adds `values` from `offset` on and returns where they end. */
function addTo(sums: Float64Array, offset: number, values: FeedData): number {
  for (let index = 0; index < values.length; index += 1) sums[offset + index]! += values[index]!;
  return offset + values.length;
}
