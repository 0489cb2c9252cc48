/** A passage that was found, as search and chat answer with it: shaped after Cloudflare AI Search. */
import { z } from 'zod';
import { ItemKey } from '../names.ts';
import { ItemMetadata } from './item.ts';

export const Chunk = z
  .strictObject({
    id: z.string().describe('Passage: the item’s key, `#`, and its place in the item'),
    type: z.literal('text').describe('Of what is found: always text'),
    score: z.number().describe('Calibrated, between 0 and 1; compared with `match_threshold`'),
    text: z
      .string()
      .describe('The passage as it is searched: below the title of its item. Empty with `metadata_only`'),
    item: z
      .strictObject({
        key: ItemKey.describe('Key of the item'),
        title: z.string().describe('Title of the item; empty where it has none'),
        region: z.string().describe('Region that holds the item'),
        timestamp: z.number().describe('When the item last changed, milliseconds since 1970'),
        metadata: ItemMetadata.describe('What the item was uploaded with'),
      })
      .describe('The item that the passage is part of'),
    scoring_details: z
      .strictObject({
        base_score: z
          .number()
          .nullable()
          .describe('Cosine in plain embedding search; null unless `explain` asked for it'),
        head_score: z
          .number()
          .nullable()
          .describe('Cosine of the trained retriever; null in search by words alone'),
        from_memory: z
          .boolean()
          .optional()
          .describe(
            'Whether questions logged in the asker’s region lifted it, of which nothing is shown; only with `explain`',
          ),
        vector_score: z
          .number()
          .optional()
          .describe('What the score would be without words; only in hybrid search'),
        vector_rank: z
          .int()
          .optional()
          .describe('Place among these passages by `vector_score`, from 1 on; only in hybrid search'),
        keyword_score: z
          .number()
          .optional()
          .describe(
            'Share of the question’s words that the passage has, weighed by how rare they are (BM25), between 0 and 1; not in search by vectors',
          ),
        keyword_rank: z
          .int()
          .optional()
          .describe('Place among these passages by `keyword_score`, from 1 on; none where it is 0'),
        fusion_method: z
          .literal('sum')
          .optional()
          .describe('The cosine and a weight times `keyword_score` are added; only in hybrid search'),
        words: z
          .array(
            z.strictObject({
              word: z.string().describe('As the question has it'),
              score: z.number().describe('What it adds to `keyword_score`'),
            }),
          )
          .optional()
          .describe('Words of the question that the passage has, the weightiest first; only with `explain`'),
      })
      .describe('Where the score comes from: cosines between −1 and 1, and words'),
  })
  .meta({ id: 'Chunk', description: 'A passage that was found' });
export type Chunk = z.infer<typeof Chunk>;
