/**
 * Starts ONNX Runtime, in workerd and in Node: one instance of its WebAssembly module with its own memory, so that
 * an instance that ran out of memory can be dropped and replaced. Everything after the start is synchronous; no
 * promise of one request is ever awaited by another. This is the only importer of onnxruntime-web.
 */
import startOrt from 'onnxruntime-web/ort-wasm-simd-threaded.mjs';
import { EngineError } from './session/engine-error.ts';
import { limitMemory } from './session/memory-limit.ts';
import type { OrtModule, OrtModuleArguments } from './session/ort-module.ts';

const LOG_ERRORS = 3;

export interface RuntimeOptions {
  /** The compiled ort-wasm-simd-threaded.wasm. Workers cannot compile it themselves: they import it. */
  wasm: WebAssembly.Module;
  /** Upper limit of the WASM memory; an allocation beyond it fails with an EngineError `out-of-memory`. */
  maximumWasmBytes: number;
}

export async function startRuntime(options: RuntimeOptions): Promise<OrtModule> {
  let failure: unknown;
  const settings: OrtModuleArguments = {
    numThreads: 1,
    instantiateWasm: (imports, done) => {
      limitMemory(imports, options.maximumWasmBytes);
      WebAssembly.instantiate(options.wasm, imports).then(
        (instance) => done(instance, options.wasm),
        (error) => {
          failure = error;
        },
      );
      return {};
    },
  };
  const module = (await withoutNodeGlobals(() => startOrt(settings))) as OrtModule;
  if (failure !== undefined)
    throw new EngineError('runtime', 'ONNX Runtime did not start', { cause: failure });
  if (module._OrtInit(1, LOG_ERRORS) !== 0) throw new EngineError('runtime', 'ONNX Runtime did not start');
  return module;
}

/**
 * In workerd `process` exists without a file system; ONNX Runtime's loader decides by it, in its synchronous
 * beginning, whether to read files.
 */
function withoutNodeGlobals<T>(start: () => T): T {
  if ((globalThis as { navigator?: { userAgent?: string } }).navigator?.userAgent !== 'Cloudflare-Workers')
    return start();
  const scope = globalThis as unknown as { process: unknown };
  const { process } = scope;
  scope.process = undefined;
  try {
    return start();
  } finally {
    scope.process = process;
  }
}
