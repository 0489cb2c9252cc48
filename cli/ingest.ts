/** Documents and query records into a collection, through the API that every user has, in batches. */
import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { ApiError, type Client } from '../client/client.ts';
import type { FeedbackInput, FeedbackReceipt } from '../shared/protocol/api/feedback.ts';
import type { ItemInput, ItemReceipts } from '../shared/protocol/api/item.ts';
import { concurrent } from './concurrent.ts';
import { DatasetError } from './dataset/dataset-error.ts';
import { type Findings, STRICT } from './dataset/findings.ts';
import type { Progress } from './progress.ts';
import { itemOf } from './stored-item.ts';
import { visible } from './terminal-text.ts';

export type Document = Pick<ItemInput, 'key' | 'title' | 'text'> &
  Partial<Pick<ItemInput, 'format' | 'metadata'>>;

export interface IngestedDocument {
  document: Document;
  /** Where it was read. */
  place?: { file: string; line: number | null };
  /** Null: the collection chooses by the document's key. */
  region: string | null;
}

export interface IngestedRecord {
  record: FeedbackInput;
  /** Null: the one nearest to the caller. */
  region: string | null;
}

/** Batches that an earlier, interrupted upload had accepted: they are not sent again. */
export interface Journal {
  has(batch: string): boolean;
  add(batch: string): Promise<void>;
}

export interface UploadedDocuments {
  /** Region by key, of those that were sent. */
  regions: Map<string, string>;
  created: number;
  updated: number;
  unchanged: number;
  /** Sent by an earlier upload that was interrupted. */
  resumed: number;
  /** Keys of those that were not sent: there is nothing to search for in them. */
  blank: string[];
}

export interface UploadedRecords {
  accepted: number;
  duplicates: number;
  /** Not taken: by a contributor who has given as many as the settings allow. */
  refused: number;
  resumed: number;
  /** Items that the collection does not have: records about them were not taken. */
  unknown: string[];
}

const DOCUMENTS_PER_REQUEST = 32;
const RECORDS_PER_REQUEST = 250;
/** What a region embeds while the upload waits, about four bytes a token: so the uploads' progress is the encoder's. */
const DOCUMENT_BYTES_PER_REQUEST = 48 << 10;
/** Half of what a request may have. */
const RECORD_BYTES_PER_REQUEST = 2 << 20;
/** One request waits in the encoder's queue while another's answer travels. */
const REQUESTS_AT_ONCE = 2;
/** So many entries are read ahead; regions take turns among them. */
const WINDOW = 4096;
const WINDOW_BYTES = 32 << 20;

type Entries<T> = Iterable<T> | AsyncIterable<T>;

/**
 * Uploads documents as they are read, but for blank ones.
 * @param findings are told of documents that the service refuses; without them it ends there
 */
export async function uploadDocuments(
  client: Client,
  documents: Entries<IngestedDocument>,
  progress: Progress,
  journal?: Journal,
  findings: Findings = STRICT,
): Promise<UploadedDocuments> {
  const blank: string[] = [];
  const done = {
    regions: new Map<string, string>(),
    created: 0,
    updated: 0,
    unchanged: 0,
    resumed: 0,
    blank,
  };
  const indexing: string[] = [];
  const visible = withoutBlank(documents, blank);
  const sizeOf = ({ document }: IngestedDocument) => Buffer.byteLength(JSON.stringify(document)) + 512;
  const limits = { entries: DOCUMENTS_PER_REQUEST, bytes: DOCUMENT_BYTES_PER_REQUEST };
  await inBatches(visible, limits, sizeOf, progress, async ({ region, entries }) => {
    // Some corpora have documents that are a title only.
    const items = entries.map(({ document }) => ({ ...document, text: document.text || document.title }));
    const body = region === null ? { items } : { items, region };
    const sent = await unlessSent(client, '/items', body, journal, async () => {
      const answer = await posted(client, items, region);
      const places = new Map(entries.map(({ document, place }) => [document.key, place]));
      for (const { keys, region: where, detail } of answer.errors) {
        for (const key of keys) findings.leftOut(refusedBy(where, key, detail, places.get(key)));
      }
      for (const receipt of answer.items) {
        done.regions.set(receipt.key, receipt.region);
        done[receipt.change] += 1;
        if (receipt.status === 'indexing') indexing.push(receipt.key);
        if (receipt.note !== undefined) {
          const { file = receipt.key, line = null } = places.get(receipt.key) ?? {};
          findings.note(new DatasetError(file, line, null, receipt.note));
        }
      }
    });
    if (!sent) done.resumed += items.length;
  });
  await untilIndexed(client, indexing, (ready, note) =>
    progress.update(done.regions.size + done.resumed - indexing.length + ready, note),
  );
  return done;
}

