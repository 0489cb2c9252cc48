/**
 * The training side of a Region's SQLite: query records, their labels, and the job in progress. Implements the
 * store that a participant works on.
 */
import { isBareKey } from '../../shared/participant/query-embeddings.ts';
import type {
  Errors,
  Job,
  ProbeTitle,
  Recalled,
  ShardRecord,
  ShardStore,
  UnlabelledRecord,
  Window,
} from '../../shared/participant/shard-store.ts';
import {
  countUnits,
  type SelectableRecord,
  type Selection,
  selectUnits,
  type UnitPolicy,
} from '../../shared/participant/unit-selection.ts';
import type { RandomSource } from '../../shared/privacy/random-source.ts';
import type { RowEntry, Sample } from '../../shared/protocol/rounds.ts';
import { Blobs } from '../sql.ts';
import { Values } from '../values.ts';
import type { Memory } from './memory.ts';

/** What units are, and how old a record may be that takes part. */
export interface ShardPolicy extends UnitPolicy {
  retentionMs: number;
}

const JOB_PREFIX = 'job/';
const LABELLED = 'labelled';

type KeptHere = SelectableRecord & { item: string; row: number | null; stands: number };

export class Shard implements ShardStore {
  readonly #storage: DurableObjectStorage;
  readonly #blobs: Blobs;
  readonly #values: Values;

  readonly #policy: () => ShardPolicy;
  readonly #random: RandomSource;
  readonly #memory: Pick<Memory, 'recallWithout'> | null;

  /** @param memory where the region remembers its log */
  constructor(
    storage: DurableObjectStorage,
    policy: () => ShardPolicy,
    random: RandomSource,
    memory: Pick<Memory, 'recallWithout'> | null = null,
  ) {
    this.#memory = memory;
    this.#policy = policy;
    this.#random = random;
    this.#storage = storage;
    this.#blobs = new Blobs(storage);
    this.#values = new Values(storage);
  }

