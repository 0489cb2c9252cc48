/**
 * The hub's own judgement of a candidate, before its participants are asked: questions that the operator uploaded, answered
 * as a search does, and titles of the hub's own documents, by vectors alone, since words find a title whatever was learned.
 * It goes in slices of bounded tokens, a snapshot at a time, and what it says is a
 * veto: a version that does worse is not put to the gate, which costs privacy.
 */
import type { Engine } from '../../models/engine.ts';
import { workerProducts } from '../../models/scoring/worker-products.ts';
import { freeBuffer } from '../../shared/free-buffer.ts';
import { Postings } from '../../shared/index/postings.ts';
import { questionTerms } from '../../shared/index/words.ts';
import { addTo } from '../../shared/multimap.ts';
import { GateQuestion } from '../../shared/participant/gate-scores.ts';
import { adapterOf } from '../../shared/participant/query-embeddings.ts';
import type { EvaluationInfo, EvaluationSet, OwnJudgement } from '../../shared/protocol/api/evaluation.ts';
import type { CollectionSettings } from '../../shared/protocol/settings.ts';
import { decodeSnapshot } from '../../shared/protocol/snapshot.ts';
import { ownVeto } from '../../shared/round/own-veto.ts';
import type { IndexedWords } from '../region/segments.ts';
import { Blobs } from '../sql.ts';
import { Values } from '../values.ts';
import { sameRows } from './gate-spec.ts';
import { RUN_BLOBS } from './training-state.ts';
import type { SnapshotContext, Versions } from './versions.ts';
import { wordsOfRows } from './word-table.ts';

const SET = 'evaluation';
const PROGRESS = 'ownJudgement';
/** The words of all passages, of the rows at one change of their table; gone with the run, however it ends. */
const wordsName = (rowsAt: number): string => `${RUN_BLOBS}own-words/${rowsAt}`;
/** Kept by whoever takes this object's place. */
export const KEPT_EVALUATION = SET;
/** Tokens of one slice: a few seconds of work. */
const SLICE_TOKENS = 4096;
/** Titles that the hub asks at most. */
const MOST_TITLES = 200;

interface Kept {
  uploadedAt: number;
  questions: { query: string; items: string[] }[];
}

/** A question or a title, and the documents that answer it. */
interface Asked {
  text: string;
  items: string[];
}

/** Who answers what, and the figure that its right answers are. */
interface Pass {
  figure: 'right' | 'serving' | 'found' | 'mips';
  version: number;
  asks: 'questions' | 'titles';
}

interface Progress {
  run: string;
  questions: Asked[];
  titles: Asked[];
  /** What is left, the first one under way. */
  passes: Pass[];
  cursor: number;
  counts: Record<Pass['figure'], number>;
  /** Of the rows whose words are kept; null where questions are asked by vectors alone. */
  wordsAt: number | null;
  /** Snapshots that are judged, by version: all of the same rows, whatever comes while they are. */
  snapshots: Record<number, string>;
}

/** A snapshot under way was replaced more than once. */
class SnapshotGone extends Error {}

export interface OwnJudgeDeps {
  storage: DurableObjectStorage;
  versions: Versions;
  context: SnapshotContext;
  settings: CollectionSettings;
  engine: () => Promise<Engine>;
  /** Titles of the hub's own documents. */
  titles: () => Promise<{ item: string; title: string }[]>;
  /** The words of all passages, region by region; null of one that did not answer, or has too many. */
  words: () => Promise<(IndexedWords[] | null)[]>;
}

export type OwnVerdict =
  | { done: false }
  /** Null where there was nothing to ask. */
  | { done: true; figures: OwnJudgement | null; veto: string | null };

export class OwnJudge {
  readonly #deps: OwnJudgeDeps;
  readonly #values: Values;
  readonly #blobs: Blobs;

  constructor(deps: OwnJudgeDeps) {
    this.#deps = deps;
    this.#values = new Values(deps.storage);
    this.#blobs = new Blobs(deps.storage);
  }

