/** What answered a query, and what did not: the records that the retriever learns from. */
import { z } from 'zod';
import { ItemKey } from '../names.ts';
import { RegionError } from './region-error.ts';

export const FeedbackInput = z.strictObject({
  id: z
    .string()
    .min(1)
    .max(128)
    .optional()
    .describe('A repeated id is the same record. Made from query and item when absent'),
  query: z.string().min(1).max(4096).describe('What was asked'),
  item: ItemKey.describe('Key of the document that it is about'),
  relevant: z.boolean().default(true).describe('False: the document does not answer the query'),
  contributor: z
    .string()
    .min(1)
    .max(256)
    .optional()
    .describe('Whose record it is. Kept as a keyed hash, never as it is'),
});
export type FeedbackInput = z.infer<typeof FeedbackInput>;

/** What a region did with records. */
export const FeedbackCounts = z.strictObject({
  accepted: z.int().nonnegative().describe('New records, and those that now say the opposite'),
  duplicates: z.int().nonnegative().describe('Records that were known already'),
  refused: z
    .int()
    .nonnegative()
    .describe('Not taken: their contributor has given as many in the last 24 hours as the settings allow'),
  idle: z
    .int()
    .nonnegative()
    .describe(
      'Of the accepted ones, those that never train: without a contributor, or away from the contributor’s home region',
    ),
});
export type FeedbackCounts = z.infer<typeof FeedbackCounts>;

export const FeedbackReceipt = z
  .strictObject({
    ...FeedbackCounts.shape,
    region: z.string().describe('Region that keeps them'),
    unknown: z
      .array(z.string())
      .describe(
        'Items that records were about and that are no documents of the collection: those records were not taken',
      ),
  })
  .meta({ id: 'FeedbackReceipt', description: 'What became of the records' });
export type FeedbackReceipt = z.infer<typeof FeedbackReceipt>;

/** What was said about one document; records with the same `event` are one act of feedback. */
export const FeedbackEntry = z.strictObject({
  event: z.string().describe('Names the act of feedback: what is erased together'),
  region: z.string().describe('Region that keeps it'),
  at: z.number().describe('When it came, milliseconds since 1970'),
  query: z.string().describe('What was asked'),
  item: z.string().describe('Key of the document that it is about'),
  relevant: z.boolean().describe('False: the document does not answer the query'),
  weight: z
    .number()
    .nullable()
    .describe('What a click counts for, beside the 1 of what somebody says; null: somebody said it'),
  contributor: z
    .string()
    .nullable()
    .describe('Keyed hash of whose record it is; null where nobody was named'),
});
export type FeedbackEntry = z.infer<typeof FeedbackEntry>;

export const FeedbackPage = z
  .strictObject({
    entries: z.array(FeedbackEntry).describe('Newest first'),
    next: z.string().nullable().describe('`before` of the next page; null on the last'),
    errors: z.array(RegionError).describe('Regions whose feedback is missing from this page'),
  })
  .meta({ id: 'FeedbackPage', description: 'A page of what the regions were told' });
export type FeedbackPage = z.infer<typeof FeedbackPage>;

export const Erasure = z
  .strictObject({ erased: z.int().nonnegative().describe('Records that were there, in all regions') })
  .meta({ id: 'Erasure', description: 'How many records there were' });
export type Erasure = z.infer<typeof Erasure>;
