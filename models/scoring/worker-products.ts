/** Products of rows in a Worker and its objects, where WebAssembly cannot be compiled from bytes: one kernel an isolate. */
import type { RowProducts } from '../../shared/retrieval/scores.ts';
import { simdProducts } from './row-products.ts';
import wasm from './row-products.wasm';

export const workerProducts: RowProducts = simdProducts(wasm);
