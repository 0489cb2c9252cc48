/** Modules without types of their own; session.ts gives the first its real type. */
declare module 'onnxruntime-web/ort-wasm-simd-threaded.mjs' {
  const start: (options: object) => Promise<unknown>;
  export default start;
}

declare module '*.wasm' {
  const wasm: WebAssembly.Module;
  export default wasm;
}
