/**
 * The list of a region's segments. Every search and every change looks at it: it is read from the table once, and what is
 * written is remembered. All lists of a storage share what was read. Invariant: what a transaction takes back is never
 * remembered. After a write the table is read until the present turn of the event loop ends; no transaction outlasts its
 * turn, and then the rows that were written are compared with what they should be.
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
  /** What this turn has written. */
  written: Written | null;
}

interface Written {
  hashes: Set<string>;
  /** All rows as they are if nothing of it is taken back, by hash. */
  rows: Map<string, SegmentRow>;
}

const known = new WeakMap<DurableObjectStorage, Known>();

export class SegmentList {
  readonly #storage: DurableObjectStorage;
  readonly #known: Known;

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage;
    this.#known = known.get(storage) ?? { rows: null, emptied: 0, written: null };
    known.set(storage, this.#known);
  }

  /** In the order in which they were made. Nobody may change it. */
  all(): readonly SegmentRow[] {
    const emptied = emptyings(this.#storage);
    const { rows, written } = this.#known;
    if (rows !== null && written === null && this.#known.emptied === emptied) return rows;
    const read = this.#storage.sql.exec<SegmentRow>('SELECT * FROM segments ORDER BY made').toArray();
    if (written === null) Object.assign(this.#known, { rows: read, emptied });
    return read;
  }

  insert({ hash, passages, gone, bytes }: Pick<SegmentRow, 'hash' | 'passages' | 'gone' | 'bytes'>): void {
    const { rows } = this.#writing(hash);
    const query =
      'INSERT INTO segments (hash, passages, gone, dead, bytes) VALUES (?, ?, ?, 0, ?) RETURNING *';
    rows.set(hash, this.#storage.sql.exec<SegmentRow>(query, hash, passages, gone, bytes).one());
  }

  delete(hash: string): void {
    const { rows } = this.#writing(hash);
    this.#storage.sql.exec('DELETE FROM segments WHERE hash = ?', hash);
    rows.delete(hash);
  }

  /** So many more passages of a segment are superseded. */
  bury(hash: string, passages: number): void {
    const { rows } = this.#writing(hash);
    this.#storage.sql.exec('UPDATE segments SET dead = dead + ? WHERE hash = ?', passages, hash);
    const row = rows.get(hash);
    if (row !== undefined) rows.set(hash, { ...row, dead: row.dead + passages });
  }

  #writing(hash: string): Written {
    const known = this.#known;
    if (known.written === null) {
      const rows = new Map(this.all().map((row) => [row.hash, row]));
      known.written = { hashes: new Set(), rows };
      queueMicrotask(() => this.#settle());
    }
    known.written.hashes.add(hash);
    return known.written;
  }

  /** The turn is over. */
  #settle(): void {
    const { written, emptied } = this.#known;
    const isKept = written !== null && emptied === emptyings(this.#storage) && this.#stands(written);
    const rows = isKept ? [...written.rows.values()].sort((a, b) => a.made - b.made) : null;
    Object.assign(this.#known, { rows, written: null });
  }

  /** Whether what was written was not taken back. */
  #stands({ hashes, rows }: Written): boolean {
    try {
      return Array.from(hashes).every((hash) => {
        const query = 'SELECT * FROM segments WHERE hash = ?';
        const there = this.#storage.sql.exec<SegmentRow>(query, hash).toArray()[0];
        const due = rows.get(hash);
        return there?.made === due?.made && there?.dead === due?.dead;
      });
    } catch {
      // The storage is gone, or being emptied.
      return false;
    }
  }
}
