/** Which rows become candidates, and how the regions' hits become one ranking by item. Pure. */
import type { PassageHit, PassageRequest } from '../shared/protocol/items.ts';
import type { Snapshot } from '../shared/protocol/snapshot.ts';
import { best, type RowScore, scoreRows } from '../shared/retrieval/scores.ts';

type Candidate = PassageRequest['candidates'][number];

/** Items asked of the regions beyond those wanted: some may have been deleted or changed since the snapshot. */
const SPARE_ITEMS = 5;
/** Rows looked at for each item wanted: passages of one item follow each other closely. */
const ROWS_PER_ITEM = 8;

/**
 * The best passage of each of the best `items + 5` items, by region. `only` restricts the search to one region.
 * @param query unit vector under the snapshot's adapter, width floats.
 */
export function candidatesByRegion(
  snapshot: Snapshot,
  query: Float32Array,
  items: number,
  only: string | null,
): Map<string, Candidate[]> {
  const scores = scoreRows(snapshot, query);
  if (only !== null) {
    const wanted = snapshot.header.regions.indexOf(only);
    for (let row = 0; row < scores.length; row++) {
      if (snapshot.regions[row] !== wanted) scores[row] = Number.NEGATIVE_INFINITY;
    }
  }
  const wanted = items + SPARE_ITEMS;
  let chosen: RowScore[] = [];
  // One long document may take most of the best rows: look at more of them until there are enough items.
  for (let rows = wanted * ROWS_PER_ITEM; ; rows *= 4) {
    chosen = bestOfEachItem(snapshot, best(scores, rows)).slice(0, wanted);
    if (chosen.length === wanted || rows >= scores.length) break;
  }
  const byRegion = new Map<string, Candidate[]>();
  for (const { row, score } of chosen) {
    const region = snapshot.header.regions[snapshot.regions[row] as number] as string;
    const list = byRegion.get(region) ?? [];
    list.push({ item: snapshot.items[row] as string, ordinal: snapshot.ordinals[row] as number, row, score });
    byRegion.set(region, list);
  }
  return byRegion;
}

function bestOfEachItem(snapshot: Snapshot, ranked: readonly RowScore[]): RowScore[] {
  const seen = new Set<string>();
  return ranked.filter(({ row, score }) => {
    const item = snapshot.items[row] as string;
    if (score === Number.NEGATIVE_INFINITY || seen.has(item)) return false;
    seen.add(item);
    return true;
  });
}

/** Best passage of each item, best item first, at most `items`; equal scores in order of passage ids. */
export function mergeHits(hits: readonly PassageHit[], items: number): PassageHit[] {
  const byItem = new Map<string, PassageHit>();
  for (const hit of hits) {
    const other = byItem.get(hit.item);
    if (other === undefined || before(hit, other) < 0) byItem.set(hit.item, hit);
  }
  return [...byItem.values()].sort(before).slice(0, items);
}

function before(a: PassageHit, b: PassageHit): number {
  return b.score - a.score || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
}
