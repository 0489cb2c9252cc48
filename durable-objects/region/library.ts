/**
 * The document side of a Region's SQLite: items and their passages. Every change gets the next sequence number, so
 * that a snapshot's watermark tells which passages it reflects and the coordinator can be brought up to date.
 */
import type {
  Item,
  ItemFormat,
  ItemInput,
  ItemMetadata,
  ItemSummary,
} from '../../shared/protocol/api/item.ts';
import { headLength } from '../../shared/retrieval/text.ts';
import { Values } from '../values.ts';

export interface PreparedPassage {
  ordinal: number;
  text: string;
  hash: string;
  tokens: number;
  embedding: Float32Array;
}

export interface StoredPassage extends PreparedPassage {
  item: string;
  seq: number;
}

/** Changes for the coordinator, in order of `seq`. */
export type PassageChange =
  | { seq: number; item: string; ordinal: number; hash: string; embedding: Float32Array; removed: false }
  | { seq: number; item: string; ordinal: number; hash: string; removed: true };

interface SummaryRow extends Record<string, SqlStorageValue> {
  key: string;
  title: string;
  format: string;
  metadata: string;
  timestamp: number;
  passages: number;
}

interface ItemRow extends SummaryRow {
  text: string;
}

const SUMMARY = 'SELECT key, title, format, metadata, timestamp, passages FROM items';

interface PassageRow extends Record<string, SqlStorageValue> {
  item: string;
  ordinal: number;
  text: string;
  hash: string;
  tokens: number;
  embedding: ArrayBuffer;
  seq: number;
}