  get #sql(): SqlStorage {
    return this.#storage.sql;
  }

  job(): Job | null {
    return this.#values.get<Job>('job');
  }

  saveJob(job: Job, blobs: Record<string, Uint8Array | null> = {}): void {
    this.#storage.transactionSync(() => {
      for (const [name, bytes] of Object.entries(blobs)) {
        if (bytes === null) this.#blobs.delete(JOB_PREFIX + name);
        // A byte string of no length has no parts: keep one, so that it reads as empty and not as absent.
        else if (bytes.length === 0) {
          this.#blobs.delete(JOB_PREFIX + name);
          this.#blobs.putPart(JOB_PREFIX + name, 0, bytes);
        } else this.#blobs.put(JOB_PREFIX + name, bytes);
      }
      this.#values.set('job', job);
    });
  }

  clearJob(): void {
    this.#storage.transactionSync(() => {
      this.#blobs.deletePrefix(JOB_PREFIX);
      this.#values.delete('job');
    });
  }

  putBlob(name: string, bytes: Uint8Array): void {
    this.#blobs.put(JOB_PREFIX + name, bytes);
  }

  blob(name: string): Uint8Array | null {
    return this.#blobs.get(JOB_PREFIX + name);
  }

  mirror(lineage: string): void {
    if (this.#values.get<string>('lineage') === lineage) return;
    this.#storage.transactionSync(() => {
      this.#sql.exec('DELETE FROM rows');
      this.#sql.exec('UPDATE records SET row = NULL');
      this.#values.set('rowsAt', 0);
      this.#values.set('lineage', lineage);
    });
  }

  rowsAt(): number {
    return this.#values.get<number>('rowsAt') ?? 0;
  }

  rowsKept(): { rows: number; keyBytes: number } {
    const sql = 'SELECT count(*) AS rows, coalesce(sum(length(CAST(item AS BLOB))), 0) AS keyBytes FROM rows';
    return this.#sql.exec<{ rows: number; keyBytes: number }>(sql).one();
  }

  applyRows(entries: readonly RowEntry[], upTo: number): void {
    this.#storage.transactionSync(() => {
      for (const entry of entries) {
        if (entry.removed) {
          this.#sql.exec('DELETE FROM rows WHERE row = ?', entry.row);
          this.#sql.exec('UPDATE records SET row = NULL WHERE row = ?', entry.row);
        } else {
          this.#sql.exec(
            'INSERT OR REPLACE INTO rows (row, item, ordinal) VALUES (?, ?, ?)',
            entry.row,
            entry.item,
            entry.ordinal,
          );
          this.#sql.exec('UPDATE records SET row = NULL WHERE item = ?', entry.item);
        }
      }
      this.#values.set('rowsAt', upTo);
    });
  }

  documentsOf(rows: Iterable<number>): { item: string; rows: number[] }[] {
    const found = this.#sql.exec<{ item: string; row: number }>(
      `SELECT item, row FROM rows WHERE item IN
         (SELECT item FROM rows WHERE row IN (SELECT value FROM json_each(?))) ORDER BY row`,
      JSON.stringify([...rows]),
    );
    return byItem(found);
  }

  labelSingles(): void {
    this.#sql.exec(
      `UPDATE records SET row = (SELECT min(row) FROM rows WHERE rows.item = records.item)
       WHERE row IS NULL AND (SELECT count(*) FROM rows WHERE rows.item = records.item) = 1`,
    );
  }

  unlabelled(items: readonly string[], limit: number): UnlabelledRecord[] {
    return this.#sql
      .exec<{ n: number; ids: ArrayBuffer; item: string }>(
        `SELECT n, ids, item FROM records WHERE row IS NULL AND item IN (SELECT value FROM json_each(?))
         ORDER BY length, n LIMIT ?`,
        JSON.stringify(items),
        limit,
      )
      .toArray()
      .map(({ n, ids, item }) => ({ id: n, item, ids: new Int32Array(ids) }));
  }

  labelled(): string | null {
    return this.#values.get<string>(LABELLED);
  }

  setLabelled(key: string): void {
    this.#values.set(LABELLED, key);
  }

  label(labels: readonly { id: number; row: number }[]): void {
    this.#storage.transactionSync(() => {
      for (const { id, row } of labels) this.#sql.exec('UPDATE records SET row = ? WHERE n = ?', row, id);
    });
  }

  countUnits(
    placeOf: (record: { item: string; row: number | null }) => number | undefined,
    places: number,
    window: Window,
  ): Float64Array {
    return countUnits(this.#kept(0, window), placeOf, places, this.#policy(), this.#random);
  }

  sample(sample: Sample, rows: ReadonlyMap<number, number>, window: Window, run: string): Selection {
    const records = this.#kept(0, window, run).filter(({ row }) => row !== null && rows.has(row));
    return selectUnits(records, sample, this.#policy(), this.#random);
  }

  keepErrors(run: string, { ids, errors }: Errors): void {
    this.#sql.exec(
      `UPDATE records SET error = seen.value ->> 1, error_run = ? FROM json_each(?) AS seen
       WHERE records.n = seen.value ->> 0`,
      run,
      JSON.stringify(ids.map((id, index) => [id, errors[index]])),
    );
  }

  heldOut(window: Window): Selection {
    return this.#standing(1, window);
  }

  training(window: Window): Selection {
    return this.#standing(0, window);
  }

  recalled(record: number, query: Float32Array): Recalled | null {
    return this.#memory?.recallWithout(query, record) ?? null;
  }

  /** What was found to answer, of documents that stand. */
  #standing(held: 0 | 1, window: Window): Selection {
    const records = this.#kept(held, window).filter(({ stands, relevant }) => stands === 1 && relevant);
    return selectUnits(records, { kind: 'all' }, this.#policy(), this.#random);
  }

  /**
   * Those that train (0) or those that judge (1), never both; nobody is judged by clicks. All records of a unit go by its arrival, as the ledger
   * does, and by their age at `startedAt`, for which the round is charged.
   * @param run whose errors come along
   */
  #kept(held: 0 | 1, { from, startedAt }: Window, run = ''): KeptHere[] {
    return this.#sql
      .exec<{
        n: number;
        event: string;
        item: string;
        contributor: string | null;
        row: number | null;
        place: number;
        length: number;
        relevant: number;
        weight: number | null;
        error: number | null;
        stands: number;
      }>(
        `SELECT n, coalesce(event, id) AS event, item, contributor, row, place, length, relevant, weight,
           CASE error_run WHEN ? THEN error END AS error,
           EXISTS (SELECT 1 FROM rows WHERE rows.item = records.item) AS stands FROM records
         WHERE held = ? AND relevant >= ? AND (held = 0 OR weight IS NULL) AND at <= ? AND coalesce(arrived, at) > ? ORDER BY n`,
        run,
        held,
        held,
        startedAt,
        Math.max(from, startedAt - this.#policy().retentionMs - 1),
      )
      .toArray()
      .map((record) => ({
        ...record,
        contributor: record.contributor ?? undefined,
        relevant: record.relevant === 1,
        weight: record.weight ?? 1,
        error: record.error ?? undefined,
      }));
  }

  records(ids: Uint32Array): (ShardRecord | null)[] {
    const found = this.#sql.exec<{
      n: number;
      item: string;
      row: number | null;
      ids: ArrayBuffer;
      relevant: number;
      query: string;
    }>(
      'SELECT n, item, row, ids, relevant, query FROM records WHERE n IN (SELECT value FROM json_each(?))',
      JSON.stringify([...ids]),
    );
    const byId = new Map([...found].map((record) => [record.n, record]));
    return Array.from(ids, (id) => {
      const record = byId.get(id);
      if (record === undefined) return null;
      const { item, row, query } = record;
      return { id, item, row, ids: new Int32Array(record.ids), relevant: record.relevant === 1, query };
    });
  }

  cachedEmbeddings(ids: Uint32Array, key: string): (Float32Array | null)[] {
    const found = this.#sql.exec<{ n: number; embedding: ArrayBuffer | null }>(
      `SELECT n, CASE ? WHEN embedding_key THEN embedding WHEN adapted_key THEN adapted END AS embedding
       FROM records WHERE n IN (SELECT value FROM json_each(?))`,
      key,
      JSON.stringify([...ids]),
    );
    const byId = new Map([...found].map(({ n, embedding }) => [n, embedding]));
    return Array.from(ids, (id) => {
      const embedding = byId.get(id) ?? null;
      return embedding && new Float32Array(embedding);
    });
  }

  cacheEmbeddings(ids: Uint32Array, key: string, embeddings: Float32Array, width: number): void {
    const column = isBareKey(key) ? 'embedding' : 'adapted';
    this.#storage.transactionSync(() => {
      ids.forEach((id, index) => {
        this.#sql.exec(
          `UPDATE records SET ${column} = ?, ${column}_key = ? WHERE ids = (SELECT ids FROM records WHERE n = ?)`,
          embeddings.slice(index * width, (index + 1) * width).buffer,
          key,
          id,
        );
      });
    });
  }

  probeTitles(active: ReadonlySet<string>, limit: number): ProbeTitle[] {
    const titles: ProbeTitle[] = [];
    for (const item of this.#sql.exec<{ key: string; title: string }>(
      "SELECT key, title FROM items WHERE title <> '' AND waiting = 0 ORDER BY key",
    )) {
      if (active.has(item.key)) continue;
      titles.push({ item: item.key, title: item.title });
      if (titles.length === limit) break;
    }
    return titles;
  }

  contributed(at: number): void {
    this.#values.set('contributedAt', at);
  }
}

/** Rows of each item, by item in the order of keys. */
function byItem(rows: Iterable<{ item: string; row: number }>): { item: string; rows: number[] }[] {
  const found = new Map<string, number[]>();
  for (const { item, row } of rows) {
    const own = found.get(item);
    if (own === undefined) found.set(item, [row]);
    else own.push(row);
  }
  return [...found].map(([item, own]) => ({ item, rows: own })).sort((a, b) => (a.item < b.item ? -1 : 1));
}
