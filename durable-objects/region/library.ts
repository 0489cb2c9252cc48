/**
 * The document side of a Region's SQLite: items and their passages. Every change gets the next sequence number, so
 * that a snapshot's watermark tells which passages it reflects and the coordinator can be brought up to date; the index
 * of words changes in the same transaction. A passage that waits for its embedding has the number 0: nobody but its
 * item's readers sees it before it has one.
 */

import type { PassageName } from '../../shared/index/segment.ts';
import type { Item, ItemInput, ItemSummary } from '../../shared/protocol/api/item.ts';
import { Values } from '../values.ts';
import {
  type ItemRow,
  type PassageRow,
  type SummaryRow,
  toItem,
  toPassage,
  toSummary,
} from './library-rows.ts';
import { type IndexChange, Segments } from './segments.ts';

export interface PreparedPassage {
  ordinal: number;
  text: string;
  /** What its blocks are, as `encodeLayout` writes it; null of one that was stored before there were layouts. */
  layout: string | null;
  hash: string;
  tokens: number;
  /** Null of one that waits for it. */
  embedding: Float32Array | null;
}

export interface StoredPassage extends PreparedPassage {
  item: string;
  seq: number;
}

/** A passage that searches find. */
export type IndexedPassage = StoredPassage & { embedding: Float32Array };

/** What names a passage with its text. */
export type PassageText = Pick<StoredPassage, 'item' | 'ordinal' | 'hash' | 'text' | 'tokens'>;

export type ItemChange = 'created' | 'updated' | 'unchanged';

/** Changes for the coordinator, in order of `seq`. */
export type PassageChange =
  | { seq: number; item: string; ordinal: number; hash: string; embedding: Float32Array; removed: false }
  | { seq: number; item: string; ordinal: number; hash: string; removed: true };

const SUMMARY = 'SELECT key, title, format, metadata, timestamp, passages, waiting FROM items';

