/**
 * What a region remembers of its own log, for the questions of those who ask from there: the base embedding of each of
 * the newest records as an int8 row, in SQLite and, once a question was asked, in memory. Triggers keep it in step with
 * the log, whoever changes it: a new record waits for its row, and with a record its row goes in the same transaction.
 * Rows are made with the feedback where that is little work, else in slices of alarms, the newest first. Nothing leaves
 * but the documents that memory lifts.
 */

import type { Engine } from '../../models/engine.ts';
import { liftsOf, NEIGHBOURS } from '../../shared/index/memory.ts';
import { MemoryRows } from '../../shared/index/memory-rows.ts';
import { errorText, logLine } from '../../shared/log.ts';
import { bareKey } from '../../shared/participant/query-embeddings.ts';
import type { Recalled } from '../../shared/participant/shard-store.ts';
import type { PrivacyUnit } from '../../shared/privacy/units.ts';
import type { Lift, PassageRequest, SiblingRequest } from '../../shared/protocol/passages.ts';
import type { CollectionSettings } from '../../shared/protocol/settings.ts';
import { quantiseRow } from '../../shared/retrieval/head.ts';
import type { Alarm } from '../alarm.ts';
import { clock } from '../clock.ts';

/** Rows of records, those that wait for one, and those that went since memory was last brought up to date. */
export const MEMORY_TABLES = `CREATE TABLE memory (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, record INTEGER NOT NULL UNIQUE, row BLOB NOT NULL
  );
  CREATE TABLE memory_waiting (record INTEGER PRIMARY KEY);
  CREATE TABLE memory_gone (record INTEGER PRIMARY KEY);
  CREATE TRIGGER memory_record AFTER INSERT ON records BEGIN
    INSERT OR IGNORE INTO memory_waiting (record) VALUES (new.n);
  END;
  CREATE TRIGGER memory_erasure AFTER DELETE ON records BEGIN
    DELETE FROM memory_waiting WHERE record = old.n;
    INSERT OR IGNORE INTO memory_gone (record) SELECT record FROM memory WHERE record = old.n;
    DELETE FROM memory WHERE record = old.n;
  END;
  INSERT INTO memory_waiting (record) SELECT n FROM records;`;

/** Only so many of the newest records are remembered: 8 MB at width 384. */
const MOST_RECORDS = 20_000;
/** Records given beyond those before the oldest rows are dropped, many at once. */
const SLACK_RECORDS = 500;
/** Tokens that feedback has embedded with it: half a second of processor time at most. */
const CALL_TOKENS = 512;
/** Tokens of a slice of an alarm: searches and training wait for one at most. */
const SLICE_TOKENS = 2048;
/** Records without many tokens take time, too. */
const SLICE_RECORDS = 256;

interface WaitingRow extends Record<string, SqlStorageValue> {
  n: number;
  ids: ArrayBuffer;
  embedding: ArrayBuffer | null;
  embedding_key: string | null;
}

interface MemoryRow extends Record<string, SqlStorageValue> {
  seq: number;
  record: number;
  row: ArrayBuffer;
  item: string;
  voice: string | null;
  relevant: number;
  weight: number | null;
}

/** What a text is in memory, and its base embedding where it is at hand. */
interface Remembered {
  row: ArrayBuffer;
  embedding: ArrayBuffer | null;
}

/** @param embedding the base embedding, width floats, in a buffer of its own */
function rememberedOf(embedding: Float32Array<ArrayBuffer>): Remembered {
  const row = new Int8Array(embedding.length);
  quantiseRow(embedding, row);
  return { row: row.buffer, embedding: embedding.buffer };
}

/** Whose word a record is. */
function voiceOf(unit: PrivacyUnit): string {
  return unit === 'contributor' ? 'contributor' : 'coalesce(event, id)';
}

/** So many of the nearest are looked at where some of them do not count. */
const WITHOUT = 200;

export interface MemoryDeps {
  alarm: Alarm;
  engine(): Promise<Engine>;
  settings(): CollectionSettings;
}

export class Memory {
  readonly #storage: DurableObjectStorage;
  readonly #deps: MemoryDeps;
  #rows: MemoryRows | null = null;
  /** What has a larger number in the table is not in memory yet. */
  #seen = 0;

