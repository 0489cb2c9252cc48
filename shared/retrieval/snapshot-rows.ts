/**
 * Which row of a snapshot is a passage's: a table of row numbers by hash, made when the first search by words asks and
 * kept with the snapshot. Eight bytes a row at most, where a map of strings takes a hundred.
 */
import type { Snapshot } from '../protocol/snapshot.ts';

export class SnapshotRows {
  readonly #snapshot: Snapshot;
  /** Row plus one by place, 0 where a place is free; at least half of them are. */
  readonly #table: Uint32Array;

  constructor(snapshot: Snapshot) {
    this.#snapshot = snapshot;
    const { items, ordinals } = snapshot;
    let size = 16;
    while (size < 2 * items.length) size *= 2;
    this.#table = new Uint32Array(size);
    for (const [row, item] of items.entries()) {
      let place = this.#place(item, ordinals[row]!);
      while (this.#table[place] !== 0) place = (place + 1) & (size - 1);
      this.#table[place] = row + 1;
    }
  }

  /** -1 of a passage without a row. */
  find(item: string, ordinal: number): number {
    const { items, ordinals } = this.#snapshot;
    for (let place = this.#place(item, ordinal); ; place = (place + 1) & (this.#table.length - 1)) {
      const row = this.#table[place]! - 1;
      if (row < 0 || (items[row] === item && ordinals[row] === ordinal)) return row;
    }
  }

  /** FNV-1a over the key's code units, then the ordinal. */
  #place(item: string, ordinal: number): number {
    let hash = 0x811c9dc5;
    for (let i = 0; i < item.length; i++) hash = Math.imul(hash ^ item.charCodeAt(i), 0x01000193);
    hash = Math.imul(hash ^ ordinal, 0x01000193);
    return (hash ^ (hash >>> 15)) & (this.#table.length - 1);
  }
}

const made = new WeakMap<Snapshot, SnapshotRows>();

export function rowsOf(snapshot: Snapshot): SnapshotRows {
  const known = made.get(snapshot) ?? new SnapshotRows(snapshot);
  made.set(snapshot, known);
  return known;
}
