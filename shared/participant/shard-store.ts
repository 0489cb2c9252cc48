/**
 * What a participant needs from its shard, whatever stores it: SQLite in a Region, files or memory elsewhere.
 * Calls are synchronous, so that what happens between two awaits is one transaction for a Durable Object.
 */

import type { Lift } from '../protocol/passages.ts';
import type { RoundSpec, RowEntry, Sample } from '../protocol/rounds.ts';
import type { Selection } from './unit-selection.ts';

/** Which records a round reads: those that arrived after `from`, up to `startedAt`. */
export type Window = Pick<RoundSpec, 'from' | 'startedAt'>;

/** How far the answers of records were from certain, 0 to 1, in the order of `ids`. */
export interface Errors {
  ids: readonly number[];
  errors: readonly number[];
}

/** A piece of work in progress. It survives the process: everything needed to go on is in it or in its blobs. */
export interface Job {
  /** `RUN_VERSION` of the code that began it; work of another is not gone on with. */
  version: string;
  spec: RoundSpec;
  phase: 'label' | 'work' | 'upload' | 'ready' | 'secure';
  /** Next unit; while it labels, the next piece of documents. */
  cursor: number;
  /** Units chosen for this round. */
  units: number;
  /** Tokens worked through: what slices are bounded by. */
  tokens: number;
  probe: { titles: number; found: number; mips: number } | null;
}

/** A query record as it is kept. */
export interface ShardRecord {
  id: number;
  item: string;
  /** The passage that it is about; null while that is not known. */
  row: number | null;
  /** Whether the row answers it, or does not. */
  relevant: boolean;
  ids: Int32Array;
  /** As it was asked; null where the store keeps tokens alone. */
  query: string | null;
}

/** A query record as training sees it. `row` is the passage that it is about. */
export interface TrainingRecord {
  id: number;
  row: number;
  /** Whether the row answers it, or does not. */
  relevant: boolean;
  ids: Int32Array;
  /** One over the records of its unit in this round. */
  weight: number;
}

/** A record whose document has several passages: its row is the one nearest to the query in the base encoder. */
export interface UnlabelledRecord {
  id: number;
  item: string;
  ids: Int32Array;
}

/** A document's title with which the probe asks for the document. */
export interface ProbeTitle {
  item: string;
  title: string;
}

/** What the log of a store that remembers lifts for one of its own questions, without the unit that asked it. */
export interface Recalled {
  asked: Lift[];
  /** And without all that is logged about the question's own document. */
  unasked: Lift[];
}

export interface ShardStore {
  job(): Job | null;
  /** Saves the job and, in the same transaction, the byte strings given (null deletes one). */
  saveJob(job: Job, blobs?: Record<string, Uint8Array | null>): void;
  /** Forgets the job and all its byte strings. */
  clearJob(): void;
  /** The caller's own: it may be written to, and the store keeps what it has. */
  blob(name: string): Uint8Array | null;
  putBlob(name: string, bytes: Uint8Array): void;

  /** From now on rows are those of this table. Of another one than before nothing is known: rows and labels go. */
  mirror(lineage: string): void;
  rowsAt(): number;
  /** How much is kept of it. Reads all rows. */
  rowsKept(): { rows: number; keyBytes: number };
  /**
   * Takes over changes of the coordinator's row table. Labels that refer to removed rows are forgotten, and those of an
   * item that has a new row: it may be nearer.
   */
  applyRows(entries: readonly RowEntry[], upTo: number): void;
  /** The documents that rows belong to, in order of their keys, each with all its rows in order. */
  documentsOf(rows: Iterable<number>): { item: string; rows: number[] }[];
  /** Labels records whose document has one passage: they need no encoder. */
  labelSingles(): void;
  /** Up to `limit` records without a label about one of these documents. */
  unlabelled(items: readonly string[], limit: number): UnlabelledRecord[];
  label(labels: readonly { id: number; row: number }[]): void;
  /** Names what was labelled last; null before the first. */
  labelled(): string | null;
  setLabelled(key: string): void;

  /**
   * For each place the units that ask for it (`relevant`), each with weight one over its records. Here and below only
   * records count whose unit arrived within the window, and that were within the retention time at its end.
   * @param placeOf a record's coordinate; undefined where it has none
   */
  countUnits(
    placeOf: (record: { item: string; row: number | null }) => number | undefined,
    places: number,
    window: Window,
  ): Float64Array;
  /**
   * The records of the units in the sample, in order of token length (so that microbatches fill), only with rows in
   * `rows`. A unit that is one record has weight 1; one of n records gives each weight 1/n; one that stands for others
   * has more.
   * @param run whose errors count
   */
  sample(sample: Sample, rows: ReadonlyMap<number, number>, window: Window, run: string): Selection;
  /** What a run's model made of records. A store may forget it, and knows that of one run alone. */
  keepErrors(run: string, of: Errors): void;
  /** Those that judge, of documents that stand: relevant ones only, for a retriever is right by what it finds. */
  heldOut(window: Window): Selection;
  /** As those that judge, of the units that train. */
  training(window: Window): Selection;
  /** @param query base embedding of the record's question; null where nothing is remembered */
  recalled(record: number, query: Float32Array): Recalled | null;
  /** In the order of `ids`; null where a record is gone. */
  records(ids: Uint32Array): (ShardRecord | null)[];

  /** Query embeddings made under the parameters named `key`; null where there is none. */
  cachedEmbeddings(ids: Uint32Array, key: string): (Float32Array | null)[];
  /** Also for every other record with the same tokens, where the store can tell. */
  cacheEmbeddings(ids: Uint32Array, key: string, embeddings: Float32Array, width: number): void;

  /** Titles of own items that are not in `active`, at most `limit`, always the same ones. */
  probeTitles(active: ReadonlySet<string>, limit: number): ProbeTitle[];
  contributed(at: number): void;
}
