/**
 * A region's part of a search: texts for the edge's candidates that still stand, and scores for passages that are
 * newer than the snapshot, so that an upload, a change or a deletion counts at once.
 */
import type { Item, PassageHit, PassageRequest } from '../../shared/protocol/items.ts';
import { passageId } from '../../shared/protocol/names.ts';
import { Filters, matchesFilters as matches } from '../../shared/retrieval/filters.ts';
import { dot } from '../../shared/retrieval/head.ts';
import type { Library, StoredPassage } from './library.ts';

export function matchesFilters(filters: unknown, item: Item): boolean {
  if (filters === null || filters === undefined) return true;
  return matches(Filters.parse(filters), item);
}

export function answerPassages(library: Library, region: string, request: PassageRequest): PassageHit[] {
  const hits: PassageHit[] = [];
  const items = new Map<string, Item | null>();
  const itemOf = (key: string): Item | null => {
    let item = items.get(key);
    if (item === undefined) {
      item = library.item(key, region);
      if (item !== null && !matchesFilters(request.filters, item)) item = null;
      items.set(key, item);
    }
    return item;
  };
  const add = (passage: StoredPassage, score: number): void => {
    const item = itemOf(passage.item);
    if (item === null) return;
    hits.push({
      id: passageId(passage.item, passage.ordinal),
      item: passage.item,
      region,
      title: item.title,
      text: passage.text,
      metadata: item.metadata,
      timestamp: item.timestamp,
      baseScore: request.baseQuery === null ? null : dot(request.baseQuery, passage.embedding),
      score,
    });
  };
  for (const candidate of request.candidates) {
    const passage = library.passage(candidate.item, candidate.ordinal);
    // Newer than the snapshot: its row is of an earlier text, and it is scored below.
    if (passage === null || passage.seq > request.watermark) continue;
    add(passage, candidate.score);
  }
  const fresh: { passage: StoredPassage; score: number }[] = [];
  for (const passage of library.since(request.watermark)) {
    const score = dot(request.query, passage.embedding) + request.inactiveOffset;
    fresh.push({ passage, score });
    // Only the best can be shown: a large upload must not pile up in memory.
    if (fresh.length >= 4 * request.limit + 64) prune(fresh, 2 * request.limit + 32);
  }
  prune(fresh, 2 * request.limit + 32);
  for (const { passage, score } of fresh) add(passage, score);
  return hits.sort((x, y) => y.score - x.score);
}

function prune(fresh: { score: number }[], keep: number): void {
  fresh.sort((x, y) => y.score - x.score);
  fresh.length = Math.min(fresh.length, keep);
}
