/** ONNX Runtime's compiled WebAssembly in Node. */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';

let compiled: Promise<WebAssembly.Module> | undefined;

/** The module of the installed onnxruntime-web, read and compiled once in a process. */
export function nodeOrtWasm(): Promise<WebAssembly.Module> {
  compiled ??= compileInstalled();
  return compiled;
}

async function compileInstalled(): Promise<WebAssembly.Module> {
  const path = createRequire(import.meta.url).resolve('onnxruntime-web/ort-wasm-simd-threaded.wasm');
  // The Workers types leave `compile` out, because Workers cannot.
  const { compile } = WebAssembly as unknown as { compile(bytes: Uint8Array): Promise<WebAssembly.Module> };
  return compile(await readFile(path));
}
