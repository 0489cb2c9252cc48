/**
 * A shard in a folder, for participants that run in Node: the query log in memory, what must survive the process in
 * files. Implements the store that the same participant uses in a Region.
 */
import { join } from 'node:path';
import { isBareKey } from '../../shared/participant/query-embeddings.ts';
import type {
  Errors,
  Job,
  ProbeTitle,
  ShardRecord,
  ShardStore,
  UnlabelledRecord,
  Window,
} from '../../shared/participant/shard-store.ts';
import {
  countUnits,
  type Selection,
  selectUnits,
  type UnitPolicy,
} from '../../shared/participant/unit-selection.ts';
import type { RandomSource } from '../../shared/privacy/random-source.ts';
import type { RowEntry, Sample } from '../../shared/protocol/rounds.ts';
import { utf8Length } from '../../shared/protocol/utf8-length.ts';
import { appendLines, readJson, readLinesOf, writeDurably, writeJson } from './files.ts';
import { JobFiles } from './job-files.ts';
import type { LoggedQuery } from './query-log.ts';

export interface FileShardOptions {
  /** The state folder. */
  folder: string;
  log: readonly LoggedQuery[];
  /** Own documents by key, with their titles; empty where the log is all there is. */
  titles: ReadonlyMap<string, string>;
  policy: UnitPolicy;
  retentionMs: number;
  random: RandomSource;
}

interface Rows {
  lineage: string;
  at: number;
  /** Row, item, ordinal. */
  rows: [number, string, number][];
}

interface Contributions {
  rounds: number;
  lastAt: number | null;
}

export class FileShard implements ShardStore {
  readonly #options: FileShardOptions;
  readonly #job: JobFiles;
  readonly #records: Map<number, LoggedQuery>;
  /** Row by record number. */
  readonly #labels = new Map<number, number>();
  readonly #items = new Map<number, { item: string; ordinal: number }>();
  readonly #byItem = new Map<string, Set<number>>();
  #rowsAt = 0;
  /** Kept by the process alone: another one fetches the passages once more. */
  #labelled: string | null = null;
  #lineage = '';
  /** By record number. Kept by the process alone: for another one all records are as good as new. */
  #errors: { run: string; of: Map<number, number> } = { run: '', of: new Map() };
  /** Under the encoder alone, and under the adapter of now. */
  readonly #embeddings = { bare: keptUnder(''), adapted: keptUnder('') };
  #contributions: Contributions;

