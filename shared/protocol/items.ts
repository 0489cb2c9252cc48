/** Documents, passages and feedback as they travel between the edge and the regions. */
import { z } from 'zod';
import type { Filters } from './filters.ts';
import { ItemKey } from './names.ts';
import { utf8Length } from './utf8-length.ts';

export const ItemFormat = z.enum(['text', 'markdown', 'html']);
export type ItemFormat = z.infer<typeof ItemFormat>;

/** Flat and small metadata, so that filters stay simple and pages of items small. */
export const ItemMetadata = z
  .record(z.string().min(1).max(64), z.union([z.string().max(1024), z.number(), z.boolean()]))
  .refine((metadata) => Object.keys(metadata).length <= 64, 'at most 64 fields')
  // For the API's description, which does not see what is refined.
  .meta({ propertyNames: { minLength: 1, maxLength: 64 }, maxProperties: 64 });
export type ItemMetadata = z.infer<typeof ItemMetadata>;

/**
 * Of title, text and metadata (as JSON) together, in UTF-8. A document is one row of an object's SQLite, which takes 2 MB
 * (measured in workerd: 2,097,000 bytes); what is left is the key's.
 */
export const MAX_ITEM_BYTES = 2_000_000;

/** What an upload has; `fitsRow` is to be added to whatever is made of it. */
export const ItemFields = z.strictObject({
  key: ItemKey,
  title: z.string().max(1024).default(''),
  // No text has more characters than bytes: for the API's description, which does not see what is refined.
  text: z.string().min(1).meta({ maxLength: MAX_ITEM_BYTES }),
  format: ItemFormat.default('text'),
  metadata: ItemMetadata.default({}),
});

/** A check for objects with a document's fields: together they fit a row. */
export function fitsRow(
  { title, text, metadata }: { title: string; text: string; metadata: ItemMetadata },
  context: z.core.$RefinementCtx,
): void {
  const bytes = utf8Length(title) + utf8Length(text) + utf8Length(JSON.stringify(metadata));
  if (bytes <= MAX_ITEM_BYTES) return;
  const message = `at most ${MAX_ITEM_BYTES} bytes of UTF-8 with title and metadata, got ${bytes}`;
  context.addIssue({ code: 'custom', path: ['text'], message });
}

export const ItemInput = ItemFields.superRefine(fitsRow);
export type ItemInput = z.infer<typeof ItemInput>;

/** What became of an uploaded item. */
export const ItemReceipt = z.strictObject({
  key: ItemKey,
  region: z.string(),
  passages: z.int().nonnegative(),
  status: z.enum(['created', 'updated', 'unchanged']),
});
export type ItemReceipt = z.infer<typeof ItemReceipt>;

export const Item = z.strictObject({
  key: ItemKey,
  region: z.string(),
  title: z.string(),
  text: z.string(),
  format: ItemFormat,
  metadata: ItemMetadata,
  /** Milliseconds since 1970. */
  timestamp: z.number(),
  passages: z.int().nonnegative(),
});
export type Item = z.infer<typeof Item>;

/** An item without its text: what lists show and filters look at. */
export const ItemSummary = Item.omit({ text: true });
export type ItemSummary = z.infer<typeof ItemSummary>;

export const FeedbackInput = z.strictObject({
  /** A repeated id is the same record. Made from query and item when absent. */
  id: z.string().min(1).max(128).optional(),
  query: z.string().min(1).max(4096),
  item: ItemKey,
  /** False: it does not answer the query. */
  relevant: z.boolean().default(true),
  /** Whose record it is. Kept as a keyed hash, never as it is. */
  contributor: z.string().min(1).max(256).optional(),
});
export type FeedbackInput = z.infer<typeof FeedbackInput>;

export const FeedbackReceipt = z.strictObject({
  /** New records, and those that now say the opposite. */
  accepted: z.int().nonnegative(),
  /** Known already. */
  duplicates: z.int().nonnegative(),
  /** Not taken: their contributor has given as many in the last 24 hours as the settings allow. */
  refused: z.int().nonnegative(),
  /** Of the accepted ones, those that never train: without a contributor, or away from the contributor's home region. */
  idle: z.int().nonnegative(),
});
export type FeedbackReceipt = z.infer<typeof FeedbackReceipt>;

/** A passage with its scores: cosines, between −1 and 1. */
export interface PassageHit {
  id: string;
  item: string;
  region: string;
  title: string;
  text: string;
  metadata: ItemMetadata;
  timestamp: number;
  /** Cosine of the base query embedding with the passage's own embedding; null when no base embedding was given. */
  baseScore: number | null;
  /** Score of the trained retriever; for passages newer than the snapshot the region computed it. */
  score: number;
}

/** The edge asks a region for the texts of its candidates and for what is newer than the snapshot. */
export interface PassageRequest {
  candidates: { item: string; ordinal: number; row: number; score: number }[];
  /** Passages changed after this sequence number are not in the snapshot as they stand. */
  watermark: number;
  /** Query embedding under the snapshot's adapter, width floats. */
  query: Float32Array;
  /** Query embedding of the base encoder, for explanations. */
  baseQuery: Float32Array | null;
  inactiveOffset: number;
  /** How many items the caller wants at most. */
  limit: number;
  /** Whether what is newer than the snapshot is wanted, too: the first time that a search asks. */
  fresh: boolean;
  filters: Filters | null;
}
