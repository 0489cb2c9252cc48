/**
 * A region's part of a search: texts for the edge's candidates that still stand, and what its own index finds by the words
 * of the question and by its vector: among what is newer than the edge knows, so that an upload, a change or a deletion
 * counts at once, or among everything where the edge does not have the region's passages.
 */
import { freeBuffer } from '../../shared/free-buffer.ts';
import { Bm25 } from '../../shared/index/bm25.ts';
import { BestItems } from '../../shared/index/candidates.ts';
import { fuse } from '../../shared/index/fusion.ts';
import type { PassageName } from '../../shared/index/segment.ts';
import type { WordSearch } from '../../shared/index/word-search.ts';
import { countWords } from '../../shared/index/words.ts';
import type { ItemSummary } from '../../shared/protocol/api/item.ts';
import { Filters } from '../../shared/protocol/filters.ts';
import { passageId } from '../../shared/protocol/names.ts';
import type {
  PassageAnswer,
  PassageHit,
  PassageRequest,
  SiblingRequest,
  WordsFound,
} from '../../shared/protocol/passages.ts';
import { matchesFilters } from '../../shared/retrieval/filters.ts';
import { dot } from '../../shared/retrieval/head.ts';
import type { IndexedPassage, Library } from './library.ts';

/** The test that `filters` ask for, null asking for nothing. They are read once: a test runs for many items. */
export function filterOf(filters: Filters | null): (item: ItemSummary) => boolean {
  if (filters === null) return () => true;
  const conditions = Filters.parse(filters);
  return (item) => matchesFilters(conditions, item);
}

/** An answer without what the region's log says. */
type PassagesFound = Omit<PassageAnswer, 'lifts'>;

/** What a region's passages say to a request of either kind. */
export function answerRequest(
  library: Library,
  region: string,
  request: PassageRequest | SiblingRequest,
): PassagesFound {
  if (!('of' in request)) return answerPassages(library, region, request);
  return { hits: siblingPassages(library, region, request), words: null };
}

/** Passages of one item that words may find: the best by words need not be the best of all. */
const PASSAGES_OF_ITEM = 3;
/** So many passages are read through for their words; the index of more is opened. */
const FEW = 32;
/** Items that words find beyond those wanted: the edge weighs the words by the whole collection. */
const SPARE_ITEMS = 8;

/**
 * Without words at most `contenders` of the candidates, best first, and about twice as many of what is newer. With words all
 * candidates that stand, and the best by words; the best of everything are returned.
 */
export function answerPassages(library: Library, region: string, request: PassageRequest): PassagesFound {
  const answer = new Answer(library, region, request);
  answer.addCandidates();
  if (request.fresh) answer.addFound();
  answer.addWanted();
  const found = answer.finish();
  answer.release();
  return found;
}

interface Scored<P = IndexedPassage> {
  passage: P;
  score: number;
}

interface Found {
  passage: IndexedPassage;
  score: number | null;
  words: WordsFound | null;
}

class Answer {
  readonly #library: Library;
  readonly #region: string;
  readonly #request: PassageRequest;
  readonly #wanted: (item: ItemSummary) => boolean;
  readonly #items = new Map<string, ItemSummary | null>();
  /** By the passage's id. */
  readonly #found = new Map<string, Found>();
  /** What the edge does not know, where it knows the rest and that is few: their words are counted in their texts. */
  readonly #few: IndexedPassage[] | null;
  /** Null where no words are looked for in the index. */
  readonly #search: WordSearch | null;
  /** By this region's own frequencies: good enough to choose by, and the edge counts anew. */
  readonly #bm25: Bm25 | null;

  constructor(library: Library, region: string, request: PassageRequest) {
    this.#library = library;
    this.#region = region;
    this.#request = request;
    this.#wanted = filterOf(request.filters);
    const { terms, isIndexed, fresh, watermark } = request;
    this.#few = isIndexed && terms.length > 0 ? (fresh ? firstOf(library.since(watermark), FEW) : []) : null;
    this.#search = terms.length === 0 || this.#few !== null ? null : library.segments.search(terms);
    this.#bm25 = this.#search && new Bm25(this.#search.statistics);
  }

