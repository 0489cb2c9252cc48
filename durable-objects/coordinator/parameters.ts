/** Where a run starts: what the serving version learned, and the passages' own embeddings for what is new. */
import type { Parameters } from '../../shared/protocol/parameters.ts';
import { adapterSize } from '../../shared/protocol/snapshot.ts';
import type { AdapterSettings } from '../../shared/protocol/training-settings.ts';
import type { RowTable } from './row-table.ts';

export function startParameters(options: {
  /** Active rows in ascending order. */
  active: readonly number[];
  rows: RowTable;
  before: Parameters | null;
  adapter: AdapterSettings;
  width: number;
  seed: number;
}): Parameters {
  const { active, rows, before, adapter, width, seed } = options;
  const length = adapterSize(adapter, width);
  const head = rows.embeddings(active, width);
  const learned = new Map(Array.from(before?.activeRows ?? [], (row, index) => [row, index]));
  active.forEach((row, index) => {
    const old = learned.get(row);
    if (old !== undefined && before !== null)
      head.set(before.head.subarray(old * width, (old + 1) * width), index * width);
  });
  const flat =
    before?.adapter.length === length ? before.adapter.slice() : freshAdapter(adapter, width, seed);
  return { activeRows: Uint32Array.from(active), adapter: flat, head };
}

/**
 * What a run learned together with what earlier ones did: a row that learned stays so until its passage changes (which
 * gives it another number) or goes. @param standing rows that still are there
 */
export function withKept(
  learned: Parameters,
  before: Parameters | null,
  standing: ReadonlySet<number>,
  width: number,
): Parameters {
  const places = new Map<number, { head: Float32Array; at: number }>();
  for (const { activeRows, head } of before === null ? [learned] : [before, learned]) {
    activeRows.forEach((row, at) => {
      if (head === learned.head || standing.has(row)) places.set(row, { head, at });
    });
  }
  const activeRows = Uint32Array.from(places.keys()).sort();
  const head = new Float32Array(activeRows.length * width);
  activeRows.forEach((row, index) => {
    const from = places.get(row)!;
    head.set(from.head.subarray(from.at * width, (from.at + 1) * width), index * width);
  });
  return { activeRows, adapter: learned.adapter, head };
}

/**
 * Vectors of rows that do not learn, [rows, width]: at most `most`, chosen by a hash under the run's seed. Of those that
 * stay as they learned before, what they learned.
 */
export function fixedRows(options: {
  active: readonly number[];
  rows: Pick<RowTable, 'numbers' | 'embeddings'>;
  /** What is kept of earlier runs; null: nothing. */
  kept: Parameters | null;
  most: number;
  width: number;
  seed: number;
}): Float32Array {
  const { rows, kept, most, width, seed } = options;
  const active = new Set(options.active);
  const chosen: { row: number; order: number }[] = [];
  for (const { row } of rows.numbers()) {
    if (!active.has(row)) chosen.push({ row, order: Math.imul(row ^ seed, 0x9e3779b1) >>> 0 });
  }
  chosen.sort((x, y) => x.order - y.order || x.row - y.row);
  const fixed = chosen.slice(0, most).map(({ row }) => row);
  const vectors = rows.embeddings(fixed, width);
  const places = new Map(Array.from(kept?.activeRows ?? [], (row, at) => [row, at]));
  fixed.forEach((row, index) => {
    const at = places.get(row);
    if (at !== undefined) vectors.set(kept!.head.subarray(at * width, (at + 1) * width), index * width);
  });
  return vectors;
}

/** `E·U·V` starts at nothing: V zero, U Gaussian with variance 1/width (mulberry32 and Box–Muller from the seed). */
function freshAdapter(adapter: AdapterSettings, width: number, seed: number): Float32Array {
  const flat = new Float32Array(adapterSize(adapter, width));
  if (adapter.kind !== 'low-rank') return flat;
  let state = seed >>> 0;
  const uniform = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return (((t ^ (t >>> 14)) >>> 0) + 0.5) / 2 ** 32;
  };
  for (let i = 0; i < width * adapter.rank; i++) {
    flat[i] = Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform()) * Math.sqrt(1 / width);
  }
  return flat;
}
