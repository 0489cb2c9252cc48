/** Which rows become candidates, and how the regions' hits become one ranking by item. Pure. */
import { freeBuffer } from '../shared/free-buffer.ts';
import type { PassageRequest } from '../shared/protocol/passages.ts';
import type { Snapshot } from '../shared/protocol/snapshot.ts';
import { best, plainProducts, type RowScore, scoreRows } from '../shared/retrieval/scores.ts';
import { rowsOf } from '../shared/retrieval/snapshot-rows.ts';

type Candidate = PassageRequest['candidates'][number];

/** Rows looked at for each item wanted: passages of one item follow each other closely. */
const ROWS_PER_ITEM = 8;

/**
 * Ranks that differ by less may be in either order: rows are rounded to whole multiples of some 1/700, which moves a cosine
 * by 0.0004 (standard deviation), and two of them by 0.0006 from each other.
 */
export const TIE = 0.0015;

/** The rows of one query, each of which is a passage's. */
export interface RankedRows {
  readonly size: number;
  /** The best, as `best` of scores.ts has them; those that nobody may see have −∞. */
  best(count: number): RowScore[];
  name(row: number): { region: string; item: string; ordinal: number };
  /**
   * Of a row that learned. Null where no cosines were computed, and of a passage's own row: that is rounded, and the region
   * has the embedding.
   */
  cosine(row: number): number | null;
  /** The row of a passage; -1 where there is none. */
  find(item: string, ordinal: number): number;
  /** Frees the scores. */
  release(): void;
}

/**
 * The rows of a snapshot.
 * @param query unit vector under the snapshot's adapter, width floats.
 * @param only restricts the search to one region.
 * @param products how rows are multiplied with the query.
 */
export function snapshotRanks(
  snapshot: Snapshot,
  query: Float32Array,
  only: string | null,
  products = plainProducts,
): RankedRows {
  const { header, regions, items, ordinals } = snapshot;
  const ranks = scoreRows(snapshot, query, products);
  const wanted = only === null ? null : header.regions.indexOf(only);
  for (let row = 0; wanted !== null && row < ranks.length; row++)
    if (regions[row] !== wanted) ranks[row] = Number.NEGATIVE_INFINITY;
  return {
    size: ranks.length,
    best: (count) => best(ranks, count),
    name: (row) => ({ region: header.regions[regions[row]!]!, item: items[row]!, ordinal: ordinals[row]! }),
    cosine: (row) => ranks[row]!,
    find: (item, ordinal) => rowsOf(snapshot).find(item, ordinal),
    release: () => freeBuffer(ranks),
  };
}

/** Rows that were scored once; items are taken from the best on, as many at a time as are needed. */
export class Ranking {
  readonly #rows: RankedRows;
  #taken = 0;
  #floor = Number.POSITIVE_INFINITY;
  #exhausted = false;
  #contenders = 0;

  constructor(rows: RankedRows) {
    this.#rows = rows;
  }

  /** No item that was not taken ranks higher. */
  get floor(): number {
    return this.#floor;
  }

  /** Whether all items were taken. */
  get exhausted(): boolean {
    return this.#exhausted;
  }

  /** Of the items taken last, those that may be among the best `shown` of them, for all that rounding says. */
  get contenders(): number {
    return this.#contenders;
  }

  /**
   * The best passage of each of the next `items` items, by region, best first; with those that may be as good as the last of
   * `shown` of them, as far as that asks no further region.
   */
  take(items: number, shown = items): Map<string, Candidate[]> {
    const wanted = this.#taken + items;
    let ranked: RowScore[] = [];
    let isAll = false;
    // One long document may take most of the best rows: look at more of them until there are enough items.
    for (let rows = wanted * ROWS_PER_ITEM; ; rows *= 4) {
      ranked = this.#bestOfEachItem(this.#rows.best(rows));
      isAll = rows >= this.#rows.size;
      if (isAll || ranked.length >= wanted) break;
    }
    const chosen = ranked.slice(this.#taken, wanted);
    const least = (chosen[Math.min(shown, chosen.length) - 1]?.score ?? 0) - TIE;
    const asked = new Set(chosen.map(({ row }) => this.#rows.name(row).region));
    for (const next of ranked.slice(wanted, 2 * wanted)) {
      if (next.score < least || !asked.has(this.#rows.name(next.row).region)) break;
      chosen.push(next);
    }
    this.#contenders = chosen.filter(({ score }) => score >= least).length;
    this.#taken += chosen.length;
    this.#exhausted = isAll && ranked.length <= this.#taken;
    this.#floor = chosen.at(-1)?.score ?? Number.NEGATIVE_INFINITY;
    return this.#byRegion(chosen);
  }

  /** The cosine of a passage's row, where it learned; else null. */
  scoreOf(item: string, ordinal: number): number | null {
    const row = this.#rows.find(item, ordinal);
    return row < 0 ? null : this.#rows.cosine(row);
  }

  /** The region that holds an item; null where it has no row. */
  regionOf(item: string): string | null {
    const row = this.#rows.find(item, 0);
    return row < 0 ? null : this.#rows.name(row).region;
  }

  /** Frees the scores; nothing can be taken any more. */
  release(): void {
    this.#rows.release();
  }

  #bestOfEachItem(ranked: readonly RowScore[]): RowScore[] {
    const seen = new Set<string>();
    return ranked.filter(({ row, score }) => {
      if (score === Number.NEGATIVE_INFINITY) return false;
      const { item } = this.#rows.name(row);
      if (seen.has(item)) return false;
      seen.add(item);
      return true;
    });
  }

  #byRegion(chosen: readonly RowScore[]): Map<string, Candidate[]> {
    const grouped = new Map<string, Candidate[]>();
    for (const { row } of chosen) {
      const { region, item, ordinal } = this.#rows.name(row);
      const list = grouped.get(region) ?? [];
      list.push({ item, ordinal, score: this.#rows.cosine(row) });
      grouped.set(region, list);
    }
    return grouped;
  }
}

/** Best passage of each item, best item first, at most `items`; equal scores in order of passage ids. */
export function mergeHits<Hit extends Ranked>(hits: readonly Hit[], items: number): Hit[] {
  const byItem = new Map<string, Hit>();
  for (const hit of hits) {
    const other = byItem.get(hit.item);
    if (other === undefined || before(hit, other) < 0) byItem.set(hit.item, hit);
  }
  return [...byItem.values()].sort(before).slice(0, items);
}

/** What is ranked: by `rank`, which adds up all that was found of a passage. */
interface Ranked {
  id: string;
  item: string;
  rank: number;
}

function before(a: Ranked, b: Ranked): number {
  return b.rank - a.rank || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
}
