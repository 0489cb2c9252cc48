/**
 * One ONNX session inside a runtime, with synchronous runs: feeds are copied into the WASM heap, results are read
 * from it before they are released. Any failure of a run leaves the runtime unusable and says so.
 */
import { EngineError } from './engine-error.ts';
import type { ExternalData, OrtModule } from './ort-module.ts';

/** Feeds by element type (`TensorProto.DataType`). */
export type FeedData = Float32Array | Int32Array;
export interface Feed {
  readonly data: FeedData;
  readonly shape: readonly number[];
}
const FLOAT = 1;
const INT32 = 6;
const CPU = 1;
const ALL_OPTIMISATIONS = 99;

/** ONNX Runtime's settings: nothing that trades memory for speed, since none of them brought any. */
const SETTINGS = {
  'session.use_ort_model_bytes_directly': '1',
  'session.disable_prepacking': '1',
};

export interface External {
  readonly location: string;
  readonly data: ExternalData;
}

export class InferenceSession {
  readonly #module: OrtModule;
  readonly #handle: number;
  readonly #names = new Map<string, number>();

  /** Throws an EngineError: `artifact-invalid` when the model is refused, `out-of-memory` when it does not fit. */
  constructor(module: OrtModule, onnx: Uint8Array, externals: readonly External[]) {
    this.#module = module;
    this.#handle = guarded(module, 'artifact-invalid', () => {
      const model = allocate(module, onnx.length);
      module.HEAPU8.set(onnx, model);
      const options = module._OrtCreateSessionOptions(
        ALL_OPTIMISATIONS, false, false, 0, false, 0, this.#name('fedcar'), 3, 0, 0,
      ); // biome-ignore format: positional
      for (const [key, value] of Object.entries(SETTINGS)) {
        check(module, module._OrtAddSessionConfigEntry(options, this.#name(key), this.#name(value)));
      }
      for (const { location, data } of externals) module.mountExternalData(location, data);
      try {
        const handle = module._OrtCreateSession(model, onnx.length, options);
        if (handle === 0) check(module, 1);
        return handle;
      } finally {
        module.unmountExternalData();
        module._OrtReleaseSessionOptions(options);
        module._free(model);
      }
    });
  }

  /**
   * Runs the graph and hands `read` the wanted outputs as views of the WASM heap, valid during that call only.
   * Throws an EngineError `out-of-memory` or `runtime`; the session is unusable then.
   */
  run<T>(
    feeds: Readonly<Record<string, Feed>>,
    wanted: readonly string[],
    read: (outputs: readonly FeedData[]) => T,
  ): T {
    const module = this.#module;
    return guarded(module, 'runtime', () => {
      const names = Object.keys(feeds);
      const buffers: number[] = [];
      const tensors: number[] = [];
      const stack = module.stackSave();
      try {
        const inputNames = module.stackAlloc(4 * names.length);
        const inputs = module.stackAlloc(4 * names.length);
        const outputNames = module.stackAlloc(4 * wanted.length);
        const outputs = module.stackAlloc(4 * wanted.length);
        for (const [index, name] of names.entries()) {
          const tensor = this.#tensor(feeds[name]!, buffers);
          tensors.push(tensor);
          module.HEAPU32[inputs / 4 + index] = tensor;
          module.HEAPU32[inputNames / 4 + index] = this.#name(name);
        }
        for (const [index, name] of wanted.entries()) {
          module.HEAPU32[outputs / 4 + index] = 0;
          module.HEAPU32[outputNames / 4 + index] = this.#name(name);
        }
        const { length } = wanted;
        check(
          module,
          module._OrtRun(this.#handle, inputNames, inputs, names.length, outputNames, length, outputs, 0),
        );
        const results = wanted.map((_, index) => module.HEAPU32[outputs / 4 + index]!);
        tensors.push(...results);
        return read(results.map((tensor) => this.#view(tensor)));
      } finally {
        for (const tensor of tensors) module._OrtReleaseTensor(tensor);
        for (const buffer of buffers) module._free(buffer);
        module.stackRestore(stack);
      }
    });
  }

  #tensor({ data, shape }: Feed, buffers: number[]): number {
    const module = this.#module;
    const pointer = allocate(module, data.byteLength);
    buffers.push(pointer);
    module.HEAPU8.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), pointer);
    const dims = module.stackAlloc(4 * shape.length);
    for (const [index, size] of shape.entries()) module.HEAPU32[dims / 4 + index] = size;
    const type = data instanceof Int32Array ? INT32 : FLOAT;
    const tensor = module._OrtCreateTensor(type, pointer, data.byteLength, dims, shape.length, CPU);
    if (tensor === 0) check(module, 1);
    return tensor;
  }

  #view(tensor: number): FeedData {
    const module = this.#module;
    const stack = module.stackSave();
    try {
      const at = module.stackAlloc(16);
      check(module, module._OrtGetTensorData(tensor, at, at + 4, at + 8, at + 12));
      const [type, data, dims, rank] = module.HEAPU32.subarray(at / 4, at / 4 + 4) as unknown as number[];
      let size = 1;
      for (let axis = 0; axis < rank!; axis += 1) size *= module.HEAPU32[dims! / 4 + axis]!;
      module._OrtFree(dims!);
      const heap = module.HEAPU8.buffer;
      if (type === FLOAT) return new Float32Array(heap, data!, size);
      if (type === INT32) return new Int32Array(heap, data!, size);
      throw new TypeError(`an output has element type ${type}, float32 or int32 is expected`);
    } finally {
      module.stackRestore(stack);
    }
  }

  /** A C string that lives as long as the runtime. */
  #name(text: string): number {
    const known = this.#names.get(text);
    if (known !== undefined) return known;
    const bytes = this.#module.lengthBytesUTF8(text) + 1;
    const pointer = allocate(this.#module, bytes);
    this.#module.stringToUTF8(text, pointer, bytes);
    this.#names.set(text, pointer);
    return pointer;
  }
}

function allocate(module: OrtModule, bytes: number): number {
  const pointer = module._malloc(Math.max(bytes, 1));
  if (pointer === 0) throw new EngineError('out-of-memory', `no room for ${bytes} bytes in the WASM memory`);
  return pointer;
}

/** Throws what ONNX Runtime says about a failed call. */
function check(module: OrtModule, code: number): void {
  if (code === 0) return;
  const stack = module.stackSave();
  try {
    const at = module.stackAlloc(8);
    module._OrtGetLastError(at, at + 4);
    const text = module.HEAPU32[at / 4 + 1]!;
    throw new Error(text === 0 ? `error ${code}` : module.UTF8ToString(text));
  } finally {
    module.stackRestore(stack);
  }
}

/** Turns whatever a call into the runtime throws into an EngineError; running out of memory has many faces. */
function guarded<T>(module: OrtModule, code: 'artifact-invalid' | 'runtime', call: () => T): T {
  try {
    return call();
  } catch (cause) {
    if (cause instanceof EngineError) throw cause;
    const text = cause instanceof Error ? cause.message : String(cause);
    const megabytes = Math.round(module.HEAPU8.buffer.byteLength / 1e6);
    if (/bad_alloc|out of memory|OOM|allocate memory|Failed to allocate/i.test(text)) {
      throw new EngineError('out-of-memory', `the engine ran out of memory at ${megabytes} MB: ${text}`, {
        cause,
      });
    }
    throw new EngineError(code, `ONNX Runtime: ${text}`, { cause });
  }
}