  constructor(storage: DurableObjectStorage, deps: MemoryDeps) {
    this.#storage = storage;
    this.#deps = deps;
  }

  /** The documents that the log lifts for a question. @param query its base embedding, width floats */
  async recall(query: Float32Array): Promise<Lift[]> {
    const { memory } = this.#deps.settings();
    if (memory === 'off') {
      this.#drop();
      return [];
    }
    // Records of an earlier version, or from before the setting was changed.
    if (this.#isBehind()) await this.#deps.alarm.by(clock.now());
    return liftsOf(this.#current(query.length).nearest(query, NEIGHBOURS), memory);
  }

  /** As `recall`, for a request for passages that asks for it; what fails here costs the passages nothing. */
  async asked(request: PassageRequest | SiblingRequest): Promise<Lift[] | null> {
    if (!('memoryQuery' in request) || request.memoryQuery === null) return null;
    try {
      return await this.recall(request.memoryQuery);
    } catch (error) {
      logLine('memory_failed', { level: 'error', error: errorText(error) });
      return null;
    }
  }

  /**
   * What the log without its unit would say of the question of a record, and what it would if nobody had asked about the
   * record's document; null where nothing is remembered.
   */
  recallWithout(query: Float32Array, record: number): Recalled | null {
    const { memory, privacy } = this.#deps.settings();
    if (memory === 'off') return null;
    const voice = voiceOf(privacy.unit);
    const [own] = this.#storage.sql
      .exec<{ item: string; voice: string | null }>(
        `SELECT item, ${voice} AS voice FROM records WHERE n = ?`,
        record,
      )
      .toArray();
    if (own === undefined) return null;
    const others = this.#current(query.length)
      .nearest(query, WITHOUT)
      .filter((neighbour) => neighbour.voice === null || neighbour.voice !== own.voice);
    const asked = liftsOf(others, memory);
    return {
      asked,
      unasked: liftsOf(
        others.filter(({ item }) => item !== own.item),
        memory,
      ),
    };
  }

  /** Makes the rows of feedback that has just come, unless it is much: then an alarm does. */
  async take(): Promise<void> {
    if (this.#isOff) return;
    const waiting = this.#waiting(CALL_TOKENS);
    try {
      if (!waiting.more) return await this.#embed(waiting.records);
    } catch (error) {
      // The feedback is stored and counts; an alarm tries again.
      logLine('memory_late', { level: 'warn', error: errorText(error) });
    }
    await this.#deps.alarm.by(clock.now());
  }

  /** A slice of what waits, in an alarm; another one goes on. */
  async step(): Promise<void> {
    if (this.#isOff) return;
    this.#trim();
    const waiting = this.#waiting(SLICE_TOKENS);
    await this.#embed(waiting.records);
    if (waiting.more) await this.#deps.alarm.by(clock.now());
  }

  get #isOff(): boolean {
    return this.#deps.settings().memory === 'off';
  }

  #isBehind(): boolean {
    return this.#storage.sql.exec('SELECT 1 FROM memory_waiting LIMIT 1').toArray().length > 0;
  }

  /** Those that wait, the newest first, up to so many tokens. */
  #waiting(tokens: number): { records: WaitingRow[]; more: boolean } {
    const records: WaitingRow[] = [];
    let taken = 0;
    for (const record of this.#storage.sql.exec<WaitingRow>(
      `SELECT n, ids, embedding, embedding_key FROM memory_waiting JOIN records ON n = record
       ORDER BY record DESC LIMIT ?`,
      SLICE_RECORDS + 1,
    )) {
      taken += record.ids.byteLength / Int32Array.BYTES_PER_ELEMENT;
      const full = taken > tokens || records.length === SLICE_RECORDS;
      if (full && records.length > 0) return { records, more: true };
      records.push(record);
    }
    return { records, more: false };
  }

