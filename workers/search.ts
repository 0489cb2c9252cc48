/**
 * The path of a query: embed it under the serving snapshot's adapter, score every row, ask the regions in parallel
 * for the passages, rank by item. Every region is asked, also one without a candidate: it scores what is newer than
 * the snapshot, so that an upload is found at once. When filters or deletions leave too few, the next best are asked
 * for, until there are enough. A region that is late or fails costs its own passages only.
 */
import type { Collection } from '../shared/protocol/api/collection.ts';
import type { RegionError } from '../shared/protocol/api/region-error.ts';
import type { Filters } from '../shared/protocol/filters.ts';
import { entryOf } from '../shared/protocol/names.ts';
import type { PassageHit, PassageRequest } from '../shared/protocol/passages.ts';
import type { Snapshot } from '../shared/protocol/snapshot.ts';
import { scoreOf } from './calibration.ts';
import { within } from './deadline.ts';
import { missing, REGION_DEADLINE_MS } from './partial.ts';
import { mergeHits, Ranking } from './ranking.ts';
import type { QueryEncoder, Services } from './services.ts';
import type { Measure } from './stopwatch.ts';

export interface SearchOptions {
  query: string;
  maxResults: number;
  /** Least calibrated score, between 0 and 1. */
  threshold: number;
  /** Only this region's documents; null for all. */
  region: string | null;
  filters: Filters | null;
  explain: boolean;
}

export interface ScoredHit extends PassageHit {
  calibrated: number;
}

export interface SearchResult {
  /** Best first, one passage of each item. */
  hits: ScoredHit[];
  errors: RegionError[];
}

/** Items asked of the regions beyond those wanted: some may have been deleted or changed since the snapshot. */
const SPARE_ITEMS = 5;
/** With filters nobody knows how many items pass: each time the regions are asked for more. */
const GROWTH = 6;

/** What one search needs from outside. */
export interface SearchContext {
  services: Services;
  encoder: QueryEncoder;
  collection: Collection;
  snapshot: Snapshot;
  measure: Measure;
}

export async function search(context: SearchContext, options: SearchOptions): Promise<SearchResult> {
  const { services, snapshot, measure, collection } = context;
  const { maxResults, region, threshold } = options;
  const { query, baseQuery } = await measure('embed', () => embed(context, options));
  const regions = new Regions(context, region === null ? collection.settings.regions : [region]);
  const ranking = await measure('score', async () => new Ranking(snapshot, query, region, services.products));
  let merged: PassageHit[] = [];
  for (let items = maxResults + SPARE_ITEMS, fresh = true; ; items *= GROWTH, fresh = false) {
    const candidates = await measure('score', async () => ranking.take(items));
    const request = (name: string): PassageRequest => ({
      candidates: candidates.get(name) ?? [],
      watermark: entryOf(snapshot.header.watermarks, name) ?? 0,
      query,
      baseQuery,
      inactiveOffset: snapshot.header.inactiveOffset,
      limit: maxResults,
      fresh,
      filters: options.filters,
    });
    const asked = fresh ? regions.names : [...candidates.keys()];
    const hits = await measure('passages', () => regions.ask(asked, request));
    merged = mergeHits([...merged, ...hits], maxResults);
    const last = merged[maxResults - 1];
    if (ranking.exhausted || (last !== undefined && last.score >= ranking.floor)) break;
    if (scoreOf(ranking.floor) < threshold) break;
  }
  ranking.release();
  const ranked = merged
    .map((hit) => ({ ...hit, calibrated: scoreOf(hit.score) }))
    .filter((hit) => hit.calibrated >= threshold);
  return { hits: ranked, errors: regions.errors() };
}

async function embed({ encoder, snapshot }: SearchContext, { query, explain }: SearchOptions) {
  const trained = await encoder.embed(query, snapshot);
  return { query: trained, baseQuery: explain ? await encoder.embedBase(query) : null };
}

/** The regions that a search asks, and which of them it gave up. */
class Regions {
  readonly names: readonly string[];
  readonly #context: SearchContext;
  readonly #failed = new Map<string, RegionError>();
  readonly #until: number;

  constructor(context: SearchContext, names: readonly string[]) {
    this.#context = context;
    this.names = names;
    this.#until = context.services.now() + REGION_DEADLINE_MS;
  }

  /** Hits of those of `names` that answer. */
  async ask(names: readonly string[], request: (name: string) => PassageRequest): Promise<PassageHit[]> {
    const { services, collection } = this.#context;
    const left = Math.max(1, this.#until - services.now());
    const answers = await Promise.all(
      names
        .filter((name) => this.names.includes(name) && !this.#failed.has(name))
        .map(async (name) => {
          try {
            const work = services.region(collection, name).passages(request(name));
            return await within(left, `region ${name}`, work);
          } catch (error) {
            this.#failed.set(name, missing(name, error, 'its passages are missing'));
            return [];
          }
        }),
    );
    return answers.flat();
  }

  errors(): RegionError[] {
    return [...this.#failed.values()].sort((a, b) => (a.region < b.region ? -1 : 1));
  }
}
