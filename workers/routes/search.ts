/** POST /search: the passages that answer a query or the last turn of a conversation, best item first. */
import { createRoute, z } from '@hono/zod-openapi';
import { body, json, NoQuery, problems, router } from '../router.ts';
import type { SnapshotCache } from '../snapshot-cache.ts';
import { Stopwatch } from '../stopwatch.ts';
import {
  Chunk,
  chunkOf,
  FEDCAR_OPTIONS,
  Messages,
  Query,
  queryOf,
  Retrieval,
  SearchOptionsInput,
  turnsOf,
} from './retrieval.ts';

const shared = {
  ai_search_options: SearchOptionsInput,
  fedcar: z.strictObject(FEDCAR_OPTIONS).prefault({}),
} as const;

export const SearchRequest = z
  .union([
    z.strictObject({ query: Query, ...shared }).openapi('SearchByQuery'),
    z.strictObject({ messages: Messages, ...shared }).openapi('SearchByMessages'),
  ])
  .openapi('SearchRequest');

export const SearchResponse = z
  .strictObject({
    /** What was searched for: the query, or what became of the messages. */
    search_query: z.string(),
    chunks: z.array(Chunk),
    model_version: z.int(),
    /** Regions whose passages are missing from this answer. */
    errors: z.array(z.strictObject({ region: z.string(), code: z.string(), detail: z.string() })),
  })
  .openapi('SearchResponse');

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
    const given = c.req.valid('json');
    const query = 'messages' in given ? queryOf(turnsOf(given.messages)) : given.query;
    const stopwatch = new Stopwatch();
    const retrieval = await Retrieval.open(c, snapshots, given, stopwatch);
    const { hits, errors } = await retrieval.search(query);
    stopwatch.report(c);
    return c.json(
      { search_query: query, chunks: hits.map(chunkOf), model_version: retrieval.version, errors },
      200,
    );
  });
}
