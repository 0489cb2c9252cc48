/** The kernel of models/scoring as Node compiles it. */
import { rowProducts } from '../../scripts/build-row-products.mjs';

export function compiled(): WebAssembly.Module {
  // The Workers types leave the constructor out, because Workers cannot compile.
  const { Module } = WebAssembly as unknown as { Module: new (bytes: Uint8Array) => WebAssembly.Module };
  return new Module(rowProducts());
}
