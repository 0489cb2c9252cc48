/** The compiled kernel in a Worker, where WebAssembly cannot be compiled from bytes. */
import wasm from './row-products.wasm';

export const rowProductsWasm: WebAssembly.Module = wasm;
