/**
 * The engine: embeds texts and sums clipped gradients with a frozen encoder, an adapter and a cosine head, in Workers
 * and in Node alike. Work is cut into microbatches; background work yields after each. A unit's results do not
 * depend on what shares its microbatch. After a failure inside ONNX Runtime the next call starts a new runtime.
 */
import type { AdapterSpec } from './encoder/adapter.ts';
import type { Lowering } from './graph/emitter.ts';
import type { ArtifactSource } from './manifest.ts';
import { type Artifact, readArtifact } from './session/artifact.ts';
import { Batcher } from './session/batcher.ts';
import { EncoderEngine } from './session/encoder-engine.ts';
import { EncoderRuntime } from './session/encoder-runtime.ts';
import { EngineError } from './session/engine-error.ts';
import { type Priority, RunQueue } from './session/run-queue.ts';
import { SingleFlight } from './session/single-flight.ts';
import { openTokenizer, type TextRole } from './tokenizer/tokenizer.ts';

/** `a` [width, width]; `u` [width, rank] and `v` [rank, width]; row-major. */
export type Adapter =
  | { kind: 'none' }
  | { kind: 'full'; a: Float32Array }
  | { kind: 'low-rank'; rank: number; u: Float32Array; v: Float32Array };

/** One record: its tokens, the row it is about, and its multiplicity after clipping (1 unless given). */
export interface TrainUnit {
  ids: Int32Array;
  row: number;
  /** Whether the row answers it (unless given) or does not. */
  relevant?: boolean;
  weight?: number;
}

/**
 * The caller's accumulators, added to: adapter parameters in order (a, or u then v), head [rows, width] or as many rows
 * of it, from the first on, as hold all that learn, or null where the head does not learn.
 */
export interface GradientSums {
  adapter: Float64Array;
  head: Float64Array | null;
}

/** Per unit, in the caller's order; norms are before clipping, `correct` is 1 or 0, `queries` [n, width]. */
export interface UnitStats {
  loss: Float32Array;
  correct: Uint8Array;
  normAdapter: Float32Array;
  normHead: Float32Array;
  queries: Float32Array;
}

/** The objective: rows [rows, width] of any length but zero, a mask of active rows, the factor of the cosine. */
export interface HeadObjective {
  head: Float32Array;
  active: Uint8Array;
  tau: number;
  /** Added to the cosine of rows that are not active, which do not learn; without it they are left out. */
  margin?: number;
}

export interface GradientRequest extends HeadObjective {
  units: TrainUnit[];
  adapter: Adapter;
  /** L2 limits of a unit's gradient; the smallest applicable coefficient counts. Left out: no limit. */
  clip: { joint?: number; adapter?: number; head?: number };
}

export interface HeadGradientRequest extends HeadObjective {
  /** [n, width], as `embed` gives them. */
  queries: Float32Array;
  rows: Int32Array;
  /** 1 where the row answers, 0 where it does not; 1 unless given. */
  relevant?: Uint8Array;
  weights?: Float32Array;
  clip: { head?: number };
}

export interface Engine {
  readonly info: { name: string; width: number; maxTokens: number; sha256: string };
  /** [CLS] prompt text [SEP], at most `maxTokens` ids; the model may want another prompt for a question than for a passage. */
  tokenize(text: string, role: TextRole): Int32Array;
  /** Tokens of a text alone, however many. */
  countTokens(text: string): number;
  /** Whether its vocabulary has the words of a text: of others embeddings say next to nothing. */
  knows(text: string): boolean;
  /** Embeddings [n, width] of length one; without an adapter those of the base encoder. */
  embed(
    ids: Int32Array[],
    adapter?: Adapter | null,
    options?: { priority?: Priority },
  ): Promise<Float32Array>;
  /** Adds clipped gradients of the loss to `sums`. When it rejects, `sums` hold a part of them. */
  gradient(request: GradientRequest, sums: GradientSums): Promise<UnitStats>;
  /** The head's part alone, from cached query embeddings. */
  headGradient(
    request: HeadGradientRequest,
    sums: { head: Float64Array },
  ): Promise<Omit<UnitStats, 'queries'>>;
  memory(): { wasmBytes: number };
}

export interface EngineOptions {
  /** What it reads is the engine's own: the bytes are freed after the load. */
  source: ArtifactSource;
  /** The compiled ONNX Runtime: ort-wasm.ts in a Worker, ort-wasm-node.ts in Node. */
  wasm: WebAssembly.Module;
  /** The kind of adapter that can be trained; texts are embedded with it or with none. */
  adapter: AdapterSpec;
  /** 'int8' for use, 'fp32' for exactness tests. */
  lowering?: Lowering;
  /** Tokens of the largest microbatch. */
  microbatchTokens?: number;
  maximumWasmBytes?: number;
  /** Called after every step of the load. */
  onProgress?: () => void;
}

export const DEFAULT_MICROBATCH_TOKENS = 128;
/** Leaves room for JavaScript in an isolate of 128 MB. */
const DEFAULT_MAXIMUM_WASM_BYTES = 104 * 1024 * 1024;
/** How often a call looks whether another one's load is done, and when it stops believing in it. */
const POLL_MS = 10;
const STALL_MS = 5_000;

/** Loads the model and starts a runtime. Rejects with an EngineError; an engine that is open elsewhere stays as it is. */
export async function openEngine(options: EngineOptions): Promise<Engine> {
  const { source, wasm, adapter, lowering = 'int8' } = options;
  const { microbatchTokens = DEFAULT_MICROBATCH_TOKENS } = options;
  const { maximumWasmBytes = DEFAULT_MAXIMUM_WASM_BYTES } = options;
  if (!Number.isInteger(microbatchTokens) || microbatchTokens < 1) {
    throw new RangeError(`microbatchTokens is ${microbatchTokens}, a positive integer is needed`);
  }
  const progress = options.onProgress ?? (() => {});
  const spec = { wasm, adapter, lowering, maximumWasmBytes };
  let artifact: Artifact | null = await readArtifact(source, progress);
  const { manifest, sha256 } = artifact;
  const tokenizer = openTokenizer(artifact.file('tokenizer.json'), manifest);
  const start = async (beat: () => void) => {
    const read = artifact ?? (await readArtifact(source, beat));
    // The bytes are in the WASM memory from here on: nothing may keep them.
    artifact = null;
    if (read.sha256 !== sha256) {
      throw new EngineError('artifact-hash', 'the model was replaced while the engine was open');
    }
    return EncoderRuntime.start(read, spec);
  };
  const runtimes = new SingleFlight<EncoderRuntime>({ pause, pollMs: POLL_MS, stallMs: STALL_MS });
  await runtimes.get(start);
  progress();
  return new EncoderEngine({
    info: { name: manifest.name, width: manifest.width, maxTokens: manifest.maxTokens, sha256 },
    vocabulary: manifest.vocabulary,
    adapter,
    microbatchTokens,
    tokenizer,
    runtimes,
    start,
    queue: new RunQueue(() => pause(0)),
    batcher: new Batcher(() => pause(0)),
  });
}

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
