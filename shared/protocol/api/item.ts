/** Documents: as they are uploaded, listed and shown, and the passages that they are searched by. */
import { z } from 'zod';
import { ItemKey } from '../names.ts';
import { withDefault } from '../optional.ts';
import { utf8Length } from '../utf8-length.ts';
import { RegionError } from './region-error.ts';

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

const KEY = ItemKey.describe('Names the document: a path or an id, unique in its collection');
const INDEXED = z
  .int()
  .nonnegative()
  .describe('Of them, those that searches find: the others are being indexed');
const FORMAT = ItemFormat.describe('What the text is written in: it decides how it is cut into passages');

/** What an upload has; `fitsItem` is to be added to whatever is made of it. */
export const ItemFields = z.strictObject({
  key: KEY,
  title: withDefault(z.string().max(1024), '').describe('Title, which every passage is searched with'),
  text: withDefault(z.string(), '')
    // No text has more characters than bytes: for the API's description, which does not see what is refined.
    .meta({
      maxLength: MAX_ITEM_BYTES,
      description: `The document itself: at most ${MAX_ITEM_BYTES} bytes of UTF-8 with title and metadata. A title alone is a document, too`,
    }),
  format: withDefault(ItemFormat, 'text').describe(FORMAT.description!),
  metadata: withDefault(ItemMetadata, {}).describe('What searches may filter by'),
});

interface Sized {
  title: string;
  text: string;
  metadata: ItemMetadata;
}

/** A check for objects with a document's fields: one of title and text is there, and together they fit a row. */
export function fitsItem(item: Sized, context: z.core.$RefinementCtx): void {
  if (item.title === '' && item.text === '') {
    context.addIssue({ code: 'custom', path: ['text'], message: 'is required where there is no title' });
  }
  fitsRow(item, context);
}

/** A check for objects with a document's fields: together they fit a row. */
export function fitsRow({ title, text, metadata }: Sized, context: z.core.$RefinementCtx): void {
  const bytes = utf8Length(title) + utf8Length(text) + utf8Length(JSON.stringify(metadata));
  if (bytes <= MAX_ITEM_BYTES) return;
  const message = `at most ${MAX_ITEM_BYTES} bytes of UTF-8 with title and metadata, got ${bytes}`;
  context.addIssue({ code: 'custom', path: ['text'], message });
}

export const ItemInput = ItemFields.superRefine(fitsItem);
export type ItemInput = z.infer<typeof ItemInput>;

export const ItemReceipt = z
  .strictObject({
    key: KEY,
    region: z.string().describe('Region that holds it'),
    passages: z.int().nonnegative().describe('Pieces that it is searched by'),
    indexed: INDEXED,
    status: z
      .enum(['created', 'updated', 'unchanged', 'indexing'])
      .describe('`indexing` while pieces of it wait to be found; else as `change`'),
    change: z
      .enum(['created', 'updated', 'unchanged'])
      .describe('`unchanged`: the collection had it already, exactly so'),
    note: z
      .string()
      .optional()
      .describe(
        'What is to be known of it: that the encoder cannot read its language, so that questions seldom find it',
      ),
  })
  .meta({ id: 'ItemReceipt', description: 'What became of an uploaded document' });
export type ItemReceipt = z.infer<typeof ItemReceipt>;

export const UploadError = z.strictObject({
  region: z.string().describe('Region that did not take its part'),
  code: z.string().describe('Why, for programs'),
  detail: z.string().describe('The same for people'),
  keys: z.array(z.string()).describe('Keys of the documents that were not taken'),
});
export type UploadError = z.infer<typeof UploadError>;

export const ItemReceipts = z
  .strictObject({
    items: z.array(ItemReceipt).describe('What became of each document that was taken'),
    errors: z
      .array(UploadError)
      .describe('Regions that refused their part, and documents that none would take'),
  })
  .meta({ id: 'ItemReceipts', description: 'What became of many documents' });
export type ItemReceipts = z.infer<typeof ItemReceipts>;

const SHOWN = {
  key: KEY,
  region: z.string().describe('Region that holds it'),
  title: z.string().describe('Title; empty where it has none'),
  format: FORMAT,
  metadata: ItemMetadata.describe('What searches may filter by'),
  timestamp: z.number().describe('When it last changed, milliseconds since 1970'),
  passages: z.int().nonnegative().describe('Pieces that it is searched by'),
  indexed: INDEXED,
  status: z
    .enum(['indexed', 'indexing'])
    .describe('`indexing`: it is stored, and pieces of it are not found yet'),
};

/** What lists show and filters look at. */
export const ItemSummary = z
  .strictObject(SHOWN)
  .meta({ id: 'ItemSummary', description: 'A document without its text' });
export type ItemSummary = z.infer<typeof ItemSummary>;

export const Item = z
  .strictObject({ ...SHOWN, text: z.string().describe('Its text, as it was uploaded') })
  .meta({ id: 'Item', description: 'A document' });
export type Item = z.infer<typeof Item>;

export const Items = z
  .strictObject({
    items: z.array(ItemSummary).describe('In order of their keys'),
    next: z.string().nullable().describe('`after` of the next page; null on the last'),
    errors: z.array(RegionError).describe('Regions whose documents are missing from this page'),
  })
  .meta({ id: 'Items', description: 'A page of documents, without their texts' });
export type Items = z.infer<typeof Items>;

export const Passage = z.strictObject({
  id: z.string().describe('The document’s key, `#`, and its place in the document'),
  ordinal: z.int().describe('Its place in the document, from 0 on'),
  text: z.string().describe('What is searched: below the title of the document'),
  tokens: z.int().describe('Length in tokens of the encoder'),
  words: z
    .array(z.string())
    .optional()
    .describe('What it is indexed by, each once: English words by their stem; only with `words`'),
});
export type Passage = z.infer<typeof Passage>;

export const Passages = z
  .strictObject({ passages: z.array(Passage).describe('In order') })
  .meta({ id: 'Passages', description: 'The pieces of a document that are searched' });
export type Passages = z.infer<typeof Passages>;
