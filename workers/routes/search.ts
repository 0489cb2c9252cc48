/** POST /search: the passages that answer a query or the last turn of a conversation, best item first. */
import { createRoute, z } from '@hono/zod-openapi';
import type { Chunk } from '../../shared/protocol/api/chunk.ts';
import { SearchResponse } from '../../shared/protocol/api/search.ts';
import { optional, withDefaults } from '../../shared/protocol/optional.ts';
import { body, json, NoQuery, problems, router } from '../router.ts';
import { Stopwatch } from '../stopwatch.ts';
import { Messages, turnsOf } from './messages.ts';
import {
  chunkOf,
  FEDCAR_OPTIONS,
  type Freshest,
  Query,
  queryOf,
  Retrieval,
  SearchOptionsInput,
  Unset,
} from './retrieval.ts';

const shared = {
  ai_search_options: SearchOptionsInput,
  fedcar: withDefaults(z.strictObject(FEDCAR_OPTIONS)).describe('Our own options'),
  stream: optional(z.literal(false)).describe('Changes nothing: what was found comes at once'),
} as const;

export const SearchRequest = z
  .union([
    z
      .strictObject({ query: Query, messages: Unset, ...shared })
      .meta({ id: 'SearchByQuery', description: 'A search for one query' }),
    z
      .strictObject({ messages: Messages, query: Unset, ...shared })
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

export function searchRoutes(freshest: Freshest) {
  return router().openapi(route, async (c) => {
    const given = c.req.valid('json');
    const query = given.messages != null ? queryOf(turnsOf(given.messages)) : given.query!;
    const stopwatch = new Stopwatch();
    const retrieval = await Retrieval.open(c, freshest, given, stopwatch);
    const { hits, errors } = await retrieval.search(query);
    stopwatch.report(c);
    const options = given.ai_search_options.retrieval;
    const chunks = hits.map((hit) => chunkOf(hit, options));
    const { version, staleness } = retrieval;
    const answer = { search_query: query, chunks, model_version: version, ...staleness, errors };
    return c.json(options.metadata_only ? { ...answer, ...enveloped(query, chunks) } : answer, 200);
  });
}

/** What AI Search's web components read: they want titles among the metadata. Without texts it may be said twice. */
function enveloped(query: string, chunks: readonly Chunk[]) {
  const titled = chunks.map((chunk) => {
    const { key, title, metadata } = chunk.item;
    return { ...chunk, item: { ...chunk.item, metadata: { ...metadata, title: title || key } } };
  });
  return { success: true as const, result: { search_query: query, chunks: titled } };
}
