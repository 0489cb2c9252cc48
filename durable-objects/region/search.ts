/**
 * A region's part of a search: texts for the edge's candidates that still stand, and scores for passages that are
 * newer than the snapshot, so that an upload, a change or a deletion counts at once.
 */
import type { ItemSummary } from '../../shared/protocol/api/item.ts';
import { Filters } from '../../shared/protocol/filters.ts';
import { passageId } from '../../shared/protocol/names.ts';
import type { PassageHit, PassageRequest, SiblingRequest } from '../../shared/protocol/passages.ts';
import { matchesFilters } from '../../shared/retrieval/filters.ts';
import { dot } from '../../shared/retrieval/head.ts';
import type { IndexedPassage, Library } from './library.ts';

/** The test that `filters` ask for, null asking for nothing. They are read once: a test runs for many items. */
export function filterOf(filters: Filters | null): (item: ItemSummary) => boolean {
  if (filters === null) return () => true;
  const conditions = Filters.parse(filters);
  return (item) => matchesFilters(conditions, item);
}

/** What a region's passages say to a request of either kind. */
export function passageHits(
  library: Library,
  region: string,
  request: PassageRequest | SiblingRequest,
): PassageHit[] {
  return 'of' in request
    ? siblingPassages(library, region, request)
    : answerPassages(library, region, request);
}

/** At most `limit` of the candidates, best first, and about twice as many of what is newer. */
export function answerPassages(library: Library, region: string, request: PassageRequest): PassageHit[] {
  const hits: PassageHit[] = [];
  const wanted = filterOf(request.filters);
  const items = new Map<string, ItemSummary | null>();
  const itemOf = (key: string): ItemSummary | null => {
    let item = items.get(key);
    if (item === undefined) {
      item = library.summary(key, region);
      if (item !== null && !wanted(item)) item = null;
      items.set(key, item);
    }
    return item;
  };
  const add = (passage: IndexedPassage, score: number): void => {
    const item = itemOf(passage.item);
    if (item === null) return;
    const baseScore = request.baseQuery === null ? null : dot(request.baseQuery, passage.embedding);
    hits.push(hitOf(passage, item, { baseScore, score }));
  };
  for (const candidate of request.candidates) {
    // Every candidate is another item, the best first: those that follow cannot be shown.
    if (hits.length >= request.limit) break;
    if (itemOf(candidate.item) === null) continue;
    const passage = library.passage(candidate.item, candidate.ordinal);
    // Newer than the snapshot: its row is of an earlier text, and it is scored below.
    if (passage === null || passage.seq > request.watermark) continue;
    add(passage, candidate.score);
  }
  if (!request.fresh) return hits;
  let fresh: { passage: IndexedPassage; score: number }[] = [];
  let last = { key: '', shown: false };
  for (const passage of library.since(request.watermark)) {
    // Before the best are chosen: what a filter refuses must not take the place of what it lets pass.
    if (request.filters !== null && last.key !== passage.item) {
      const item = library.summary(passage.item, region);
      last = { key: passage.item, shown: item !== null && wanted(item) };
    }
    if (request.filters !== null && !last.shown) continue;
    const score = dot(request.query, passage.embedding) + request.inactiveOffset;
    fresh.push({ passage, score });
    // Only the best can be shown: a large upload must not pile up in memory.
    if (fresh.length >= 4 * request.limit + 64) fresh = bestOfItems(fresh, 2 * request.limit + 32);
  }
  for (const { passage, score } of bestOfItems(fresh, 2 * request.limit + 32)) add(passage, score);
  return hits.sort((x, y) => y.score - x.score);
}

function hitOf(
  { item: key, ordinal, text, layout }: IndexedPassage,
  { region, title, metadata, timestamp, passages }: ItemSummary,
  scores: Pick<PassageHit, 'baseScore' | 'score'>,
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
    const hits = Array.from(library.around(item, ordinal, REACH), (passage) =>
      hitOf(passage, summary, { baseScore: null, score: dot(query, passage.embedding) + inactiveOffset }),
    );
    return hits.sort((x, y) => y.score - x.score).slice(0, limit);
  });
}

/** The best passage of each of the best `keep` items: one long document must not take the place of the others. */
function bestOfItems<T extends { passage: IndexedPassage; score: number }>(
  found: readonly T[],
  keep: number,
): T[] {
  const seen = new Set<string>();
  const ranked = [...found].sort((x, y) => y.score - x.score);
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
