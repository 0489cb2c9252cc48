/** What a search answers. A region that did not answer costs its own passages only. */
import { z } from 'zod';
import { Chunk } from './chunk.ts';

export const SearchError = z
  .strictObject({
    region: z.string().describe('The region whose passages are missing'),
    code: z
      .enum(['region_timeout', 'region_failed'])
      .describe('Whether it was waited for in vain, or failed'),
    detail: z.string().describe('What happened, for people'),
  })
  .meta({ id: 'SearchError', description: 'A region whose passages are missing' });
export type SearchError = z.infer<typeof SearchError>;

export const SearchResponse = z
  .strictObject({
    search_query: z.string().describe('What was searched for: the query, or what became of the messages'),
    chunks: z.array(Chunk).describe('Passages, best item first, one of each item'),
    model_version: z.int().describe('Version of the retriever that ranked them; 0 is plain search'),
    errors: z.array(SearchError).describe('Regions whose passages are missing from this answer'),
  })
  .meta({ id: 'SearchResponse', description: 'What was found' });
export type SearchResponse = z.infer<typeof SearchResponse>;
