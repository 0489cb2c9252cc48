/**
 * The rows of a collection: one for every passage, in the order in which regions registered them. A changed text
 * is a new row; numbers are never used again, so that what a row learned can not pass to another passage.
 */
import type { RowEntry } from '../../shared/protocol/rounds.ts';
import type { PassageChange } from '../region/library.ts';
import { Values } from '../values.ts';

export interface LiveRow {
  row: number;
  region: string;
  item: string;
  ordinal: number;
  embedding: Float32Array;
}

/** A row as its region is asked to compare it. */
export interface RegisteredRow {
  row: number;
  item: string;
  ordinal: number;
  hash: string;
}

const LINEAGE = 'lineage';

export class RowTable {
  readonly #storage: DurableObjectStorage;
  readonly #values: Values;
  #counted: { at: number; n: number } | null = null;

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage;
    this.#values = new Values(storage);
  }

  get #sql(): SqlStorage {
    return this.#storage.sql;
  }

  /** Number of the last change. */
  changedAt(): number {
    return this.#values.get<number>('rowsChangedAt') ?? 0;
  }

  /** One more than the largest row number ever given out. */
  size(): number {
    return (this.#sql.exec<{ n: number | null }>('SELECT max(row) AS n FROM rows').one().n ?? -1) + 1;
  }

  /** Counted once for each change: it takes all rows. */
  liveCount(): number {
    const at = this.changedAt();
    if (this.#counted?.at !== at) {
      const { n } = this.#sql.exec<{ n: number }>('SELECT count(*) AS n FROM rows WHERE removed = 0').one();
      this.#counted = { at, n };
    }
    return this.#counted.n;
  }

  /** Names this table. */
  lineage(): string {
    return this.#values.get<string>(LINEAGE) ?? 'first';
  }

  /** From here on row numbers may stand for others than those who mirrored the table have seen. */
  renew(): void {
    this.#values.set(LINEAGE, crypto.randomUUID());
  }

  /** A region's rows that stand, in order, after `after`. */
  of(region: string, after: number, limit: number): RegisteredRow[] {
    return this.#sql
      .exec<{ row: number; item: string; ordinal: number; hash: string }>(
        `SELECT row, item, ordinal, hash FROM rows WHERE region = ? AND removed = 0 AND row > ? ORDER BY row LIMIT ?`,
        region,
        after,
        limit,
      )
      .toArray();
  }

  /** Takes over a region's changes up to `watermark`. May be repeated. */
  register(region: string, changes: readonly PassageChange[], watermark: number): void {
    this.#storage.transactionSync(() => {
      let at = this.changedAt();
      for (const change of changes) {
        const live = this.#sql
          .exec<{ row: number; hash: string; seq: number }>(
            'SELECT row, hash, seq FROM rows WHERE region = ? AND item = ? AND ordinal = ? AND removed = 0',
            region,
            change.item,
            change.ordinal,
          )
          .toArray()[0];
        const same = live?.hash === change.hash;
        // A repeated addition changes nothing. A removal of something else is old news, and so is one that was before
        // the same text came back.
        if (live !== undefined && same !== change.removed) continue;
        if (live !== undefined && change.removed && change.seq <= live.seq) continue;
        if (live !== undefined) {
          at += 1;
          this.#sql.exec(
            'UPDATE rows SET removed = 1, embedding = NULL, changed = ? WHERE row = ?',
            at,
            live.row,
          );
        }
        if (change.removed) continue;
        // After a restore the table may not know where the item lies.
        this.#sql.exec('INSERT OR IGNORE INTO items (key, region) VALUES (?, ?)', change.item, region);
        at += 1;
        this.#sql.exec(
          'INSERT INTO rows (region, item, ordinal, hash, embedding, changed, seq) VALUES (?, ?, ?, ?, ?, ?, ?)',
          region,
          change.item,
          change.ordinal,
          change.hash,
          change.embedding.slice().buffer,
          at,
          change.seq,
        );
      }
      this.#values.set('rowsChangedAt', at);
      this.#sql.exec(
        'INSERT INTO watermarks (region, seq) VALUES (?, ?) ON CONFLICT (region) DO UPDATE SET seq = max(seq, excluded.seq)',
        region,
        watermark,
      );
    });
  }

  /** Up to which of a region's changes the table reflects it. */
  watermark(region: string): number {
    return (
      this.#sql.exec<{ seq: number }>('SELECT seq FROM watermarks WHERE region = ?', region).toArray()[0]
        ?.seq ?? 0
    );
  }

  watermarks(): Record<string, number> {
    return Object.fromEntries(
      this.#sql
        .exec<{ region: string; seq: number }>('SELECT region, seq FROM watermarks')
        .toArray()
        .map(({ region, seq }) => [region, seq]),
    );
  }

  since(after: number, limit: number): RowEntry[] {
    return this.#sql
      .exec<{ row: number; item: string; ordinal: number; region: string; removed: number; changed: number }>(
        'SELECT row, item, ordinal, region, removed, changed FROM rows WHERE changed > ? ORDER BY changed LIMIT ?',
        after,
        limit,
      )
      .toArray()
      .map(({ removed, changed, ...entry }) => ({ ...entry, removed: removed === 1, changedAt: changed }));
  }

  /** UTF-8 bytes of the item keys of all rows that stand. */
  keyBytes(): number {
    const sql = 'SELECT sum(length(CAST(item AS BLOB))) AS n FROM rows WHERE removed = 0';
    return this.#sql.exec<{ n: number | null }>(sql).one().n ?? 0;
  }

  /** Those of `rows` that stand, in order, without their embeddings. */
  named(rows: ArrayLike<number>): Iterable<Omit<LiveRow, 'embedding'>> {
    return this.#sql.exec<Omit<LiveRow, 'embedding'> & Record<string, SqlStorageValue>>(
      `SELECT row, region, item, ordinal FROM rows
       WHERE removed = 0 AND row IN (SELECT value FROM json_each(?)) ORDER BY row`,
      JSON.stringify(Array.from(rows)),
    );
  }

  /** Every row that stands, in order, one at a time. */
  *live(): Generator<LiveRow> {
    for (const row of this.#sql.exec<{
      row: number;
      region: string;
      item: string;
      ordinal: number;
      embedding: ArrayBuffer;
    }>('SELECT row, region, item, ordinal, embedding FROM rows WHERE removed = 0 ORDER BY row')) {
      yield { ...row, embedding: new Float32Array(row.embedding) };
    }
  }

  /** Embeddings of the rows that stand, [rows, width]: of every n-th where there are very many. */
  sampleEmbeddings(width: number, most = 8192): Float32Array {
    const stride = Math.max(1, Math.ceil(this.liveCount() / most));
    const rows = Array.from(this.numbers(), ({ row }) => row).filter((_, index) => index % stride === 0);
    return this.embeddings(rows, width);
  }

  /** Documents that have rows which stand, and where they lie. */
  *documents(): Generator<{ item: string; region: string }> {
    yield* this.#sql.exec<{ item: string; region: string }>(
      'SELECT DISTINCT item, region FROM rows WHERE removed = 0',
    );
  }

  documentCount(): number {
    const documents = 'SELECT DISTINCT item, region FROM rows WHERE removed = 0';
    return this.#sql.exec<{ n: number }>(`SELECT count(*) AS n FROM (${documents})`).one().n;
  }

  /** Rows that stand of these documents, in order. */
  rowsOf(items: readonly string[]): { row: number; item: string }[] {
    const wanted = JSON.stringify(items);
    const query =
      'SELECT row, item FROM rows WHERE removed = 0 AND item IN (SELECT value FROM json_each(?)) ORDER BY row';
    return this.#sql.exec<{ row: number; item: string }>(query, wanted).toArray();
  }

  /** The documents that rows belong or belonged to, by row. */
  itemsOf(rows: ArrayLike<number>): Map<number, string> {
    return this.#itemsWhere('row IN (SELECT value FROM json_each(?))', rows);
  }

  /** The documents of those among `rows` that stand, by row. */
  standing(rows: ArrayLike<number>): Map<number, string> {
    return this.#itemsWhere('removed = 0 AND row IN (SELECT value FROM json_each(?))', rows);
  }

  #itemsWhere(condition: string, rows: ArrayLike<number>): Map<number, string> {
    const found = this.#sql.exec<{ row: number; item: string }>(
      `SELECT row, item FROM rows WHERE ${condition}`,
      JSON.stringify(Array.from(rows)),
    );
    return new Map(Array.from(found, ({ row, item }) => [row, item]));
  }

  /** Numbers of the rows that stand, in order. */
  *numbers(): Generator<{ row: number }> {
    yield* this.#sql.exec<{ row: number }>('SELECT row FROM rows WHERE removed = 0 ORDER BY row');
  }

  /** Base embeddings, [rows, width]; zeros for a row that is gone. */
  embeddings(rows: readonly number[], width: number): Float32Array {
    const out = new Float32Array(rows.length * width);
    rows.forEach((row, index) => {
      const found = this.#sql
        .exec<{ embedding: ArrayBuffer | null }>('SELECT embedding FROM rows WHERE row = ?', row)
        .toArray()[0];
      if (found?.embedding != null) out.set(new Float32Array(found.embedding), index * width);
    });
    return out;
  }

  /** Another place for items that are in `from`. May be repeated. */
  relocate(keys: readonly string[], from: string, to: string): void {
    for (const key of keys)
      this.#sql.exec('UPDATE items SET region = ? WHERE key = ? AND region = ?', to, key, from);
  }

  /** Where items are; unknown ones are given a place when `choose` is not null. */
  place(keys: readonly string[], choose: ((key: string) => string) | null): Map<string, string> {
    const places = new Map<string, string>();
    for (const key of keys) {
      const found = this.#sql
        .exec<{ region: string }>('SELECT region FROM items WHERE key = ?', key)
        .toArray()[0];
      if (found !== undefined) places.set(key, found.region);
      else if (choose !== null) {
        const region = choose(key);
        this.#sql.exec('INSERT INTO items (key, region) VALUES (?, ?)', key, region);
        places.set(key, region);
      }
    }
    return places;
  }
}

/** FNV-1a: where an item goes that nobody placed. */
export function hash32(text: string): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return hash;
}
