/** Rows of the tables of items and passages, as they are read, and what they say. */
import type { Item, ItemFormat, ItemMetadata, ItemSummary } from '../../shared/protocol/api/item.ts';
import { headLength } from '../../shared/retrieval/text.ts';
import type { StoredPassage } from './library.ts';

export interface SummaryRow extends Record<string, SqlStorageValue> {
  key: string;
  title: string;
  format: string;
  metadata: string;
  timestamp: number;
  passages: number;
  waiting: number;
}

export interface ItemRow extends SummaryRow {
  text: string;
}

export interface PassageRow extends Record<string, SqlStorageValue> {
  item: string;
  ordinal: number;
  text: string;
  layout: string | null;
  hash: string;
  tokens: number;
  embedding: ArrayBuffer;
  seq: number;
}

export function toItem(row: ItemRow, region: string): Item {
  return { ...toSummary(row, region), text: row.text };
}

export function toSummary(row: SummaryRow, region: string): ItemSummary {
  return {
    key: row.key,
    region,
    title: row.title,
    format: row.format as ItemFormat,
    metadata: JSON.parse(row.metadata) as ItemMetadata,
    timestamp: row.timestamp,
    passages: row.passages,
    indexed: row.passages - row.waiting,
    status: row.waiting === 0 ? 'indexed' : 'indexing',
  };
}

/**
 * Of a passage's text, however long an earlier version let it become: the longest passage of an encoder that reads
 * 512 tokens.
 */
const MAX_CHARACTERS = 4096;

export function toPassage(row: PassageRow): StoredPassage {
  const text = row.text.slice(0, headLength(row.text, MAX_CHARACTERS));
  return { ...row, text, embedding: row.seq === 0 ? null : new Float32Array(row.embedding) };
}