export class Library {
  readonly #storage: DurableObjectStorage;
  readonly #values: Values;
  readonly segments: Segments;

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage;
    this.#values = new Values(storage);
    this.segments = new Segments(storage);
  }

  get #sql(): SqlStorage {
    return this.#storage.sql;
  }

  /** The first of `count` sequence numbers that follow. */
  #nextSeq(count = 1): number {
    const last = this.lastSeq();
    this.#values.set('seq', last + count);
    return last + 1;
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

  /** One that searches find. */
  passage(item: string, ordinal: number): IndexedPassage | null {
    const row = this.#sql
      .exec<PassageRow>('SELECT * FROM passages WHERE item = ? AND ordinal = ? AND seq > 0', item, ordinal)
      .toArray()[0];
    return row === undefined ? null : (toPassage(row) as IndexedPassage);
  }

  /** The embedding of a passage, as long as it stands with this text. */
  embedding({ item, ordinal, hash }: PassageName): Float32Array | null {
    const row = this.#sql
      .exec<{ embedding: ArrayBuffer }>(
        'SELECT embedding FROM passages WHERE item = ? AND ordinal = ? AND hash = ? AND seq > 0',
        ...[item, ordinal, hash],
      )
      .toArray()[0];
    return row === undefined ? null : new Float32Array(row.embedding);
  }

  /** Those around one of an item that searches find, one at a time: at most `reach` before it and as many after it. */
  *around(item: string, ordinal: number, reach: number): Generator<IndexedPassage> {
    for (const row of this.#sql.exec<PassageRow>(
      'SELECT * FROM passages WHERE item = ? AND ordinal BETWEEN ? AND ? AND ordinal <> ? AND seq > 0',
      ...[item, ordinal - reach, ordinal + reach, ordinal],
    )) {
      yield toPassage(row) as IndexedPassage;
    }
  }

  /** Passages that changed after `watermark`, one at a time. */
  *since(watermark: number): Generator<IndexedPassage> {
    for (const row of this.#sql.exec<PassageRow>(
      'SELECT * FROM passages WHERE seq > ? ORDER BY seq',
      watermark,
    )) {
      yield toPassage(row) as IndexedPassage;
    }
  }

  /** Passages that an earlier version stored and no segment has yet, one at a time. */
  *unindexed(): Generator<IndexedPassage> {
    const { from, upTo } = this.segments.waiting();
    for (const row of this.#sql.exec<PassageRow>(
      'SELECT * FROM passages WHERE seq > ? AND seq <= ? ORDER BY seq',
      ...[from, upTo],
    )) {
      yield toPassage(row) as IndexedPassage;
    }
  }

  /** Tokens of those of `keys` that wait for their embedding, and of how many passages. */
  waitingOf(keys: readonly string[]): { tokens: number; passages: number } {
    return this.#sql
      .exec<{ tokens: number; passages: number }>(
        `SELECT coalesce(sum(tokens), 0) AS tokens, count(*) AS passages FROM passages
         WHERE seq = 0 AND item IN (SELECT value FROM json_each(?))`,
        JSON.stringify(keys),
      )
      .one();
  }

  /** Passages that wait for their embedding, those that came first first, one at a time; of `keys` only, if given. */
  *waiting(keys: readonly string[] | null): Generator<PassageText> {
    const those = keys === null ? '' : 'AND item IN (SELECT value FROM json_each(?))';
    yield* this.#sql.exec<PassageText & Record<string, SqlStorageValue>>(
      `SELECT item, ordinal, hash, text, tokens FROM passages WHERE seq = 0 ${those} ORDER BY rowid`,
      ...(keys === null ? [] : [JSON.stringify(keys)]),
    );
  }

  /** Gives passages their embeddings, but for those that have changed or gone meanwhile. */
  embedded(passages: readonly { passage: PassageText; embedding: Float32Array }[]): void {
    this.#storage.transactionSync(() => {
      let seq = this.#nextSeq(passages.length);
      const change: IndexChange = { passages: [], gone: [] };
      for (const { passage, embedding } of passages) {
        const { item, ordinal, hash } = passage;
        const { rowsWritten } = this.#sql.exec(
          'UPDATE passages SET embedding = ?, seq = ? WHERE item = ? AND ordinal = ? AND hash = ? AND seq = 0',
          ...[embedding.slice().buffer, seq, item, ordinal, hash],
        );
        if (rowsWritten === 0) continue;
        change.passages.push({ ...passage, embedding, seq });
        seq += 1;
        this.#sql.exec('UPDATE items SET waiting = waiting - 1 WHERE key = ?', item);
      }
      this.segments.add(change);
    });
  }

  lastSeq(): number {
    return this.#values.get<number>('seq') ?? 0;
  }

  /**
   * Writes an item with its passages; those whose hash stays the same keep their row and what it learned. Of a text that
   * changed nothing is found any more, also while its passages wait.
   */
  put(input: ItemInput, passages: readonly PreparedPassage[], now: number): ItemChange {
    return this.#storage.transactionSync(() => {
      const before = this.item(input.key, '');
      const old = new Map(this.passagesOf(input.key).map((passage) => [passage.ordinal, passage]));
      const change: IndexChange = { passages: [], gone: [] };
      for (const passage of passages) {
        const previous = old.get(passage.ordinal);
        old.delete(passage.ordinal);
        if (previous?.hash === passage.hash) {
          this.#respell(passage, previous);
          continue;
        }
        if (previous !== undefined) change.gone.push(...this.#bury(previous));
        const { embedding } = passage;
        const seq = embedding === null ? 0 : this.#nextSeq();
        if (embedding !== null) change.passages.push({ ...passage, item: input.key, embedding, seq });
        this.#sql.exec(
          `INSERT OR REPLACE INTO passages (item, ordinal, text, layout, hash, tokens, embedding, seq)
           VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
          input.key,
          passage.ordinal,
          passage.text,
          passage.layout,
          passage.hash,
          passage.tokens,
          embedding === null ? new ArrayBuffer(0) : embedding.slice().buffer,
          seq,
        );
      }
      for (const passage of old.values()) change.gone.push(...this.#removePassage(passage));
      this.segments.add(change);
      const waiting = this.waitingOf([input.key]).passages;
      const metadata = JSON.stringify(input.metadata);
      if (
        before !== null &&
        before.text === input.text &&
        before.title === input.title &&
        before.format === input.format &&
        JSON.stringify(before.metadata) === metadata
      ) {
        const figures = 'UPDATE items SET passages = ?, waiting = ? WHERE key = ?';
        this.#sql.exec(figures, passages.length, waiting, input.key);
        return 'unchanged';
      }
      this.#sql.exec(
        `INSERT OR REPLACE INTO items (key, title, text, format, metadata, timestamp, passages, waiting)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
        input.key,
        input.title,
        input.text,
        input.format,
        metadata,
        now,
        passages.length,
        waiting,
      );
      return before === null ? 'created' : 'updated';
    });
  }

  remove(key: string): boolean {
    return this.#storage.transactionSync(() => {
      const passages = this.passagesOf(key);
      this.segments.add({ passages: [], gone: passages.flatMap((passage) => this.#removePassage(passage)) });
      return this.#sql.exec('DELETE FROM items WHERE key = ?', key).rowsWritten > 0;
    });
  }

  /** The same words in other white space or other blocks: nothing that anybody learned changes. */
  #respell({ text, layout }: PreparedPassage, previous: StoredPassage): void {
    if (previous.text === text && previous.layout === layout) return;
    this.#sql.exec(
      'UPDATE passages SET text = ?, layout = ? WHERE item = ? AND ordinal = ?',
      ...[text, layout, previous.item, previous.ordinal],
    );
  }

  #removePassage(passage: StoredPassage): PassageName[] {
    const gone = this.#bury(passage);
    this.#sql.exec('DELETE FROM passages WHERE item = ? AND ordinal = ?', passage.item, passage.ordinal);
    return gone;
  }

  /** The tombstone of a passage; none of one that waited, of which nobody has heard. */
  #bury({ item, ordinal, hash, seq: known }: PassageName): PassageName[] {
    if (known === 0) return [];
    const seq = this.#nextSeq();
    this.#sql.exec(
      'INSERT INTO gone (seq, item, ordinal, hash) VALUES (?, ?, ?, ?)',
      seq,
      item,
      ordinal,
      hash,
    );
    return [{ item, ordinal, hash, seq }];
  }

  /**
   * Everything counts as not registered any more. Of what the coordinator has `listed`, passages that are gone are
   * reported gone once more.
   */
  registerAnew(listed: readonly Pick<StoredPassage, 'item' | 'ordinal' | 'hash'>[]): void {
    this.#storage.transactionSync(() => {
      for (const row of listed)
        if (this.passage(row.item, row.ordinal) === null) this.#bury({ ...row, seq: this.lastSeq() + 1 });
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

  /** `passages` with those that wait. */
  counts(): { items: number; passages: number; waiting: number } {
    const of = (query: string) => this.#sql.exec<{ n: number }>(`SELECT count(*) AS n FROM ${query}`).one().n;
    return { items: of('items'), passages: of('passages'), waiting: of('passages WHERE seq = 0') };
  }
}
