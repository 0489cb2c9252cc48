/**
 * The training side of a Region's SQLite: query records, their labels, and the job in progress. Implements the
 * store that a participant works on.
 */
import type {
  Job,
  ProbeTitle,
  ShardStore,
  TrainingRecord,
  UnlabelledRecord,
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

/** What units are, and how old a record may be that takes part. */
export interface ShardPolicy extends UnitPolicy {
  retentionMs: number;
}

const JOB_PREFIX = 'job/';

/** Records of items with rows, whose own row is to be found. */
const UNLABELLED = 'row IS NULL AND EXISTS (SELECT 1 FROM rows WHERE rows.item = records.item)';

export class Shard implements ShardStore {
  readonly #storage: DurableObjectStorage;
  readonly #blobs: Blobs;
  readonly #values: Values;

  readonly #policy: () => ShardPolicy;
  readonly #random: RandomSource;

  constructor(storage: DurableObjectStorage, policy: () => ShardPolicy, random: RandomSource) {
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

  unlabelled(limit: number): UnlabelledRecord[] {
    // Items of one passage need no encoder.
    this.#sql.exec(
      `UPDATE records SET row = (SELECT min(row) FROM rows WHERE rows.item = records.item)
       WHERE row IS NULL AND (SELECT count(*) FROM rows WHERE rows.item = records.item) = 1`,
    );
    const records = this.#sql
      .exec<{ n: number; ids: ArrayBuffer; item: string }>(
        `SELECT n, ids, item FROM records WHERE ${UNLABELLED} ORDER BY length, n LIMIT ?`,
        limit,
      )
      .toArray();
    return records.map((record) => ({
      id: record.n,
      ids: new Int32Array(record.ids),
      rows: this.#sql
        .exec<{ row: number }>('SELECT row FROM rows WHERE item = ? ORDER BY row', record.item)
        .toArray()
        .map(({ row }) => row),
    }));
  }

  countUnlabelled(): number {
    const query = `SELECT count(*) AS n FROM records WHERE ${UNLABELLED}`;
    return this.#sql.exec<{ n: number }>(query).one().n;
  }

  label(labels: readonly { id: number; row: number }[]): void {
    this.#storage.transactionSync(() => {
      for (const { id, row } of labels) this.#sql.exec('UPDATE records SET row = ? WHERE n = ?', row, id);
    });
  }

  countUnits(rows: number, startedAt: number): Float64Array {
    return countUnits(this.#labelled(0, startedAt), rows, this.#policy(), this.#random);
  }

  sample(sample: Sample, rows: ReadonlyMap<number, number>, startedAt: number): Selection {
    const records = this.#labelled(0, startedAt).filter(({ row }) => rows.has(row));
    return selectUnits(records, sample, this.#policy(), this.#random);
  }

  heldOut(startedAt: number): Selection {
    return selectUnits(this.#labelled(1, startedAt), { kind: 'all' }, this.#policy(), this.#random);
  }

  /**
   * Records about a known row: those that train (0) or those that judge (1), never both. By their age at
   * `startedAt`, for which the round is charged, the charges that concern a record lie within one retention window.
   */
  #labelled(held: 0 | 1, startedAt: number): SelectableRecord[] {
    return this.#sql
      .exec<{
        n: number;
        event: string;
        contributor: string | null;
        row: number;
        place: number;
        length: number;
        relevant: number;
      }>(
        `SELECT n, coalesce(event, id) AS event, contributor, row, place, length, relevant FROM records
         WHERE row IS NOT NULL AND held = ? AND relevant >= ? AND at BETWEEN ? AND ? ORDER BY n`,
        held,
        held,
        startedAt - this.#policy().retentionMs,
        startedAt,
      )
      .toArray()
      .map((record) => ({
        ...record,
        contributor: record.contributor ?? undefined,
        relevant: record.relevant === 1,
      }));
  }

  records(ids: Uint32Array): (Omit<TrainingRecord, 'weight'> | null)[] {
    const found = this.#sql.exec<{ n: number; row: number | null; ids: ArrayBuffer; relevant: number }>(
      'SELECT n, row, ids, relevant FROM records WHERE n IN (SELECT value FROM json_each(?))',
      JSON.stringify([...ids]),
    );
    const byId = new Map([...found].map((record) => [record.n, record]));
    return Array.from(ids, (id) => {
      const record = byId.get(id);
      if (record === undefined || record.row === null) return null;
      return { id, row: record.row, ids: new Int32Array(record.ids), relevant: record.relevant === 1 };
    });
  }

  itemOfRow(row: number): string | null {
    return (
      this.#sql.exec<{ item: string }>('SELECT item FROM rows WHERE row = ?', row).toArray()[0]?.item ?? null
    );
  }

  cachedEmbeddings(ids: Uint32Array, key: string): (Float32Array | null)[] {
    const found = this.#sql.exec<{ n: number; embedding: ArrayBuffer }>(
      `SELECT n, embedding FROM records WHERE n IN (SELECT value FROM json_each(?))
       AND embedding_key = ? AND embedding IS NOT NULL`,
      JSON.stringify([...ids]),
      key,
    );
    const byId = new Map([...found].map(({ n, embedding }) => [n, embedding]));
    return Array.from(ids, (id) => {
      const embedding = byId.get(id);
      return embedding === undefined ? null : new Float32Array(embedding);
    });
  }

  cacheEmbeddings(ids: Uint32Array, key: string, embeddings: Float32Array, width: number): void {
    this.#storage.transactionSync(() => {
      ids.forEach((id, index) => {
        this.#sql.exec(
          'UPDATE records SET embedding = ?, embedding_key = ? WHERE ids = (SELECT ids FROM records WHERE n = ?)',
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
