/** What a search answers. A region that did not answer costs its own passages only. */
import { z } from 'zod';
import { Chunk } from './chunk.ts';
import { RegionError } from './region-error.ts';
import { StaleSeconds } from './version.ts';

const QUERY = z.string().describe('What was searched for: the query, or what became of the messages');

export const SearchResponse = z
  .strictObject({
    search_query: QUERY,
    chunks: z.array(Chunk).describe('Passages, best item first, one of each item'),
    model_version: z.int().describe('Version of the retriever that ranked them; 0 is plain search'),
    stale_seconds: StaleSeconds,
    errors: z.array(RegionError).describe('Regions whose passages are missing from this answer'),
    success: z.literal(true).optional().describe('With `metadata_only`, for AI Search’s web components'),
    result: z
      .strictObject({
        search_query: QUERY,
        chunks: z.array(Chunk).describe('The passages, with the title of each item among its metadata'),
      })
      .optional()
      .describe('With `metadata_only`: the same once more, as AI Search’s web components read it'),
  })
  .meta({ id: 'SearchResponse', description: 'What was found' });
export type SearchResponse = z.infer<typeof SearchResponse>;
