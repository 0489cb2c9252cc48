/**
 * Which passage each query record is about: of its document's passages the one nearest to the query in the base encoder.
 * What is asked of the coordinator follows from the round and the row table alone. Everybody fetches all passages of the
 * documents in question, in one order and in pieces of one size, whatever its records are about, once in a run.
 */
import type { Engine } from '../../models/engine.ts';
import { runOf } from '../certificate/round-log.ts';
import { numbersIn, toHex } from '../crypto/bytes.ts';
import { hashJson } from '../crypto/hash.ts';
import { MOST_ROWS_OF_DOCUMENT } from '../protocol/round-limits.ts';
import type { RoundSpec } from '../protocol/rounds.ts';
import type { CoordinatorPort } from './coordinator-port.ts';
import { bareEncoder, queryEmbeddings } from './query-embeddings.ts';
import type { Job, ShardStore } from './shard-store.ts';
import type { StateCache } from './state-cache.ts';

/** Passages of one request, more only where one document has more. */
const PASSAGES = 512;
/** Records of one step. */
const RECORDS = 64;
/** Byte string of the passages at hand. */
const AT_HAND = 'passages';

/** A document of several passages, in order. */
interface Document {
  item: string;
  rows: number[];
}

export interface LabelDeps {
  store: ShardStore;
  port: Pick<CoordinatorPort, 'rowEmbeddings'>;
  engine: () => Promise<Engine>;
  states: StateCache;
}

/** Goes through the documents of one round after the other; one at a time is kept in mind. */
export class Labelling {
  readonly #deps: LabelDeps;
  #pieces: { round: string; key: string; of: Document[][] } | null = null;

  constructor(deps: LabelDeps) {
    this.#deps = deps;
  }

  /** Does one bounded step. @returns the job as it goes on, in the phase `work` once all is labelled */
  async step(job: Job): Promise<{ job: Job; blobs: Record<string, Uint8Array | null> }> {
    const { store, engine } = this.#deps;
    const { key, of } = await this.#piecesOf(job.spec);
    const piece = store.labelled() === key ? undefined : of[job.cursor];
    if (piece === undefined) {
      store.setLabelled(key);
      return { job: { ...job, phase: 'work', cursor: 0, units: 0 }, blobs: { [AT_HAND]: null } };
    }
    const stored = store.blob(AT_HAND);
    if (stored === null) {
      const passages = await this.#passagesOf(piece);
      return { job, blobs: { [AT_HAND]: new Uint8Array(passages.slice().buffer) } };
    }
    const passages = numbersIn(stored, Float32Array);
    const records = store.unlabelled(
      piece.map(({ item }) => item),
      RECORDS,
    );
    if (records.length === 0) return { job: { ...job, cursor: job.cursor + 1 }, blobs: { [AT_HAND]: null } };
    const ready = await engine();
    const { width, sha256 } = ready.info;
    const queries = await queryEmbeddings({ store, engine: ready }, records, bareEncoder(sha256));
    const places = placesOf(piece);
    store.label(
      records.map(({ id, item }, index) => {
        const query = queries.subarray(index * width, (index + 1) * width);
        return { id, row: nearest(query, places.get(item)!, passages, width) };
      }),
    );
    const tokens = records.reduce((sum, { ids }) => sum + ids.length, 0);
    return { job: { ...job, tokens: job.tokens + tokens }, blobs: {} };
  }

  /** @throws RangeError for what is not one embedding of this encoder for each passage */
  async #passagesOf(piece: readonly Document[]): Promise<Float32Array> {
    const { port, engine } = this.#deps;
    const rows = piece.flatMap((document) => document.rows);
    // More than one document is a piece of ordinary size.
    if (rows.length > MOST_ROWS_OF_DOCUMENT) {
      throw new RangeError(
        `rows: ${rows.length} of one document, where at most ${MOST_ROWS_OF_DOCUMENT} are taken`,
      );
    }
    const { width } = (await engine()).info;
    const passages = await port.rowEmbeddings(rows);
    if (passages.length !== rows.length * width)
      throw new RangeError(`row embeddings: ${passages.length} numbers for ${rows.length} rows of ${width}`);
    return passages;
  }

  async #piecesOf(spec: RoundSpec): Promise<{ key: string; of: Document[][] }> {
    if (this.#pieces?.round === spec.id) return this.#pieces;
    const { store } = this.#deps;
    const documents = store.documentsOf(await this.#rowsOf(spec)).filter(({ rows }) => rows.length > 1);
    const of: Document[][] = [];
    let room = 0;
    for (const document of documents) {
      if (of.length === 0 || document.rows.length > room) {
        of.push([]);
        room = PASSAGES;
      }
      of.at(-1)!.push(document);
      room -= document.rows.length;
    }
    const key = toHex(
      hashJson('fedcar labelled', [runOf(spec.id), spec.lineage, documents.map(({ rows }) => rows)]),
    );
    this.#pieces = { round: spec.id, key, of };
    return this.#pieces;
  }

  /** Rows whose documents the round is about. */
  async #rowsOf(spec: RoundSpec): Promise<Iterable<number>> {
    const { states, engine } = this.#deps;
    if (spec.kind === 'train') {
      return (await states.rows(spec, (await engine()).info.width)).activeRows;
    }
    return spec.kind === 'count' && spec.passages !== null ? await states.numbers(spec.passages) : [];
  }
}

/** Row and place among the piece's passages, by document. */
function placesOf(piece: readonly Document[]): Map<string, { row: number; at: number }[]> {
  let at = 0;
  return new Map(piece.map(({ item, rows }) => [item, rows.map((row) => ({ row, at: at++ }))]));
}

function nearest(
  query: Float32Array,
  places: readonly { row: number; at: number }[],
  passages: Float32Array,
  width: number,
): number {
  let best = { row: places[0]!.row, score: Number.NEGATIVE_INFINITY };
  for (const { row, at } of places) {
    let score = 0;
    for (let i = 0; i < width; i++) score += query[i]! * passages[at * width + i]!;
    if (score > best.score) best = { row, score };
  }
  return best.row;
}