function refusedBy(
  region: string,
  key: string,
  detail: string,
  place: IngestedDocument['place'],
): DatasetError {
  const whom = region === '' ? 'the service' : `region ${region}`;
  return new DatasetError(place?.file ?? key, place?.line ?? null, null, `${whom} refused ${key}: ${detail}`);
}

/** Statuses that are about what was sent. */
const ABOUT_CONTENT = new Set([400, 409, 413, 422]);

/** Sends documents; where the service refuses a request for what is in it, one by one, so that one stops no other. */
async function posted(client: Client, items: Document[], region: string | null): Promise<ItemReceipts> {
  try {
    return await client.call('POST /items', { body: region === null ? { items } : { items, region } });
  } catch (error) {
    if (!(error instanceof ApiError) || !ABOUT_CONTENT.has(error.status)) throw error;
    if (items.length === 1) {
      const { code, message: detail } = error;
      return { items: [], errors: [{ region: '', code, detail, keys: [items[0]!.key] }] };
    }
    const made: ItemReceipts = { items: [], errors: [] };
    for (const item of items) {
      const one = await posted(client, [item], region);
      made.items.push(...one.items);
      made.errors.push(...one.errors);
    }
    return made;
  }
}

/** What was uploaded is looked after again after so long. */
const LOOK_MS = 1000;

/** Waits until long documents are found as well, which their regions embed after the upload. */
async function untilIndexed(
  client: Client,
  keys: readonly string[],
  tell: (ready: number, note: string) => void,
): Promise<void> {
  for (const [at, key] of keys.entries()) {
    for (;;) {
      const item = await itemOf(client, key);
      if (item?.status !== 'indexing') break;
      tell(at, `indexing ${key}: ${item.indexed} of ${item.passages} passages`);
      await sleep(LOOK_MS);
    }
  }
}

/** Those with something to search for in them; the keys of the others go to `blank`. */
export async function* withoutBlank(
  documents: Entries<IngestedDocument>,
  blank: string[],
): AsyncGenerator<IngestedDocument> {
  // The readers of HTML and Markdown are loaded where documents are read.
  const { isBlank } = await import('../shared/retrieval/chunking.ts');
  for await (const entry of documents) {
    if (isBlank({ format: 'text', ...entry.document })) blank.push(entry.document.key);
    else yield entry;
  }
}

const KEYS_SHOWN = 10;

/** What to say of documents that were not sent: a sentence, or none. */
export function blankLines(blank: readonly string[]): string[] {
  if (blank.length === 0) return [];
  const have = blank.length === 1 ? 'has' : 'have';
  return [`left out: ${counted(blank.length, 'document')} ${have} neither text nor title: ${someOf(blank)}`];
}

/** What to say of records that were not taken: a sentence for each reason. */
export function leftOutLines({ refused, unknown }: Pick<UploadedRecords, 'refused' | 'unknown'>): string[] {
  const lines: string[] = [];
  if (refused > 0) lines.push(`left out: ${counted(refused, 'record')} beyond what a contributor may give`);
  if (unknown.length > 0) {
    const are = unknown.length === 1 ? 'is' : 'are';
    lines.push(
      `left out: what is about ${counted(unknown.length, 'document')} that ${are} not there: ${someOf(unknown)}`,
    );
  }
  return lines;
}

/** `1 document`, `2 documents`. */
export function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}

function someOf(keys: readonly string[]): string {
  const more = keys.length > KEYS_SHOWN ? ` and ${keys.length - KEYS_SHOWN} more` : '';
  return keys.slice(0, KEYS_SHOWN).map(visible).join(', ') + more;
}

