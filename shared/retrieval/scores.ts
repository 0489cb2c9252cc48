/** Exact scoring of a query against every row of a snapshot, and the choice of the best. */
import type { Snapshot } from '../protocol/snapshot.ts';

export interface RowScore {
  row: number;
  /** Cosine, plus the snapshot's offset where the row never learned. */
  score: number;
}

/** `Σ query_i · row_i` of each of the `sums.length` rows, which lie one after another. Query: the rows' width. */
export type RowProducts = (rows: Int8Array, query: Float32Array, sums: Float64Array) => void;

/** In plain JavaScript, wherever the Worker's kernel is not at hand. */
export const plainProducts: RowProducts = (rows, query, sums) => {
  const width = query.length;
  for (let row = 0, at = 0; row < sums.length; row++) {
    // Four accumulators break the dependency chain of one.
    let a = 0;
    let b = 0;
    let c = 0;
    let d = 0;
    const end = at + (width & ~3);
    let i = 0;
    for (; at < end; at += 4, i += 4) {
      a += query[i]! * rows[at]!;
      b += query[i + 1]! * rows[at + 1]!;
      c += query[i + 2]! * rows[at + 2]!;
      d += query[i + 3]! * rows[at + 3]!;
    }
    for (; i < width; i++, at++) a += query[i]! * rows[at]!;
    sums[row] = a + b + (c + d);
  }
};

/** Sums of the search before: half a megabyte of garbage less for every query. */
let scratch = new Float64Array(0);

/** Cosines of all rows with the query: a unit vector, width floats. */
export function rowCosines(snapshot: Snapshot, query: Float32Array, products = plainProducts): Float32Array {
  const { rows, scales } = snapshot;
  const { width, rows: count } = snapshot.header;
  if (query.length !== width)
    throw new RangeError(`query: ${query.length} floats where the width is ${width}`);
  if (scratch.length < count) scratch = new Float64Array(count);
  const sums = scratch.subarray(0, count);
  products(rows, query, sums);
  const cosines = new Float32Array(count);
  for (let row = 0; row < count; row++) cosines[row] = sums[row]! * scales[row]!;
  return cosines;
}

/** Scores of all rows: their cosines, plus `inactiveOffset` for rows that never learned. */
export function scoreRows(snapshot: Snapshot, query: Float32Array, products = plainProducts): Float32Array {
  const { active, header } = snapshot;
  const scores = rowCosines(snapshot, query, products);
  if (header.inactiveOffset === 0) return scores;
  for (let row = 0; row < scores.length; row++) if (!active[row]) scores[row]! += header.inactiveOffset;
  return scores;
}

/** The `k` best of `scores`, best first; equal scores in order of rows. */
export function best(scores: Float32Array, k: number): RowScore[] {
  const heap: RowScore[] = [];
  if (k <= 0) return heap;
  const worse = (x: RowScore, y: RowScore) => x.score < y.score || (x.score === y.score && x.row > y.row);
  for (let row = 0; row < scores.length; row++) {
    const score = scores[row]!;
    // Rows come in order: an equal score is worse.
    if (heap.length === k && score <= (heap[0] as RowScore).score) continue;
    const entry = { row, score };
    if (heap.length < k) {
      heap.push(entry);
      for (let i = heap.length - 1; i > 0; ) {
        const parent = (i - 1) >> 1;
        if (!worse(heap[i] as RowScore, heap[parent] as RowScore)) break;
        [heap[i], heap[parent]] = [heap[parent] as RowScore, heap[i] as RowScore];
        i = parent;
      }
    } else {
      heap[0] = entry;
      for (let i = 0; ; ) {
        const left = 2 * i + 1;
        if (left >= k) break;
        const right = left + 1;
        const child = right < k && worse(heap[right] as RowScore, heap[left] as RowScore) ? right : left;
        if (!worse(heap[child] as RowScore, heap[i] as RowScore)) break;
        [heap[i], heap[child]] = [heap[child] as RowScore, heap[i] as RowScore];
        i = child;
      }
    }
  }
  return heap.sort((x, y) => y.score - x.score || x.row - y.row);
}