  /** One slice of work. May be repeated. */
  async step(run: string, candidate: number, serving: number): Promise<OwnVerdict> {
    const kept = this.#values.get<Progress>(PROGRESS);
    const progress =
      kept?.run === run && kept.snapshots !== undefined ? kept : await this.#begin(run, candidate, serving);
    const [pass] = progress.passes;
    if (pass !== undefined) {
      this.#values.set(PROGRESS, await this.#slice(progress, pass).catch(anew));
      return { done: false };
    }
    this.#values.delete(PROGRESS);
    const figures: OwnJudgement = {
      ...progress.counts,
      questions: progress.questions.length,
      titles: progress.titles.length,
    };
    if (figures.questions + figures.titles === 0) return { done: true, figures: null, veto: null };
    return { done: true, figures, veto: ownVeto(figures, this.#deps.settings.gate) };
  }

  async #begin(run: string, candidate: number, serving: number): Promise<Progress> {
    const rows = await sameRows([candidate, serving, 0], this.#deps);
    const [{ rows_at: rowsAt, hash }] = rows;
    const same = rows.every(({ rows_at }) => rows_at === rowsAt);
    const regions = this.#values.get<Kept>(SET) === null || !same ? [null] : await this.#deps.words();
    const { snapshot, free } = this.#snapshot(hash);
    const words = wordsOfRows(snapshot, regions);
    if (words !== null) this.#blobs.put(wordsName(rowsAt), words);
    const standing = new Set(snapshot.items);
    const learned = new Set(snapshot.items.filter((_, row) => snapshot.active[row] === 1));
    free();
    const questions = (this.#values.get<Kept>(SET)?.questions ?? []).flatMap(({ query, items }) => {
      const there = items.filter((item) => standing.has(item));
      return there.length === 0 ? [] : [{ text: query, items: there }];
    });
    const titles = (await this.#deps.titles())
      .filter(({ item }) => standing.has(item) && !learned.has(item))
      .slice(0, MOST_TITLES)
      .map(({ item, title }) => ({ text: title, items: [item] }));
    const asked = { questions, titles };
    const passes: Pass[] = [
      { figure: 'right', version: candidate, asks: 'questions' },
      { figure: 'serving', version: serving, asks: 'questions' },
      { figure: 'found', version: candidate, asks: 'titles' },
      { figure: 'mips', version: 0, asks: 'titles' },
    ];
    const counts = { right: 0, serving: 0, found: 0, mips: 0 };
    const due = passes.filter(({ asks }) => asked[asks].length > 0);
    const snapshots = Object.fromEntries(rows.map((row) => [row.version, row.hash]));
    const wordsAt = words === null ? null : rowsAt;
    return { run, ...asked, passes: due, cursor: 0, counts, wordsAt, snapshots };
  }

  /** Words that were gathered of these rows for this run: the gate goes by them, too. */
  wordsOf(rowsAt: number): Uint8Array | null {
    return this.#blobs.get(wordsName(rowsAt));
  }

  async #slice(progress: Progress, { figure, version, asks }: Pass): Promise<Progress> {
    const { passes, cursor, counts } = progress;
    const asked = progress[asks];
    const engine = await this.#deps.engine();
    const tokens: Int32Array[] = [];
    for (let total = 0; cursor + tokens.length < asked.length && total < SLICE_TOKENS; ) {
      tokens.push(engine.tokenize(asked[cursor + tokens.length]!.text, 'query'));
      total += tokens.at(-1)!.length;
    }
    const { snapshot, free } = this.#snapshot(progress.snapshots[version]!);
    const kept = asks === 'questions' && progress.wordsAt !== null ? this.wordsOf(progress.wordsAt) : null;
    const searched = { snapshot, words: kept && new Postings(kept), products: workerProducts };
    const { width } = engine.info;
    const adapter = adapterOf(snapshot.header.adapter, snapshot.adapter, width);
    const embedded = await engine.embed(tokens, adapter, { priority: 'background' });
    const right = tokens.filter((_, index) => {
      const { text, items } = asked[cursor + index]!;
      const embedding = embedded.subarray(index * width, (index + 1) * width);
      const found = new GateQuestion(searched, embedding, [...questionTerms(text).keys()]).first(
        snapshot.header.serving,
      );
      return found !== null && items.includes(found);
    }).length;
    free();
    const next = cursor + tokens.length;
    return {
      ...progress,
      counts: { ...counts, [figure]: counts[figure] + right },
      ...(next < asked.length ? { cursor: next } : { passes: passes.slice(1), cursor: 0 }),
    };
  }

  /** Many megabytes: whoever has read it gives it back. */
  #snapshot(hash: string) {
    const bytes = this.#deps.versions.snapshotNamed(hash);
    if (bytes === null) throw new SnapshotGone(`snapshot ${hash} is gone`);
    return { snapshot: decodeSnapshot(bytes), free: () => freeBuffer(bytes) };
  }
}

/** What has gone meanwhile is judged from the beginning, with the rows of then. */
function anew(error: unknown): null {
  if (error instanceof SnapshotGone) return null;
  throw error;
}

/** The set that an operator uploaded; another one replaces it. */
export class Evaluation {
  readonly #values: Values;

  constructor(storage: DurableObjectStorage) {
    this.#values = new Values(storage);
  }

  /** @param set null: from now on there is none */
  put(set: EvaluationSet | null, now: number): EvaluationInfo {
    if (set === null) this.#values.delete(SET);
    else {
      const items = new Map<string, string[]>();
      for (const { query_id, corpus_id, score } of set.qrels) {
        if (score > 0) addTo(items, query_id, corpus_id);
      }
      const questions = set.queries.map(({ _id, text }) => ({ query: text, items: items.get(_id) ?? [] }));
      this.#values.set(SET, { uploadedAt: now, questions } satisfies Kept);
    }
    return this.info();
  }

  info(): EvaluationInfo {
    const kept = this.#values.get<Kept>(SET);
    return { questions: kept?.questions.length ?? 0, uploaded_at: kept?.uploadedAt ?? null };
  }
}