export async function uploadRecords(
  client: Client,
  records: Entries<IngestedRecord>,
  progress: Progress,
  journal?: Journal,
): Promise<UploadedRecords> {
  const done = { accepted: 0, duplicates: 0, refused: 0, resumed: 0 };
  const unknown = new Set<string>();
  const sizeOf = ({ record }: IngestedRecord) => Buffer.byteLength(JSON.stringify(record)) + 512;
  const limits = { entries: RECORDS_PER_REQUEST, bytes: RECORD_BYTES_PER_REQUEST };
  await inBatches(records, limits, sizeOf, progress, async ({ region, entries }) => {
    const body = { records: entries.map((entry) => entry.record), ...(region === null ? {} : { region }) };
    const sent = await unlessSent(client, '/feedback', body, journal, async () => {
      const answer = await postRecords(client, body);
      done.accepted += answer.accepted;
      done.duplicates += answer.duplicates;
      done.refused += answer.refused;
      for (const item of answer.unknown) unknown.add(item);
    });
    if (!sent) done.resumed += entries.length;
  });
  return { ...done, unknown: [...unknown] };
}

/** A batch none of whose items is there is like one of which some are. */
async function postRecords(
  client: Client,
  body: { records: FeedbackInput[] },
): Promise<Omit<FeedbackReceipt, 'idle' | 'region'>> {
  try {
    return await client.call('POST /feedback', { body });
  } catch (error) {
    if (!(error instanceof ApiError) || error.code !== 'unknown_item') throw error;
    const unknown = body.records.map(({ item }) => item);
    return { accepted: 0, duplicates: 0, refused: 0, unknown };
  }
}

/** Whether it was sent now. A batch is known by its content: what changed since is sent again. */
async function unlessSent(
  client: Client,
  path: string,
  body: unknown,
  journal: Journal | undefined,
  send: () => Promise<void>,
): Promise<boolean> {
  const named = `${client.url}${client.path}${path} ${JSON.stringify(body)}`;
  const batch = journal === undefined ? '' : createHash('sha256').update(named).digest('hex');
  if (journal?.has(batch)) return false;
  await send();
  await journal?.add(batch);
  return true;
}

/** Reads entries window by window, so that a corpus never has to fit into memory. */
async function inBatches<T extends { region: string | null }>(
  entries: Entries<T>,
  limits: { entries: number; bytes: number },
  sizeOf: (entry: T) => number,
  progress: Progress,
  send: (batch: Batch<T>) => Promise<void>,
): Promise<void> {
  let done = 0;
  let bytes = 0;
  let window: T[] = [];
  const flush = async () => {
    const batches = batchesByRegion(window, limits.entries, sizeOf, limits.bytes);
    window = [];
    bytes = 0;
    await concurrent(batches, REQUESTS_AT_ONCE, async (batch) => {
      const where = batch.region === null ? 'the service' : `region ${batch.region}`;
      progress.update(done, `waiting for ${where} to take ${batch.entries.length} more`);
      await send(batch);
      done += batch.entries.length;
      progress.update(done);
    });
  };
  for await (const entry of entries) {
    window.push(entry);
    bytes += sizeOf(entry);
    if (window.length >= WINDOW || bytes >= WINDOW_BYTES) await flush();
  }
  await flush();
}

export interface Batch<T> {
  region: string | null;
  entries: T[];
}

/** Entries of one region together, at most `size` and `mostBytes` in a batch, the regions by turns. */
export function batchesByRegion<T extends { region: string | null }>(
  entries: readonly T[],
  size: number,
  sizeOf: (entry: T) => number = () => 0,
  mostBytes = Number.POSITIVE_INFINITY,
): Batch<T>[] {
  const byRegion = new Map<string | null, (Batch<T> & { turn: number; bytes: number })[]>();
  for (const entry of entries) {
    const batches = byRegion.get(entry.region) ?? [];
    byRegion.set(entry.region, batches);
    const last = batches.at(-1);
    const bytes = sizeOf(entry);
    if (last !== undefined && last.entries.length < size && last.bytes + bytes <= mostBytes) {
      last.entries.push(entry);
      last.bytes += bytes;
    } else {
      batches.push({ region: entry.region, entries: [entry], turn: batches.length, bytes });
    }
  }
  return [...byRegion.values()]
    .flat()
    .sort((a, b) => a.turn - b.turn)
    .map(({ region, entries: list }) => ({ region, entries: list }));
}
