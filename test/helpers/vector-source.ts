/** A member's vector of a secure sum that a test has as words. */
import type { VectorSource } from '../../shared/secagg/client-state.ts';

export function vectorSource(vector: Uint32Array): VectorSource {
  return { dimension: vector.length, read: (first, count) => vector.slice(first, first + count) };
}
