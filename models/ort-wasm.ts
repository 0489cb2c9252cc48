/** ONNX Runtime's compiled WebAssembly in a Worker, where WebAssembly cannot be compiled from bytes. */
import wasm from 'onnxruntime-web/ort-wasm-simd-threaded.wasm';

export const ortWasm: WebAssembly.Module = wasm;
