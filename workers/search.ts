/**
 * The path of a query: embed it under the serving snapshot's adapter, score every row, ask the regions in parallel
 * for the passages, rank by item. Every region is asked, also one without a candidate: it scores what is newer than
 * the snapshot, so that an upload is found at once. A region that is late or fails costs its own passages only.
 */
import type { PassageHit, PassageRequest } from '../shared/protocol/items.ts';
import type { CollectionInfo } from '../shared/protocol/objects.ts';
import type { Snapshot } from '../shared/protocol/snapshot.ts';
import { scoreOf } from './calibration.ts';
import { DeadlineError, within } from './deadline.ts';
import { candidatesByRegion, mergeHits } from './ranking.ts';
import type { QueryEncoder, Services } from './services.ts';

export interface SearchOptions {
  query: string;
  maxResults: number;
  /** Least calibrated score, between 0 and 1. */
  threshold: number;
  /** Only this region's documents; null for all. */
  region: string | null;
  explain: boolean;
}

export interface SearchError {
  region: string;
  code: 'region_timeout' | 'region_failed';
  detail: string;
}

export interface ScoredHit extends PassageHit {
  calibrated: number;
}

export interface SearchResult {
  hits: ScoredHit[];
  errors: SearchError[];
}

/** How long the passages of one region are waited for. */
export const REGION_DEADLINE_MS = 5000;

/** Measures a part of the work under a name of the `server-timing` header. */
export type Measure = <T>(name: 'embed' | 'score' | 'passages', work: () => Promise<T>) => Promise<T>;

export async function search(
  services: Services,
  encoder: QueryEncoder,
  collection: CollectionInfo,
  snapshot: Snapshot,
  options: SearchOptions,
  measure: Measure,
): Promise<SearchResult> {
  const { query, baseQuery } = await measure('embed', () => embed(encoder, snapshot, options));
  const candidates = await measure('score', async () =>
    candidatesByRegion(snapshot, query, options.maxResults, options.region),
  );
  const regions = options.region === null ? collection.settings.regions : [options.region];
  const { hits, errors } = await measure('passages', () =>
    askRegions(services, collection, regions, (region) => ({
      candidates: candidates.get(region) ?? [],
      watermark: snapshot.header.watermarks[region] ?? 0,
      query,
      baseQuery,
      inactiveOffset: snapshot.header.inactiveOffset,
      limit: options.maxResults + (candidates.get(region)?.length ?? 0),
      filters: null,
    })),
  );
  const ranked = mergeHits(hits, options.maxResults)
    .map((hit) => ({ ...hit, calibrated: scoreOf(hit.score) }))
    .filter((hit) => hit.calibrated >= options.threshold);
  return { hits: ranked, errors };
}

async function embed(encoder: QueryEncoder, snapshot: Snapshot, { query, explain }: SearchOptions) {
  const trained = await encoder.embed(query, snapshot);
  return { query: trained, baseQuery: explain ? await encoder.embedBase(query) : null };
}

async function askRegions(
  services: Services,
  collection: CollectionInfo,
  regions: readonly string[],
  request: (region: string) => PassageRequest,
): Promise<{ hits: PassageHit[]; errors: SearchError[] }> {
  const hits: PassageHit[] = [];
  const errors: SearchError[] = [];
  await Promise.all(
    regions.map(async (region) => {
      try {
        const work = services.region(collection, region).passages(request(region));
        hits.push(...(await within(REGION_DEADLINE_MS, `region ${region}`, work)));
      } catch (error) {
        errors.push(searchError(region, error));
      }
    }),
  );
  errors.sort((a, b) => (a.region < b.region ? -1 : 1));
  return { hits, errors };
}

function searchError(region: string, error: unknown): SearchError {
  if (error instanceof DeadlineError) return { region, code: 'region_timeout', detail: error.message };
  console.error(JSON.stringify({ event: 'region_failed', region, error: String(error) }));
  return { region, code: 'region_failed', detail: `region ${region} failed; its passages are missing` };
}