  addCandidates(): void {
    const { candidates, contenders, watermark, query } = this.#request;
    for (const { item, ordinal, score } of candidates) {
      // Every candidate is another item, the best first: unless words add to some, those that follow cannot be shown.
      if (this.#search === null && this.#found.size >= contenders) break;
      if (this.#item(item) === null) continue;
      const passage = this.#library.passage(item, ordinal);
      // Newer than the edge knows: it found an earlier text, and this one is scored below.
      if (passage !== null && passage.seq <= watermark)
        this.#add(passage, score ?? (query === null ? null : this.#cosine(query, passage)));
    }
  }

  /** What is newer than the snapshot, and what has the words. */
  addFound(): void {
    const { query, limit, isIndexed } = this.#request;
    if (this.#few !== null) {
      for (const passage of this.#few) {
        const hasWords = this.#wordsOf(passage)!.frequencies.some((frequency) => frequency > 0);
        if (query !== null) this.#add(passage, this.#cosine(query, passage));
        else if (hasWords) this.#add(passage, null);
      }
      return;
    }
    if (query !== null) {
      const found = isIndexed ? this.#newer(query) : this.#nearest(query);
      for (const { passage, score } of bestOfItems(found, 2 * limit + 32)) this.#add(passage, score);
    }
    if (this.#bm25 === null) return;
    const passagesOf = new Map<string, number>();
    this.#search?.best(this.#bm25, limit + SPARE_ITEMS, ({ name: { item, ordinal, hash } }) => {
      const before = passagesOf.get(item) ?? 0;
      if (before === PASSAGES_OF_ITEM || this.#item(item) === null) return false;
      const passage = this.#library.passage(item, ordinal);
      if (passage === null || passage.hash !== hash) return false;
      passagesOf.set(item, before + 1);
      const id = passageId(item, ordinal);
      if (!this.#found.has(id)) this.#add(passage, query === null ? null : this.#cosine(query, passage));
      return before === 0;
    });
  }

  #newer(query: Float32Array): Scored[] {
    const { limit, watermark } = this.#request;
    let newer: Scored[] = [];
    for (const passage of this.#library.since(watermark)) {
      // Before the best are chosen: what a filter refuses must not take the place of what it lets pass.
      if (this.#request.filters !== null && this.#item(passage.item) === null) continue;
      newer.push({ passage, score: this.#cosine(query, passage) });
      // Only the best can be shown: a large upload must not pile up in memory.
      if (newer.length >= 4 * limit + 64) newer = bestOfItems(newer, 2 * limit + 32);
    }
    return newer;
  }

  /** The best of everything, estimated first and then scored exactly; those of an earlier version's that wait for their index, too. */
  #nearest(query: Float32Array): Scored[] {
    const { limit, filters, inactiveOffset } = this.#request;
    const best = new BestItems(limit);
    const scored: (Scored<PassageName> & { fused: number })[] = [];
    const words = this.#wordScores();
    this.#library.segments.nearest({ query, words }, (passage) => {
      const isWanted = filters === null || this.#item(passage.item) !== null;
      const embedding = isWanted ? this.#library.embedding(passage) : null;
      if (embedding !== null) {
        const score = dot(query, embedding) + inactiveOffset;
        // Of up to two thousand candidates, which would wait for a collection together.
        freeBuffer(embedding);
        const fused = this.#fused({ score, words: this.#search?.find(passage) ?? null });
        scored.push({ passage, score, fused });
        best.add(passage.item, fused);
      }
      return best.floor - inactiveOffset;
    });
    if (words !== null) freeBuffer(words);
    // Texts are read of those alone that may be shown.
    const shown = bestOfItems(scored, limit + SPARE_ITEMS, ({ fused }) => fused);
    const found = shown.flatMap(({ passage: { item, ordinal }, score }): Scored[] => {
      const passage = this.#library.passage(item, ordinal);
      return passage === null ? [] : [{ passage, score }];
    });
    for (const passage of this.#library.unindexed()) {
      if (filters !== null && this.#item(passage.item) === null) continue;
      found.push({ passage, score: this.#cosine(query, passage) });
    }
    return found;
  }

  /** What the question's words add to the score of every passage of the index; null where none are asked for. */
  #wordScores(): Float32Array | null {
    if (this.#search === null || this.#bm25 === null) return null;
    const scores = this.#search.scores(this.#bm25);
    for (let row = 0; row < scores.length; row++) scores[row]! *= this.#request.wordWeight;
    return scores;
  }

  /** The best passage of each item that is wanted, by its own embedding. */
  addWanted(): void {
    const { query, wanted } = this.#request;
    if (query === null) return;
    for (const key of wanted) {
      if (this.#item(key) === null) continue;
      const scored = this.#library
        .passagesOf(key)
        .flatMap((passage) => (passage.embedding === null ? [] : [passage as IndexedPassage]))
        .map((passage) => ({ passage, score: this.#cosine(query, passage) }));
      const [best] = bestOfItems(scored, 1);
      if (best !== undefined) this.#add(best.passage, best.score);
    }
  }

  finish(): PassagesFound {
    const { limit, watermark, isIndexed, baseQuery } = this.#request;
    const ranked = [...this.#found.values()]
      .map((found) => ({ ...found, fused: this.#fused(found) }))
      .sort((x, y) => y.fused - x.fused);
    // What the edge does not know is many passages, of which it shows the best.
    const isMany = this.#search !== null || !isIndexed;
    const kept = isMany ? ranked.slice(0, 2 * limit + SPARE_ITEMS) : ranked;
    const hits = kept.flatMap(({ passage, score, words }): PassageHit[] => {
      const item = this.#item(passage.item);
      if (item === null) return [];
      const baseScore = baseQuery === null ? null : dot(baseQuery, passage.embedding);
      const scores = { baseScore, score, newer: passage.seq > watermark, words };
      return [hitOf(this.#expanded(passage, item.title), item, scores)];
    });
    return { hits, words: this.#search?.statistics ?? null };
  }

  /** Frees what was looked up. */
  release(): void {
    this.#search?.release();
  }

  #add(passage: IndexedPassage, score: number | null): void {
    const words = this.#wordsOf(passage);
    this.#found.set(passageId(passage.item, passage.ordinal), { passage, score, words });
  }

  #wordsOf(passage: IndexedPassage): WordsFound | null {
    if (!this.#few?.includes(passage)) return this.#search?.find(passage) ?? null;
    const { counts, length } = countWords(passage.text);
    return { length, frequencies: this.#request.terms.map((term) => counts.get(term) ?? 0) };
  }

  /** With the texts of the neighbours that are asked for; the title, which is above each, is said once. */
  #expanded(passage: IndexedPassage, title: string): IndexedPassage {
    const { expansion } = this.#request;
    if (expansion === 0) return passage;
    const all = [passage, ...this.#library.around(passage.item, passage.ordinal, expansion)];
    const texts = all.sort((a, b) => a.ordinal - b.ordinal).map(({ text }) => text);
    const isSaid = (text: string, index: number) => index > 0 && title !== '' && text.startsWith(title);
    const below = (text: string) => text.slice(title.length).replace(/^[:\s]+/, '');
    const text = texts.map((each, index) => (isSaid(each, index) ? below(each) : each)).join('\n\n');
    // A layout says what the blocks of the passage alone are.
    return { ...passage, text, layout: null };
  }

  /** As plain search scores it, with what rows are given that never learned. */
  #cosine(query: Float32Array, { embedding }: IndexedPassage): number {
    return dot(query, embedding) + this.#request.inactiveOffset;
  }

  #fused({ score, words }: Pick<Found, 'score' | 'words'>): number {
    const share = words === null || this.#bm25 === null ? 0 : this.#bm25.score(words);
    return score === null ? share : fuse(score, share, this.#request.wordWeight);
  }

  /** Null of one that is gone, or that the filters refuse. */
  #item(key: string): ItemSummary | null {
    let item = this.#items.get(key);
    if (item === undefined) {
      item = this.#library.summary(key, this.#region);
      if (item !== null && !this.#wanted(item)) item = null;
      this.#items.set(key, item);
    }
    return item;
  }
}

function hitOf(
  { item: key, ordinal, text, layout }: IndexedPassage,
  { region, title, metadata, timestamp, passages }: ItemSummary,
  scores: Pick<PassageHit, 'baseScore' | 'score' | 'newer' | 'words'>,
): PassageHit {
  const id = passageId(key, ordinal);
  return { id, item: key, region, title, text, layout, passages, metadata, timestamp, ...scores };
}

/** Passages that are compared on each side of one that was found: a long document has thousands. */
const REACH = 12;

/**
 * What items that were found say beside the passage that was: their nearest other passages, best first, by their own
 * embeddings.
 */
function siblingPassages(library: Library, region: string, request: SiblingRequest): PassageHit[] {
  const { query, inactiveOffset, limit } = request;
  return request.of.flatMap(({ item, ordinal }) => {
    const summary = library.summary(item, region);
    if (summary === null) return [];
    const near = Array.from(library.around(item, ordinal, REACH), (passage) => ({
      passage,
      score: dot(query, passage.embedding) + inactiveOffset,
    }));
    const best = near.sort((x, y) => y.score - x.score).slice(0, limit);
    const unknown = { baseScore: null, newer: false, words: null };
    return best.map(({ passage, score }) => hitOf(passage, summary, { ...unknown, score }));
  });
}

/** All of them; null where there are more than `most`. */
function firstOf<T>(all: Iterable<T>, most: number): T[] | null {
  const found: T[] = [];
  for (const each of all) {
    if (found.length === most) return null;
    found.push(each);
  }
  return found;
}

/** The best passage of each of the best `keep` items: one long document must not take the place of the others. */
function bestOfItems<S extends Scored<{ item: string }>>(
  found: readonly S[],
  keep: number,
  rank = ({ score }: S): number => score,
): S[] {
  const seen = new Set<string>();
  const ranked = [...found].sort((x, y) => rank(y) - rank(x));
  return ranked.filter(({ passage: { item } }) => !seen.has(item) && seen.add(item)).slice(0, keep);
}

/** Items in the order of their keys, after one of them, that pass the filters. */
export function listItems(
  library: Library,
  region: string,
  { after, limit, filters }: { after: string | null; limit: number; filters: Filters | null },
): ItemSummary[] {
  const wanted = filterOf(filters);
  const found: ItemSummary[] = [];
  for (const item of library.summaries(after, region)) {
    if (wanted(item)) found.push(item);
    if (found.length === limit) break;
  }
  return found;
}
