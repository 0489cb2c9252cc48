/** An adapter as inputs of the graph, which was built for one kind. */
import type { AdapterSpec } from '../encoder/adapter.ts';
import type { Adapter } from '../engine.ts';
import { checkLength } from './checks.ts';
import type { Feed } from './inference.ts';

/** Number of trainable parameters. */
export function adapterSize(spec: AdapterSpec, width: number): number {
  if (spec.kind === 'none') return 0;
  return spec.kind === 'full' ? width * width : 2 * width * spec.rank;
}

/**
 * Feeds for a graph built for `spec`. No adapter is a zero adapter, E + E·0 = E exactly; in a graph for full ones a
 * low-rank adapter is its product, E + E·(U·V), which embeds alike to rounding and has no gradients of U and V. Throws a
 * TypeError when the adapter is of another kind and a RangeError when it has another size.
 */
export function adapterFeeds(
  adapter: Adapter | null,
  spec: AdapterSpec,
  width: number,
): Record<string, Feed> {
  if (spec.kind === 'none') {
    if (adapter !== null && adapter.kind !== 'none') throw mismatch(adapter.kind, spec.kind);
    return {};
  }
  if (adapter === null || adapter.kind === 'none') {
    if (spec.kind === 'full') return { adapter_a: matrix(zeros(width * width), width, width) };
    const { rank } = spec;
    return {
      adapter_u: matrix(zeros(width * rank), width, rank),
      adapter_v: matrix(zeros(rank * width), rank, width),
    };
  }
  if (adapter.kind === 'low-rank' && spec.kind === 'full')
    return { adapter_a: matrix(productOf(adapter, width), width, width) };
  if (adapter.kind !== spec.kind) throw mismatch(adapter.kind, spec.kind);
  if (adapter.kind === 'full') {
    checkLength('adapter.a', adapter.a.length, width * width);
    return { adapter_a: matrix(adapter.a, width, width) };
  }
  const { rank, u, v } = adapter;
  checkLength('adapter.rank', rank, (spec as { rank: number }).rank);
  checkLength('adapter.u', u.length, width * rank);
  checkLength('adapter.v', v.length, width * rank);
  return { adapter_u: matrix(u, width, rank), adapter_v: matrix(v, rank, width) };
}

type LowRank = Adapter & { kind: 'low-rank' };

/** Made once an adapter: every query of a collection has the same. */
const products = new WeakMap<LowRank, Float32Array>();

/** U·V, [width, width]. */
function productOf(adapter: LowRank, width: number): Float32Array {
  const known = products.get(adapter);
  if (known !== undefined) return known;
  const { rank, u, v } = adapter;
  checkLength('adapter.u', u.length, width * rank);
  checkLength('adapter.v', v.length, width * rank);
  const product = new Float32Array(width * width);
  for (let row = 0; row < width; row++) {
    const out = product.subarray(row * width, (row + 1) * width);
    for (let k = 0; k < rank; k++) {
      const factor = u[row * rank + k]!;
      for (let column = 0; column < width; column++) out[column]! += factor * v[k * width + column]!;
    }
  }
  products.set(adapter, product);
  return product;
}

/** Inputs are copied and never written: one zero adapter serves every query. A new one each time is 0.6 MB of garbage. */
let zeroAdapter = new Float32Array(0);

function zeros(length: number): Float32Array {
  if (zeroAdapter.length < length) zeroAdapter = new Float32Array(length);
  return zeroAdapter.subarray(0, length);
}

const matrix = (data: Float32Array, rows: number, columns: number): Feed => ({
  data,
  shape: [rows, columns],
});
const mismatch = (given: string, built: string) =>
  new TypeError(`adapter.kind is '${given}', this engine was opened for '${built}'`);
