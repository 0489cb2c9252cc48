/** ONNX Runtime's compiled WebAssembly in Node. */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';

/** Reads and compiles the module of the installed onnxruntime-web. */
export async function nodeOrtWasm(): Promise<WebAssembly.Module> {
  const path = createRequire(import.meta.url).resolve('onnxruntime-web/ort-wasm-simd-threaded.wasm');
  // The Workers types leave `compile` out, because Workers cannot.
  const { compile } = WebAssembly as unknown as { compile(bytes: Uint8Array): Promise<WebAssembly.Module> };
  return compile(await readFile(path));
}