  /**
   * What has the same tokens is embedded once: what the log had before is taken from there. Embeddings are kept with the
   * records, for training that begins without an adapter.
   */
  async #embed(records: readonly WaitingRow[]): Promise<void> {
    if (records.length === 0) return;
    const engine = await this.#deps.engine();
    const { width, sha256 } = engine.info;
    const key = bareKey(sha256);
    const made = new Map<string, Remembered>();
    const missing = new Map<string, Int32Array<ArrayBuffer>>();
    for (const { ids, embedding, embedding_key } of records) {
      const tokens = new Int32Array(ids);
      const text = tokens.join();
      if (made.has(text)) continue;
      const isKept = embedding !== null && embedding_key === key;
      if (isKept) made.set(text, rememberedOf(new Float32Array(embedding)));
      else missing.set(text, tokens);
    }
    for (const text of made.keys()) missing.delete(text);
    for (const [text, tokens] of missing) {
      const known = this.#known(tokens, key);
      if (known === null) continue;
      made.set(text, known);
      missing.delete(text);
    }
    if (missing.size > 0) {
      const rows = await engine.embed([...missing.values()], { kind: 'none' }, { priority: 'background' });
      [...missing.keys()].forEach((text, at) => {
        made.set(text, rememberedOf(rows.slice(at * width, (at + 1) * width)));
      });
    }
    this.#storage.transactionSync(() => {
      const { sql } = this.#storage;
      for (const { n, ids } of records) {
        // It may have been erased while the encoder worked.
        const waits = sql.exec('DELETE FROM memory_waiting WHERE record = ? RETURNING record', n).toArray();
        if (waits.length === 0) continue;
        const { row, embedding } = made.get(new Int32Array(ids).join())!;
        sql.exec('INSERT INTO memory (record, row) VALUES (?, ?)', n, row);
        if (embedding === null) continue;
        sql.exec(
          'UPDATE records SET embedding = ?, embedding_key = ? WHERE n = ? AND embedding IS NULL',
          embedding,
          key,
          n,
        );
      }
    });
  }

  /** What is remembered of an earlier record with the same tokens. */
  #known(ids: Int32Array<ArrayBuffer>, key: string): Remembered | null {
    const [known] = this.#storage.sql
      .exec<{ row: ArrayBuffer; embedding: ArrayBuffer | null; embedding_key: string | null }>(
        `SELECT memory.row AS row, embedding, embedding_key FROM records JOIN memory ON record = n
         WHERE ids = ? ORDER BY n DESC LIMIT 1`,
        ids.buffer,
      )
      .toArray();
    if (known === undefined) return null;
    // In earlier releases training put the embedding under its adapter in its place.
    return { row: known.row, embedding: known.embedding_key === key ? known.embedding : null };
  }

  /** Forgets all but the newest records. */
  #trim(): void {
    const { sql } = this.#storage;
    const { first, last } = sql
      .exec<{ first: number | null; last: number | null }>(
        `SELECT (SELECT min(record) FROM (SELECT min(record) AS record FROM memory
           UNION ALL SELECT min(record) FROM memory_waiting)) AS first, (SELECT max(n) FROM records) AS last`,
      )
      .one();
    if (first === null || last === null || last - first < MOST_RECORDS + SLACK_RECORDS) return;
    const until = last - MOST_RECORDS;
    this.#storage.transactionSync(() => {
      sql.exec('DELETE FROM memory WHERE record <= ?', until);
      sql.exec('DELETE FROM memory_waiting WHERE record <= ?', until);
    });
    this.#drop();
  }

  /** What is in memory, with what came since and without what went. */
  #current(width: number): MemoryRows {
    const { sql } = this.#storage;
    this.#rows ??= new MemoryRows(width);
    const gone = sql.exec<{ record: number }>('SELECT record FROM memory_gone').toArray();
    for (const { record } of gone) this.#rows.remove(record);
    // Any write, of no rows too, holds the answer back until the storage has confirmed it.
    if (gone.length > 0) sql.exec('DELETE FROM memory_gone');
    const voice = voiceOf(this.#deps.settings().privacy.unit);
    const news = sql.exec<MemoryRow>(
      `SELECT seq, record, memory.row AS row, item, ${voice} AS voice, relevant, weight FROM memory JOIN records ON n = record
       WHERE seq > ? ORDER BY seq`,
      this.#seen,
    );
    for (const { seq, record, row, item, voice, relevant, weight } of news) {
      const said = { item, voice, relevant: relevant === 1, click: weight !== null };
      this.#rows.add({ record, row: new Int8Array(row), ...said });
      this.#seen = seq;
    }
    return this.#rows;
  }

  #drop(): void {
    this.#rows = null;
    this.#seen = 0;
  }
}
