/** POST /search: the passages that answer a query, best item first. Shaped after Cloudflare AI Search. */
import { createRoute, z } from '@hono/zod-openapi';
import { endTime, startTime } from 'hono/timing';
import { ItemMetadata } from '../../shared/protocol/items.ts';
import { ItemKey, RegionName } from '../../shared/protocol/names.ts';
import { requireRegion } from '../placement.ts';
import { body, json, NoQuery, problems, router } from '../router.ts';
import { type Measure, type ScoredHit, search } from '../search.ts';
import type { SnapshotCache } from '../snapshot-cache.ts';
import { snapshotSource } from '../snapshot-source.ts';

const Retrieval = z.strictObject({
  max_num_results: z.int().min(1).max(50).default(10),
  /** Results whose score is lower are left out. */
  match_threshold: z.number().min(0).max(1).default(0),
});

export const SearchRequest = z
  .strictObject({
    query: z.string().trim().min(1).max(4096),
    ai_search_options: z.strictObject({ retrieval: Retrieval.prefault({}) }).prefault({}),
    fedcar: z
      .strictObject({
        /** `latest` serves; 0 is plain embedding search, without any training. */
        model_version: z.union([z.literal('latest'), z.int().nonnegative()]).default('latest'),
        /** Only this region's documents. */
        region: RegionName.optional(),
        /** Also computes each passage's score in plain embedding search. */
        explain: z.boolean().default(false),
      })
      .prefault({}),
  })
  .openapi('SearchRequest');

export const Chunk = z
  .strictObject({
    /** Passage: the item's key, `#`, and its place in the item. */
    id: z.string(),
    /** Calibrated, between 0 and 1; compared with `match_threshold`. */
    score: z.number(),
    text: z.string(),
    item: z.strictObject({
      key: ItemKey,
      title: z.string(),
      region: z.string(),
      timestamp: z.number(),
      metadata: ItemMetadata,
    }),
    scoring_details: z.strictObject({
      /** Cosine in plain embedding search; null unless `explain` asked for it. */
      base_score: z.number().nullable(),
      /** Cosine of the trained retriever. */
      head_score: z.number(),
    }),
  })
  .openapi('Chunk');

export const SearchResponse = z
  .strictObject({
    search_query: z.string(),
    chunks: z.array(Chunk),
    model_version: z.int(),
    /** Regions whose passages are missing from this answer. */
    errors: z.array(z.strictObject({ region: z.string(), code: z.string(), detail: z.string() })),
  })
  .openapi('SearchResponse');

function chunkOf(hit: ScoredHit): z.infer<typeof Chunk> {
  return {
    id: hit.id,
    score: hit.calibrated,
    text: hit.text,
    item: {
      key: hit.item,
      title: hit.title,
      region: hit.region,
      timestamp: hit.timestamp,
      metadata: hit.metadata,
    },
    scoring_details: { base_score: hit.baseScore, head_score: hit.score },
  };
}

const route = createRoute({
  method: 'post',
  path: '/search',
  summary: 'Find the passages that answer a query',
  tags: ['search'],
  request: { query: NoQuery, body: body(SearchRequest) },
  responses: { 200: json(SearchResponse, 'Passages, best item first'), ...problems },
});

export function searchRoutes(snapshots: SnapshotCache) {
  return router().openapi(route, async (c) => {
    const { services, collection } = c.var;
    const { query, ai_search_options, fedcar } = c.req.valid('json');
    const { retrieval } = ai_search_options;
    const region = fedcar.region ?? null;
    if (region !== null) requireRegion(collection, region, 'fedcar.region');
    const measure: Measure = async (name, work) => {
      startTime(c, name);
      try {
        return await work();
      } finally {
        endTime(c, name);
      }
    };
    const source = snapshotSource(services, collection, fedcar.model_version);
    const [{ snapshot }, encoder] = await Promise.all([
      snapshots.current(source, services.sharedBytes(), services.later),
      services.encoder(collection),
    ]);
    const options = {
      query,
      region,
      maxResults: retrieval.max_num_results,
      threshold: retrieval.match_threshold,
      explain: fedcar.explain,
    };
    const { hits, errors } = await search(services, encoder, collection, snapshot, options, measure);
    return c.json(
      { search_query: query, chunks: hits.map(chunkOf), model_version: snapshot.header.version, errors },
      200,
    );
  });
}
