/**
 * More of the documents that were found: a search shows one passage of each, and the sentence that answers may stand in
 * another. For the best few the regions are asked for the passages nearest to the question; a region that fails or is
 * late costs nothing but those.
 */
import { addTo } from '../shared/multimap.ts';
import { passageOrdinal } from '../shared/protocol/names.ts';
import { scoreOf } from './calibration.ts';
import { within } from './deadline.ts';
import { missing, REGION_DEADLINE_MS } from './partial.ts';
import type { SearchContext, ShownHit } from './search.ts';

/** Documents that are looked into, best first. */
const DOCUMENTS = 3;
/** Passages of each beside the one that was found. */
const PASSAGES = 2;

/** What is said of words for passages that no word was looked for in. */
const UNRANKED = { remembered: false, keyword: null, matched: [], vectorRank: null, keywordRank: null };

/** Hits with further passages of the best documents among them, best first. @param hits of `query`, best first */
export async function withSiblings(
  { services, collection, encoder, snapshot }: SearchContext,
  query: string,
  hits: readonly ShownHit[],
): Promise<ShownHit[]> {
  const long = hits.slice(0, DOCUMENTS).filter(({ passages }) => passages > 1);
  if (long.length === 0) return [...hits];
  const of = new Map<string, { item: string; ordinal: number }[]>();
  for (const { id, item, region } of long) addTo(of, region, { item, ordinal: passageOrdinal(id) });
  const { inactiveOffset } = snapshot.header;
  const embedding = await encoder.embed(query, snapshot);
  const found = await Promise.all(
    [...of].map(async ([region, passages]) => {
      const request = { of: passages, query: embedding, inactiveOffset, limit: PASSAGES };
      const work = services.region(collection, region).passages(request);
      try {
        return (await within(REGION_DEADLINE_MS, `region ${region}`, work)).hits;
      } catch (error) {
        missing(region, error, 'more of its documents is missing');
        return [];
      }
    }),
  );
  // No passage of a document counts more than the one for which it was found.
  const most = new Map(hits.map(({ item, calibrated }) => [item, calibrated]));
  const more = found.flat().map((hit) => {
    const score = hit.score ?? 0;
    const calibrated = Math.min(scoreOf(score), most.get(hit.item) ?? 0);
    return { ...hit, ...UNRANKED, rank: score, calibrated };
  });
  return [...hits, ...more].sort((a, b) => b.calibrated - a.calibrated);
}