export class Library {
  readonly #storage: DurableObjectStorage;
  readonly #values: Values;

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage;
    this.#values = new Values(storage);
  }

  get #sql(): SqlStorage {
    return this.#storage.sql;
  }

  #nextSeq(): number {
    const seq = (this.#values.get<number>('seq') ?? 0) + 1;
    this.#values.set('seq', seq);
    return seq;
  }

  item(key: string, region: string): Item | null {
    const row = this.#sql.exec<ItemRow>('SELECT * FROM items WHERE key = ?', key).toArray()[0];
    return row === undefined ? null : toItem(row, region);
  }

  /** Those of `keys` that are here. */
  holds(keys: readonly string[]): string[] {
    const found = (key: string) => this.#sql.exec('SELECT 1 FROM items WHERE key = ?', key).toArray();
    return keys.filter((key) => found(key).length > 0);
  }

  /** An item without its text, which may be long. */
  summary(key: string, region: string): ItemSummary | null {
    const row = this.#sql.exec<SummaryRow>(`${SUMMARY} WHERE key = ?`, key).toArray()[0];
    return row === undefined ? null : toSummary(row, region);
  }

  /** In order of keys, after `after`, one at a time. */
  *summaries(after: string | null, region: string): Generator<ItemSummary> {
    for (const row of this.#sql.exec<SummaryRow>(`${SUMMARY} WHERE key > ? ORDER BY key`, after ?? '')) {
      yield toSummary(row, region);
    }
  }

  passagesOf(key: string): StoredPassage[] {
    return this.#sql
      .exec<PassageRow>('SELECT * FROM passages WHERE item = ? ORDER BY ordinal', key)
      .toArray()
      .map(toPassage);
  }

  passage(item: string, ordinal: number): StoredPassage | null {
    const row = this.#sql
      .exec<PassageRow>('SELECT * FROM passages WHERE item = ? AND ordinal = ?', item, ordinal)
      .toArray()[0];
    return row === undefined ? null : toPassage(row);
  }

  /** Passages that changed after `watermark`, one at a time. */
  *since(watermark: number): Generator<StoredPassage> {
    for (const row of this.#sql.exec<PassageRow>(
      'SELECT * FROM passages WHERE seq > ? ORDER BY seq',
      watermark,
    )) {
      yield toPassage(row);
    }
  }

  lastSeq(): number {
    return this.#values.get<number>('seq') ?? 0;
  }

  /** Writes an item with its passages; those whose hash stays the same keep their row and what it learned. */
  put(
    input: ItemInput,
    passages: readonly PreparedPassage[],
    now: number,
  ): 'created' | 'updated' | 'unchanged' {
    return this.#storage.transactionSync(() => {
      const before = this.item(input.key, '');
      const old = new Map(this.passagesOf(input.key).map((passage) => [passage.ordinal, passage]));
      for (const passage of passages) {
        const previous = old.get(passage.ordinal);
        old.delete(passage.ordinal);
        if (previous?.hash === passage.hash) {
          if (previous.text !== passage.text) this.#respell(passage, input.key);
          continue;
        }
        if (previous !== undefined) this.#bury(previous);
        this.#sql.exec(
          `INSERT OR REPLACE INTO passages (item, ordinal, text, hash, tokens, embedding, seq)
           VALUES (?, ?, ?, ?, ?, ?, ?)`,
          input.key,
          passage.ordinal,
          passage.text,
          passage.hash,
          passage.tokens,
          passage.embedding.slice().buffer,
          this.#nextSeq(),
        );
      }
      for (const passage of old.values()) this.#removePassage(passage);
      const metadata = JSON.stringify(input.metadata);
      if (
        before !== null &&
        before.text === input.text &&
        before.title === input.title &&
        before.format === input.format &&
        JSON.stringify(before.metadata) === metadata
      ) {
        return 'unchanged';
      }
      this.#sql.exec(
        `INSERT OR REPLACE INTO items (key, title, text, format, metadata, timestamp, passages)
         VALUES (?, ?, ?, ?, ?, ?, ?)`,
        input.key,
        input.title,
        input.text,
        input.format,
        metadata,
        now,
        passages.length,
      );
      return before === null ? 'created' : 'updated';
    });
  }

  remove(key: string): boolean {
    return this.#storage.transactionSync(() => {
      const passages = this.passagesOf(key);
      for (const passage of passages) this.#removePassage(passage);
      return this.#sql.exec('DELETE FROM items WHERE key = ?', key).rowsWritten > 0;
    });
  }

  /** The same words in other white space: nothing that anybody learned changes. */
  #respell({ ordinal, text }: PreparedPassage, item: string): void {
    this.#sql.exec('UPDATE passages SET text = ? WHERE item = ? AND ordinal = ?', text, item, ordinal);
  }

  #removePassage(passage: StoredPassage): void {
    this.#bury(passage);
    this.#sql.exec('DELETE FROM passages WHERE item = ? AND ordinal = ?', passage.item, passage.ordinal);
  }

  #bury(passage: Pick<StoredPassage, 'item' | 'ordinal' | 'hash'>): void {
    this.#sql.exec(
      'INSERT INTO gone (seq, item, ordinal, hash) VALUES (?, ?, ?, ?)',
      this.#nextSeq(),
      passage.item,
      passage.ordinal,
      passage.hash,
    );
  }

  /**
   * Everything counts as not registered any more. Of what the coordinator has `listed`, passages that are gone are
   * reported gone once more.
   */
  registerAnew(listed: readonly Pick<StoredPassage, 'item' | 'ordinal' | 'hash'>[]): void {
    this.#storage.transactionSync(() => {
      for (const row of listed) if (this.passage(row.item, row.ordinal) === null) this.#bury(row);
      this.#values.set('registered', 0);
    });
  }

  /** What the coordinator has not confirmed yet, in order, at most `limit` changes. */
  unregistered(limit: number): PassageChange[] {
    const registered = this.registered();
    const removed = this.#sql
      .exec<{ seq: number; item: string; ordinal: number; hash: string }>(
        'SELECT * FROM gone WHERE seq > ? ORDER BY seq LIMIT ?',
        registered,
        limit,
      )
      .toArray()
      .map((row) => ({ ...row, removed: true as const }));
    const added = this.#sql
      .exec<PassageRow>('SELECT * FROM passages WHERE seq > ? ORDER BY seq LIMIT ?', registered, limit)
      .toArray()
      .map((row) => ({
        seq: row.seq,
        item: row.item,
        ordinal: row.ordinal,
        hash: row.hash,
        embedding: new Float32Array(row.embedding),
        removed: false as const,
      }));
    return [...removed, ...added].sort((x, y) => x.seq - y.seq).slice(0, limit);
  }

  registered(): number {
    return this.#values.get<number>('registered') ?? 0;
  }

  confirm(upTo: number): void {
    this.#storage.transactionSync(() => {
      this.#values.set('registered', Math.max(upTo, this.registered()));
      this.#sql.exec('DELETE FROM gone WHERE seq <= ?', upTo);
    });
  }

  counts(): { items: number; passages: number } {
    const items = this.#sql.exec<{ n: number }>('SELECT count(*) AS n FROM items').one().n;
    const passages = this.#sql.exec<{ n: number }>('SELECT count(*) AS n FROM passages').one().n;
    return { items, passages };
  }
}

function toItem(row: ItemRow, region: string): Item {
  return { ...toSummary(row, region), text: row.text };
}

function toSummary(row: SummaryRow, region: string): ItemSummary {
  return {
    key: row.key,
    region,
    title: row.title,
    format: row.format as ItemFormat,
    metadata: JSON.parse(row.metadata) as ItemMetadata,
    timestamp: row.timestamp,
    passages: row.passages,
  };
}

/**
 * Of a passage's text, however long an earlier version let it become: the longest passage of an encoder that reads
 * 512 tokens.
 */
const MAX_CHARACTERS = 4096;

function toPassage(row: PassageRow): StoredPassage {
  const text = row.text.slice(0, headLength(row.text, MAX_CHARACTERS));
  return { ...row, text, embedding: new Float32Array(row.embedding) };
}
