/**
 * Products of a query with int8 rows by WebAssembly's SIMD (scripts/build-row-products.mjs), exact: the query becomes
 * integers of 31 bits in two int16 halves, more than its floats hold, and everything after that is integer arithmetic.
 * Rows are copied into the kernel's memory a piece at a time, so that a snapshot lies in memory once and the kernel's
 * memory never grows.
 */
import { plainProducts, type RowProducts } from '../../shared/retrieval/scores.ts';

// Offsets in the kernel's memory, in bytes.
const HIGH = 0;
const LOW = 4096;
const SUMS = 8192;
const ROWS = 16_384;
const ROWS_BYTES = 262_144;
/** What the kernel's memory takes, always. */
export const KERNEL_BYTES = 5 * 65_536;
/** Results that fit between SUMS and ROWS. */
const MAX_PIECE = 1024;
/** Four lanes of int32 hold the sums of so many products of int16 and int8. */
const MAX_WIDTH = 2048;
const HALF = 32_768;
/** Largest integer whose halves are int16. */
const LARGEST = 32_767 * HALF;

interface Kernel {
  memory: WebAssembly.Memory;
  products(at: number, count: number, width: number, high: number, low: number, out: number): void;
}

/** @param module the compiled row-products.wasm */
export function simdProducts(module: WebAssembly.Module): RowProducts {
  const { memory, products } = new WebAssembly.Instance(module).exports as unknown as Kernel;
  const high = new Int16Array(memory.buffer, HIGH, MAX_WIDTH);
  const low = new Int16Array(memory.buffer, LOW, MAX_WIDTH);
  const results = new Float64Array(memory.buffer, SUMS, MAX_PIECE);
  const space = new Int8Array(memory.buffer, ROWS, ROWS_BYTES);
  return (rows, query, sums) => {
    const width = query.length;
    let largest = 0;
    for (const value of query) largest = Math.max(largest, Math.abs(value));
    if (width % 8 !== 0 || width > MAX_WIDTH || !(largest > 0) || largest === Number.POSITIVE_INFINITY) {
      return plainProducts(rows, query, sums);
    }
    const factor = LARGEST / largest;
    for (let i = 0; i < width; i++) {
      const value = Math.round(query[i]! * factor);
      high[i] = Math.round(value / HALF);
      low[i] = value - high[i]! * HALF;
    }
    const piece = Math.min(MAX_PIECE, Math.floor(ROWS_BYTES / width));
    for (let from = 0; from < sums.length; from += piece) {
      const count = Math.min(piece, sums.length - from);
      space.set(rows.subarray(from * width, (from + count) * width));
      products(ROWS, count, width, HIGH, LOW, SUMS);
      for (let i = 0; i < count; i++) sums[from + i] = results[i]! / factor;
    }
  };
}
