/** A passage that was found, as search and chat answer with it: shaped after Cloudflare AI Search. */
import { z } from 'zod';
import { ItemKey } from '../names.ts';
import { ItemMetadata } from './item.ts';

export const Chunk = z
  .strictObject({
    id: z.string().describe('Passage: the item’s key, `#`, and its place in the item'),
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
        head_score: z.number().describe('Cosine of the trained retriever'),
      })
      .describe('Where the score comes from: cosines, between −1 and 1'),
  })
  .meta({ id: 'Chunk', description: 'A passage that was found' });
export type Chunk = z.infer<typeof Chunk>;
