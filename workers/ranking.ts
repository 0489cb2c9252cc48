/** Which rows become candidates, and how the regions' hits become one ranking by item. Pure. */
import { freeBuffer } from '../shared/free-buffer.ts';
import type { PassageRequest } from '../shared/protocol/passages.ts';
import type { Snapshot } from '../shared/protocol/snapshot.ts';
import { best, plainProducts, type RowScore, scoreRows } from '../shared/retrieval/scores.ts';
import { rowsOf, type SnapshotRows } from './snapshot-rows.ts';

type Candidate = PassageRequest['candidates'][number];

/** Rows looked at for each item wanted: passages of one item follow each other closely. */
const ROWS_PER_ITEM = 8;

/** The rows of one query, scored once; items are taken from the best on, as many at a time as are needed. */
export class Ranking {
  readonly #snapshot: Snapshot;
  readonly #scores: Float32Array;
  #rows: SnapshotRows | null = null;
  #taken = 0;
  #floor = Number.POSITIVE_INFINITY;
  #exhausted = false;

  /**
   * @param query unit vector under the snapshot's adapter, width floats.
   * @param only restricts the search to one region.
   * @param products how rows are multiplied with the query.
   */
  constructor(snapshot: Snapshot, query: Float32Array, only: string | null, products = plainProducts) {
    this.#snapshot = snapshot;
    this.#scores = scoreRows(snapshot, query, products);
    if (only === null) return;
    const wanted = snapshot.header.regions.indexOf(only);
    for (let row = 0; row < this.#scores.length; row++) {
      if (snapshot.regions[row] !== wanted) this.#scores[row] = Number.NEGATIVE_INFINITY;
    }
  }

  /** No item that was not taken scores higher. */
  get floor(): number {
    return this.#floor;
  }

  /** Whether all items were taken. */
  get exhausted(): boolean {
    return this.#exhausted;
  }

  /** The best passage of each of the next `items` items, by region, best first. */
  take(items: number): Map<string, Candidate[]> {
    const wanted = this.#taken + items;
    let ranked: RowScore[] = [];
    // One long document may take most of the best rows: look at more of them until there are enough items.
    for (let rows = wanted * ROWS_PER_ITEM; ; rows *= 4) {
      const all = rows >= this.#scores.length;
      ranked = bestOfEachItem(this.#snapshot, best(this.#scores, rows));
      this.#exhausted = all && ranked.length <= wanted;
      if (all || ranked.length >= wanted) break;
    }
    const chosen = ranked.slice(this.#taken, wanted);
    this.#taken += chosen.length;
    this.#floor = chosen.at(-1)?.score ?? Number.NEGATIVE_INFINITY;
    return this.#byRegion(chosen);
  }

  /** The score of a passage's row; null where the snapshot has none. */
  scoreOf(item: string, ordinal: number): number | null {
    this.#rows ??= rowsOf(this.#snapshot);
    const row = this.#rows.find(item, ordinal);
    return row < 0 ? null : this.#scores[row]!;
  }

  /** The region that holds an item; null where the snapshot does not have it. */
  regionOf(item: string): string | null {
    this.#rows ??= rowsOf(this.#snapshot);
    const row = this.#rows.find(item, 0);
    return row < 0 ? null : this.#snapshot.header.regions[this.#snapshot.regions[row]!]!;
  }

  /** Frees the scores; nothing can be taken any more. */
  release(): void {
    freeBuffer(this.#scores);
  }

  #byRegion(chosen: readonly RowScore[]): Map<string, Candidate[]> {
    const { header, regions, items, ordinals } = this.#snapshot;
    const grouped = new Map<string, Candidate[]>();
    for (const { row, score } of chosen) {
      const region = header.regions[regions[row] as number] as string;
      const list = grouped.get(region) ?? [];
      list.push({ item: items[row] as string, ordinal: ordinals[row] as number, row, score });
      grouped.set(region, list);
    }
    return grouped;
  }
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
