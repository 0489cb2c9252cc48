/**
 * The list of a region's segments. Every search and every change looks at it: it is read from the table once, and again
 * after a write. All lists of a storage share what was read. Invariant: what a transaction takes back was never
 * remembered. After a write the table is read until the present turn of the event loop ends, and no transaction outlasts
 * its turn.
 */
import { emptyings } from '../values.ts';

/** `made`: in the order in which they came to be. */
export const SEGMENT_TABLE = `CREATE TABLE segments (
    made INTEGER PRIMARY KEY, hash TEXT NOT NULL UNIQUE, passages INTEGER NOT NULL, gone INTEGER NOT NULL,
    dead INTEGER NOT NULL, bytes INTEGER NOT NULL
  );`;

export interface SegmentRow extends Record<string, SqlStorageValue> {
  made: number;
  hash: string;
  passages: number;
  gone: number;
  dead: number;
  bytes: number;
}

interface Known {
  rows: readonly SegmentRow[] | null;
  /** How often tables were emptied when it was read. */
  emptied: number;
  /** Whether this turn has written. */
  written: boolean;
}

const known = new WeakMap<DurableObjectStorage, Known>();

export class SegmentList {
  readonly #storage: DurableObjectStorage;
  readonly #known: Known;

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage;
    this.#known = known.get(storage) ?? { rows: null, emptied: 0, written: false };
    known.set(storage, this.#known);
  }

  /** In the order in which they were made. Nobody may change it. */
  all(): readonly SegmentRow[] {
    const emptied = emptyings(this.#storage);
    const { rows, written } = this.#known;
    if (rows !== null && !written && this.#known.emptied === emptied) return rows;
    const read = this.#storage.sql.exec<SegmentRow>('SELECT * FROM segments ORDER BY made').toArray();
    Object.assign(this.#known, { rows: read, emptied });
    return read;
  }

  insert({ hash, passages, gone, bytes }: Pick<SegmentRow, 'hash' | 'passages' | 'gone' | 'bytes'>): void {
    const query = 'INSERT INTO segments (hash, passages, gone, dead, bytes) VALUES (?, ?, ?, 0, ?)';
    this.#write(query, [hash, passages, gone, bytes]);
  }

  delete(hash: string): void {
    this.#write('DELETE FROM segments WHERE hash = ?', [hash]);
  }

  /** So many more passages of a segment are superseded. */
  bury(hash: string, passages: number): void {
    this.#write('UPDATE segments SET dead = dead + ? WHERE hash = ?', [passages, hash]);
  }

  #write(query: string, bindings: SqlStorageValue[]): void {
    this.#storage.sql.exec(query, ...bindings);
    if (this.#known.written) return;
    this.#known.written = true;
    queueMicrotask(() => {
      this.#known.rows = null;
      this.#known.written = false;
    });
  }
}
