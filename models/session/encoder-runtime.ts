/**
 * The encoder's graph in a running session: one microbatch at a time, synchronously. Inputs and outputs are those of
 * encoder/build-model.ts.
 */

import { freeBuffer } from '../../shared/free-buffer.ts';
import type { AdapterSpec } from '../encoder/adapter.ts';
import { buildModel, MODES } from '../encoder/build-model.ts';
import type { Lowering } from '../graph/emitter.ts';
import { startRuntime } from '../session.ts';
import type { Artifact } from './artifact.ts';
import { EngineError } from './engine-error.ts';
import { type Feed, type FeedData, InferenceSession } from './inference.ts';
import type { OrtModule } from './ort-module.ts';

export interface RuntimeSpec {
  wasm: WebAssembly.Module;
  adapter: AdapterSpec;
  lowering: Lowering;
  maximumWasmBytes: number;
}

/** Texts of one length. */
export interface TokenBatch {
  ids: Int32Array;
  lengths: Int32Array;
  /** [B, S] */
  shape: readonly [number, number];
}

export interface Objective {
  head: Float32Array;
  active: Float32Array;
  tau: number;
  margin: number;
  clip: Float32Array;
}

/** What the units of a batch ask for, all [B]. */
export interface Targets {
  labels: Int32Array;
  /** 1: the label answers, 0: it does not. */
  relevant: Float32Array;
  weights: Float32Array;
}

export type Parameters = Readonly<Record<string, Feed>>;
export const STATS = ['loss', 'correct', 'norm_adapter', 'norm_head'] as const;

export class EncoderRuntime {
  readonly #module: OrtModule;
  readonly #session: InferenceSession;
  readonly #width: number;
  readonly #gradients: readonly string[];

  private constructor(
    module: OrtModule,
    session: InferenceSession,
    width: number,
    gradients: readonly string[],
  ) {
    this.#module = module;
    this.#session = session;
    this.#width = width;
    this.#gradients = gradients;
  }

  /** Throws an EngineError. The artifact's bytes are freed. */
  static async start(artifact: Artifact, spec: RuntimeSpec): Promise<EncoderRuntime> {
    try {
      return await EncoderRuntime.#start(artifact, spec);
    } finally {
      artifact.release();
    }
  }

  static async #start(artifact: Artifact, spec: RuntimeSpec): Promise<EncoderRuntime> {
    const { manifest } = artifact;
    const model = describe(() => buildModel({ manifest, adapter: spec.adapter, lowering: spec.lowering }));
    const module = await startRuntime(spec);
    let made: Uint8Array | null = null;
    const externals = model.externals.map((weight) => ({
      location: weight.name,
      data: {
        byteLength: weight.byteLength,
        subarray(start: number, end: number) {
          // The last tensor has been copied; if it was made for the session (transposed), it is of no more use.
          if (made !== null) freeBuffer(made);
          const bytes = weight.bytes(artifact.file);
          made = weight.files.some((name) => artifact.file(name).buffer === bytes.buffer) ? null : bytes;
          return bytes.subarray(start, end);
        },
      },
    }));
    const session = new InferenceSession(module, model.onnx, externals);
    const gradients = model.outputs.map(({ name }) => name).filter((name) => name.startsWith('grad_adapter'));
    return new EncoderRuntime(module, session, manifest.width, gradients);
  }

  get wasmBytes(): number {
    return this.#module.HEAPU8.buffer.byteLength;
  }

  /** Hands over query embeddings [B, width]. */
  embed(batch: TokenBatch, parameters: Parameters, read: (queries: FeedData) => void): void {
    const feeds = { ...this.#feeds(MODES.embed, batch.shape[0]), ...tokenFeeds(batch), ...parameters };
    this.#session.run(feeds, ['queries'], ([queries]) => read(queries!));
  }

  /**
   * Hands over queries, the four statistics and the adapter's gradient, part by part; first the head's [C, width], which
   * is empty where the head stays.
   */
  joint(
    batch: TokenBatch,
    parameters: Parameters,
    targets: Targets,
    objective: Objective,
    headLearns: boolean,
    read: (outputs: readonly FeedData[]) => void,
  ): void {
    const feeds = {
      ...this.#feeds(headLearns ? MODES.joint : MODES.adapterOnly, batch.shape[0]),
      ...tokenFeeds(batch),
      ...parameters,
      ...this.#objectiveFeeds(targets, objective),
    };
    this.#session.run(feeds, ['queries', ...STATS, 'grad_head', ...this.#gradients], read);
  }

  /** Hands over the four statistics and the head's gradient [C, width]. */
  headOnly(
    cached: Float32Array,
    parameters: Parameters,
    targets: Targets,
    objective: Objective,
    read: (outputs: readonly FeedData[]) => void,
  ): void {
    const size = targets.labels.length;
    const feeds = {
      ...this.#feeds(MODES.headOnly, size),
      ...parameters,
      cached: { data: cached, shape: [size, this.#width] },
      ...this.#objectiveFeeds(targets, objective),
    };
    this.#session.run(feeds, [...STATS, 'grad_head'], read);
  }

  /** Every input but the adapter's, empty where the mode does not use it. */
  #feeds(mode: number, batchSize: number): Record<string, Feed> {
    const floats = (...shape: number[]): Feed => ({ data: new Float32Array(product(shape)), shape });
    const integers = (...shape: number[]): Feed => ({ data: new Int32Array(product(shape)), shape });
    return {
      mode: { data: Int32Array.of(mode), shape: [] },
      ids: integers(batchSize, 0),
      lengths: { data: new Int32Array(batchSize).fill(1), shape: [batchSize] },
      cached: floats(0, this.#width),
      head: floats(0, this.#width),
      active: floats(0),
      labels: integers(0),
      relevant: floats(0),
      weights: floats(0),
      tau: floats(),
      margin: floats(),
      clip: floats(3),
    };
  }

  #objectiveFeeds(targets: Targets, objective: Objective): Record<string, Feed> {
    const size = targets.labels.length;
    const rows = objective.active.length;
    return {
      head: { data: objective.head, shape: [rows, this.#width] },
      active: { data: objective.active, shape: [rows] },
      labels: { data: targets.labels, shape: [size] },
      relevant: { data: targets.relevant, shape: [size] },
      weights: { data: targets.weights, shape: [size] },
      tau: { data: Float32Array.of(objective.tau), shape: [] },
      margin: { data: Float32Array.of(objective.margin), shape: [] },
      clip: { data: objective.clip, shape: [3] },
    };
  }
}

function tokenFeeds({ ids, lengths, shape }: TokenBatch): Record<string, Feed> {
  return { ids: { data: ids, shape }, lengths: { data: lengths, shape: [shape[0]] } };
}

function product(shape: readonly number[]): number {
  return shape.reduce((size, dim) => size * dim, 1);
}

function describe<T>(build: () => T): T {
  try {
    return build();
  } catch (cause) {
    const detail = cause instanceof Error ? cause.message : String(cause);
    throw new EngineError('artifact-invalid', `the model cannot be built: ${detail}`, { cause });
  }
}
