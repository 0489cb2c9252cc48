/** POST /search: the passages that answer a query or the last turn of a conversation, best item first. */
import { createRoute, z } from '@hono/zod-openapi';
import { SearchResponse } from '../../shared/protocol/api/search.ts';
import { body, json, NoQuery, problems, router } from '../router.ts';
import type { SnapshotCache } from '../snapshot-cache.ts';
import { Stopwatch } from '../stopwatch.ts';
import {
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
  fedcar: z.strictObject(FEDCAR_OPTIONS).prefault({}).describe('Our own options'),
} as const;

export const SearchRequest = z
  .union([
    z
      .strictObject({ query: Query, ...shared })
      .meta({ id: 'SearchByQuery', description: 'A search for one query' }),
    z
      .strictObject({ messages: Messages, ...shared })
      .meta({ id: 'SearchByMessages', description: 'A search for what a conversation asks' }),
  ])
  .meta({ id: 'SearchRequest', description: 'A query, or a conversation' });

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