  constructor(options: FileShardOptions) {
    this.#options = options;
    this.#records = new Map(options.log.map((record) => [record.n, record]));
    this.#job = new JobFiles(join(options.folder, 'job'));
    const kept = readJson<Rows>(this.#file('rows.json'));
    for (const [row, item, ordinal] of kept?.rows ?? []) this.#addRow(row, item, ordinal);
    this.#rowsAt = kept?.at ?? 0;
    this.#lineage = kept?.lineage ?? '';
    for (const [n, row] of readLinesOf<[number, number]>(this.#file('labels.jsonl'))) {
      if (this.#records.has(n) && this.#items.get(row)?.item === this.#records.get(n)?.item)
        this.#labels.set(n, row);
    }
    this.#contributions = readJson<Contributions>(this.#file('contributions.json')) ?? {
      rounds: 0,
      lastAt: null,
    };
    this.labelSingles();
  }

  #file(name: string): string {
    return join(this.#options.folder, name);
  }

  /** Rounds that this participant was a part of, ever. */
  get rounds(): number {
    return this.#contributions.rounds;
  }

  get lastContributionAt(): number | null {
    return this.#contributions.lastAt;
  }

  job(): Job | null {
    return this.#job.job();
  }

  saveJob(job: Job, blobs: Record<string, Uint8Array | null> = {}): void {
    this.#job.save(job, blobs);
  }

  clearJob(): void {
    this.#job.clear();
  }

  blob(name: string): Uint8Array | null {
    return this.#job.blob(name);
  }

  putBlob(name: string, bytes: Uint8Array): void {
    this.#job.save(this.#job.job(), { [name]: bytes });
  }

  mirror(lineage: string): void {
    if (this.#lineage === lineage) return;
    this.#lineage = lineage;
    this.#items.clear();
    this.#byItem.clear();
    this.#labels.clear();
    this.applyRows([], 0);
  }

  rowsAt(): number {
    return this.#rowsAt;
  }

  #addRow(row: number, item: string, ordinal: number): void {
    this.#items.set(row, { item, ordinal });
    const rows = this.#byItem.get(item);
    if (rows === undefined) this.#byItem.set(item, new Set([row]));
    else rows.add(row);
  }

  #removeRow(row: number): void {
    const { item } = this.#items.get(row) ?? {};
    if (item === undefined) return;
    this.#items.delete(row);
    const rows = this.#byItem.get(item);
    rows?.delete(row);
    if (rows?.size === 0) this.#byItem.delete(item);
  }

  rowsKept(): { rows: number; keyBytes: number } {
    let keyBytes = 0;
    for (const { item } of this.#items.values()) keyBytes += utf8Length(item);
    return { rows: this.#items.size, keyBytes };
  }

  applyRows(entries: readonly RowEntry[], upTo: number): void {
    const changed = new Set<string>();
    for (const { row, item, ordinal, removed } of entries) {
      changed.add(item);
      if (!removed) this.#addRow(row, item, ordinal);
      else this.#removeRow(row);
    }
    for (const { n, item } of this.#options.log) if (changed.has(item)) this.#labels.delete(n);
    this.#rowsAt = upTo;
    // Labels first: with the older rows they are only forgotten once more.
    writeDurably(
      this.#file('labels.jsonl'),
      [...this.#labels].map((label) => `${JSON.stringify(label)}\n`).join(''),
    );
    const rows = [...this.#items].map(([row, { item, ordinal }]) => [row, item, ordinal]);
    writeJson(this.#file('rows.json'), { lineage: this.#lineage, at: upTo, rows });
  }

  labelSingles(): void {
    for (const { n, item } of this.#options.log) {
      const rows = this.#byItem.get(item);
      if (!this.#labels.has(n) && rows?.size === 1) for (const row of rows) this.#labels.set(n, row);
    }
  }

  documentsOf(rows: Iterable<number>): { item: string; rows: number[] }[] {
    const items = new Set<string>();
    for (const row of rows) {
      const found = this.#items.get(row);
      if (found !== undefined) items.add(found.item);
    }
    const inOrder = (item: string) => [...(this.#byItem.get(item) ?? [])].sort((a, b) => a - b);
    return [...items].sort().map((item) => ({ item, rows: inOrder(item) }));
  }

  unlabelled(items: readonly string[], limit: number): UnlabelledRecord[] {
    const wanted = new Set(items);
    const found: UnlabelledRecord[] = [];
    for (const { n, item, ids } of this.#options.log) {
      if (found.length === limit) break;
      if (wanted.has(item) && !this.#labels.has(n)) found.push({ id: n, item, ids });
    }
    return found;
  }

  labelled(): string | null {
    return this.#labelled;
  }

  setLabelled(key: string): void {
    this.#labelled = key;
  }

  label(labels: readonly { id: number; row: number }[]): void {
    for (const { id, row } of labels) this.#labels.set(id, row);
    appendLines(
      this.#file('labels.jsonl'),
      labels.map(({ id, row }) => [id, row]),
    );
  }

  /** Records of units that arrived when the ledger says; only relevant ones judge. */
  #kept(held: boolean, { from, startedAt }: Window) {
    const { log, retentionMs } = this.#options;
    const after = Math.max(from, startedAt - retentionMs - 1);
    return log.flatMap((record) => {
      const inTime = record.at <= startedAt && record.arrived > after;
      const fits = record.held === held && (record.relevant || !held);
      return fits && inTime ? [{ ...record, row: this.#labels.get(record.n) ?? null }] : [];
    });
  }

  countUnits(
    placeOf: (record: { item: string; row: number | null }) => number | undefined,
    places: number,
    window: Window,
  ): Float64Array {
    const { policy, random } = this.#options;
    return countUnits(this.#kept(false, window), placeOf, places, policy, random);
  }

  sample(sample: Sample, rows: ReadonlyMap<number, number>, window: Window, run: string): Selection {
    const { policy, random } = this.#options;
    const errors = this.#errors.run === run ? this.#errors.of : new Map<number, number>();
    const records = this.#kept(false, window)
      .filter(({ row }) => row !== null && rows.has(row))
      .map((record) => ({ ...record, error: errors.get(record.n) }));
    return selectUnits(records, sample, policy, random);
  }

  keepErrors(run: string, { ids, errors }: Errors): void {
    if (this.#errors.run !== run) this.#errors = { run, of: new Map() };
    ids.forEach((id, index) => {
      this.#errors.of.set(id, errors[index]!);
    });
  }

  heldOut(window: Window): Selection {
    return this.#standing(true, window);
  }

  training(window: Window): Selection {
    return this.#standing(false, window);
  }

  /** What was found to answer, of documents that stand. */
  #standing(held: boolean, window: Window): Selection {
    const { policy, random } = this.#options;
    const stands = (item: string) => this.#byItem.has(item);
    const records = this.#kept(held, window).filter(({ item, relevant }) => stands(item) && relevant);
    return selectUnits(records, { kind: 'all' }, policy, random);
  }

  /** Nobody searches here: nothing is remembered. */
  recalled(): null {
    return null;
  }

  records(ids: Uint32Array): (ShardRecord | null)[] {
    return Array.from(ids, (id) => {
      const record = this.#records.get(id);
      if (record === undefined) return null;
      const { item, relevant } = record;
      return { id, item, row: this.#labels.get(id) ?? null, ids: record.ids, relevant, query: null };
    });
  }

  cachedEmbeddings(ids: Uint32Array, key: string): (Float32Array | null)[] {
    const kept = this.#embeddings[slotOf(key)];
    return Array.from(ids, (id) => (kept.key === key ? (kept.of.get(id) ?? null) : null));
  }

  cacheEmbeddings(ids: Uint32Array, key: string, embeddings: Float32Array, width: number): void {
    const slot = slotOf(key);
    // Those of another adapter are not asked for again.
    if (this.#embeddings[slot].key !== key) this.#embeddings[slot] = keptUnder(key);
    const { of } = this.#embeddings[slot];
    ids.forEach((id, index) => void of.set(id, embeddings.slice(index * width, (index + 1) * width)));
  }

  probeTitles(active: ReadonlySet<string>, limit: number): ProbeTitle[] {
    return [...this.#options.titles]
      .filter(([item, title]) => title !== '' && !active.has(item) && this.#byItem.has(item))
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .slice(0, limit)
      .map(([item, title]) => ({ item, title }));
  }

  contributed(at: number): void {
    this.#contributions = { rounds: this.#contributions.rounds + 1, lastAt: at };
    writeJson(this.#file('contributions.json'), this.#contributions);
  }
}

interface KeptEmbeddings {
  key: string;
  of: Map<number, Float32Array>;
}

function keptUnder(key: string): KeptEmbeddings {
  return { key, of: new Map() };
}

function slotOf(key: string): 'bare' | 'adapted' {
  return isBareKey(key) ? 'bare' : 'adapted';
}
