/** Documents and query records into a collection, through the API that every user has, in batches. */
import type { FeedbackInput, ItemInput } from '../shared/protocol/items.ts';
import type { Client } from './client.ts';
import { concurrent } from './concurrent.ts';
import type { Progress } from './progress.ts';

export type Document = Pick<ItemInput, 'key' | 'title' | 'text'> &
  Partial<Pick<ItemInput, 'format' | 'metadata'>>;

export interface IngestedDocument {
  document: Document;
  /** Null: the collection chooses by the document's key. */
  region: string | null;
}

export interface IngestedRecord {
  record: FeedbackInput;
  region: string;
}

const DOCUMENTS_PER_REQUEST = 32;
const RECORDS_PER_REQUEST = 250;
/** One request waits in the encoder's queue while another's answer travels. */
const REQUESTS_AT_ONCE = 2;

/** Uploads documents. @returns region by key. @throws Error when a region refused some. */
export async function uploadDocuments(
  client: Client,
  documents: readonly IngestedDocument[],
  progress: Progress,
): Promise<Map<string, string>> {
  const regions = new Map<string, string>();
  const batches = batchesByRegion(documents, DOCUMENTS_PER_REQUEST);
  let done = 0;
  await concurrent(batches, REQUESTS_AT_ONCE, async ({ region, entries }) => {
    const items = entries.map((entry) => entry.document);
    const answer = await client.post<{
      items: { key: string; region: string }[];
      errors: { region: string; detail: string }[];
    }>('/items', region === null ? { items } : { items, region });
    const [failure] = answer.errors;
    if (failure) throw new Error(`region ${failure.region} refused documents: ${failure.detail}`);
    for (const receipt of answer.items) regions.set(receipt.key, receipt.region);
    done += items.length;
    progress.update(done);
  });
  return regions;
}

export async function uploadRecords(
  client: Client,
  records: readonly IngestedRecord[],
  progress: Progress,
): Promise<void> {
  let done = 0;
  await concurrent(batchesByRegion(records, RECORDS_PER_REQUEST), REQUESTS_AT_ONCE, async (batch) => {
    const body = { region: batch.region, records: batch.entries.map((entry) => entry.record) };
    await client.post('/feedback', body);
    done += batch.entries.length;
    progress.update(done);
  });
}

/** Entries of one region together, at most `size` in a batch, the regions by turns. */
export function batchesByRegion<T extends { region: string | null }>(
  entries: readonly T[],
  size: number,
): { region: string | null; entries: T[] }[] {
  const byRegion = new Map<string | null, T[]>();
  for (const entry of entries) {
    const list = byRegion.get(entry.region);
    if (list === undefined) byRegion.set(entry.region, [entry]);
    else list.push(entry);
  }
  const batches: { region: string | null; entries: T[]; turn: number }[] = [];
  for (const [region, all] of byRegion) {
    for (let at = 0, turn = 0; at < all.length; at += size, turn++) {
      batches.push({ region, entries: all.slice(at, at + size), turn });
    }
  }
  return batches
    .sort((a, b) => a.turn - b.turn)
    .map(({ region, entries: list }) => ({ region, entries: list }));
}
