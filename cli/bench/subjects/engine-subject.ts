/**
 * What `fedcar bench engine` measures, the same inside workerd and inside Node: it does so much of a kind of work when
 * told to, and whoever tells it takes the time, because clocks stand still inside a Worker.
 */
import { type Engine, openEngine } from '../../../models/engine.ts';
import type { ArtifactSource } from '../../../models/manifest.ts';
import { encodeModel } from '../../../models/onnx/encode.ts';
import { InferenceSession } from '../../../models/session/inference.ts';
import { startRuntime } from '../../../models/session.ts';

export type Command =
  | { do: 'load'; microbatchTokens: number }
  | { do: 'embed'; texts: number; tokens: number; times: number }
  | { do: 'train'; texts: number; tokens: number; rows: number; times: number }
  | { do: 'matmul'; times: number }
  | { do: 'snapshots'; rows: number };

export interface Held {
  wasmBytes: number;
  snapshots: number;
}

/** Rows, inner size and columns of the product that sets the limit. */
export const PRODUCT = [256, 384, 1536] as const;

interface Snapshot {
  head: Int8Array;
  scales: Float32Array;
  adapter: Float32Array;
}

export class EngineSubject {
  readonly #source: ArtifactSource;
  readonly #wasm: WebAssembly.Module;
  #engine: Engine | null = null;
  #multiply: (() => void) | null = null;
  #snapshots: Snapshot[] = [];

  constructor(source: ArtifactSource, wasm: WebAssembly.Module) {
    this.#source = source;
    this.#wasm = wasm;
  }

  /** Does the work and answers with what is held afterwards. */
  async perform(command: Command): Promise<Held> {
    if (command.do === 'load') {
      const { microbatchTokens } = command;
      const options = { source: this.#source, wasm: this.#wasm, microbatchTokens };
      this.#engine = await openEngine({ ...options, adapter: { kind: 'full' } });
    } else if (command.do === 'embed') {
      const ids = texts(command.texts, command.tokens);
      for (let time = 0; time < command.times; time += 1) await this.#loaded().embed(ids);
    } else if (command.do === 'train') {
      await this.#train(command);
    } else if (command.do === 'matmul') {
      this.#multiply ??= await product(this.#wasm);
      for (let time = 0; time < command.times; time += 1) this.#multiply();
    } else if (command.do === 'snapshots') {
      this.#snapshots = [1, 2].map((value) => snapshot(command.rows, this.#loaded().info.width, value));
    }
    return { wasmBytes: this.#engine?.memory().wasmBytes ?? 0, snapshots: this.#snapshots.length };
  }

  async #train({ texts: count, tokens, rows, times }: Command & { do: 'train' }): Promise<void> {
    const engine = this.#loaded();
    const { width } = engine.info;
    const units = texts(count, tokens).map((ids, index) => ({ ids, row: index % rows }));
    const head = Float32Array.from({ length: rows * width }, (_, index) => ((index * 7919) % 257) / 128 - 1);
    const adapter = { kind: 'full' as const, a: new Float32Array(width * width) };
    const sums = { adapter: new Float64Array(width * width), head: new Float64Array(rows * width) };
    const active = new Uint8Array(rows).fill(1);
    for (let time = 0; time < times; time += 1) {
      await engine.gradient({ units, adapter, head, active, tau: 20, clip: { joint: 1 } }, sums);
    }
  }

  #loaded(): Engine {
    if (this.#engine === null) throw new TypeError('load the engine first');
    return this.#engine;
  }
}

/** Texts of exactly so many tokens, all different. */
function texts(count: number, tokens: number): Int32Array[] {
  return Array.from({ length: count }, (_, text) =>
    Int32Array.from({ length: tokens }, (_, token) => 1000 + ((text * 131 + token * 977) % 28_000)),
  );
}

/** A version's head in int8 with a scale a row, and its adapter, as a Worker holds them. */
function snapshot(rows: number, width: number, value: number): Snapshot {
  return {
    head: new Int8Array(rows * width).fill(value),
    scales: new Float32Array(rows).fill(value),
    adapter: new Float32Array(width * width).fill(value),
  };
}

/** ONNX Runtime's fp32 product, in a runtime of its own so that the engine's memory stays what it is. */
async function product(wasm: WebAssembly.Module): Promise<() => void> {
  const [rows, inner, columns] = PRODUCT;
  const value = (name: string, shape: number[]) => ({ name, dtype: 'float32' as const, shape });
  const session = new InferenceSession(
    await startRuntime({ wasm, maximumWasmBytes: 64 * 1024 * 1024 }),
    encodeModel({
      name: 'product',
      nodes: [{ operator: 'MatMul', domain: '', inputs: ['a', 'b'], outputs: ['c'], attributes: {} }],
      initializers: [],
      inputs: [value('a', [rows, inner]), value('b', [inner, columns])],
      outputs: [value('c', [rows, columns])],
    }),
    [],
  );
  const a = { data: new Float32Array(rows * inner).fill(0.5), shape: [rows, inner] };
  const b = { data: new Float32Array(inner * columns).fill(0.25), shape: [inner, columns] };
  return () => session.run({ a, b }, ['c'], () => {});
}
