/** A BEIR folder in a collection of its own: create, ingest, train. What the demo and the benches have in common. */

import { ApiError, Client } from '../client/client.ts';
import type { Run } from '../shared/protocol/api/run.ts';
import type { CollectionSettings } from '../shared/protocol/settings.ts';
import type { BeirFolder } from './beir.ts';
import { concurrent } from './concurrent.ts';
import { recordId } from './dataset/records.ts';
import {
  blankLines,
  type IngestedDocument,
  type IngestedRecord,
  leftOutLines,
  uploadDocuments,
  uploadRecords,
} from './ingest.ts';
import { progress } from './progress.ts';
import { StartError } from './start-error.ts';
import { startRun, watchRun } from './training.ts';

/** A kept collection was made with other settings than are asked for: by an older version, or changed since. */
export class OtherSettingsError extends StartError {}

/**
 * Creates the collection; one that is there with the same settings is taken as it is.
 * @throws OtherSettingsError when it is there with others
 */
export async function createCollection(
  url: string,
  name: string,
  settings: CollectionSettings,
): Promise<Client> {
  try {
    await new Client(url).call('POST /collections', { body: { name, settings } });
  } catch (error) {
    if (!(error instanceof ApiError) || error.code !== 'collection_exists') throw error;
    throw new OtherSettingsError(
      `the kept state has a collection ${name} with other settings; choose another folder with --state`,
    );
  }
  return new Client(url, { collection: name });
}

/** A corpus document as the API takes it; its region is `only`'s, or its own. */
export async function documentsOf(folder: BeirFolder, only?: string): Promise<IngestedDocument[]> {
  const documents: IngestedDocument[] = [];
  for await (const { id, title, text, format, metadata, region } of folder.documents()) {
    documents.push({ document: { key: id, title, text, format, metadata }, region: only ?? region });
  }
  return documents;
}

/** Training queries as feedback; ids make a repeated upload harmless. */
export async function recordsOf(folder: BeirFolder, only?: string): Promise<IngestedRecord[]> {
  const records: IngestedRecord[] = [];
  for await (const { id, text, document, region } of folder.training()) {
    if (only !== undefined && region !== only) continue;
    records.push({
      region,
      record: { id: recordId(id, document), query: text, item: document, relevant: true },
    });
  }
  return records;
}

/** @returns region by document. */
export async function uploadAll(
  client: Client,
  documents: readonly IngestedDocument[],
): Promise<Map<string, string>> {
  const bar = progress('documents', documents.length);
  const { regions: placed, blank } = await uploadDocuments(client, documents, bar);
  bar.end([`${placed.size} documents`, ...blankLines(blank)].join('; '));
  return placed;
}

/** @returns region by document. */
export async function ingest(
  client: Client,
  documents: readonly IngestedDocument[],
  records: readonly IngestedRecord[],
): Promise<Map<string, string>> {
  const placed = await uploadAll(client, documents);
  const recordBar = progress('query log', records.length);
  const sent = await uploadRecords(client, records, recordBar);
  recordBar.end([`${records.length} records`, ...leftOutLines(sent)].join('; '));
  return placed;
}

/** What a region embeds before it answers: some hundred tokens, of which each question has two that are not its text's. */
const CHARACTERS_AT_ONCE = 1_400;
const CHARACTERS_BESIDE = 10;

/** Questions of a region cut into requests: those of like length together, since they share microbatches. */
export function feedbackRequests(entries: readonly IngestedRecord[]): IngestedRecord[][] {
  const requests: IngestedRecord[][] = [];
  let room = 0;
  for (const entry of entries.toSorted((a, b) => a.record.query.length - b.record.query.length)) {
    const size = entry.record.query.length + CHARACTERS_BESIDE;
    if (requests.length === 0 || size > room) {
      requests.push([]);
      room = CHARACTERS_AT_ONCE;
    }
    requests.at(-1)!.push(entry);
    room -= size;
  }
  return requests;
}

/** Feedback as it trickles in: region by region a few at a time, so that memory has it when the request returns. */
export async function giveFeedback(client: Client, given: readonly IngestedRecord[]): Promise<void> {
  const byRegion = Map.groupBy(given, ({ region }) => region);
  const bar = progress('query log', given.length);
  let sent = 0;
  await concurrent([...byRegion], Math.max(1, byRegion.size), async ([region, entries]) => {
    for (const request of feedbackRequests(entries)) {
      const records = request.map(({ record }) => record);
      await client.call('POST /feedback', { body: { records, ...(region === null ? {} : { region }) } });
      sent += records.length;
      bar.update(sent);
    }
  });
  bar.end(`${given.length} records`);
}

export interface TrainOptions {
  /** Words before the bar. */
  name?: string;
  /** Stands in for the platform's cron, which looks after lost alarms. */
  tick: () => Promise<void>;
  /** Milliseconds between two looks at the run. */
  lookMs?: number;
}

const TICK_MS = 30_000;

/** A run that ended without a version; the message says why. */
export class TrainingError extends Error {
  override readonly name = 'TrainingError';
  readonly run: Run;

  constructor(run: Run) {
    super(`training ${run.state}: ${run.error ?? 'no reason was given'}`);
    this.run = run;
  }
}

/** Runs the training to its end. @throws TrainingError when it failed or was cancelled. */
export async function train(client: Client, { name = 'training', tick, lookMs }: TrainOptions): Promise<Run> {
  const bar = progress(name, 1);
  let ticked = Date.now();
  let ticking = false;
  const { run } = await startRun(client);
  const look = async () => {
    if (ticking || Date.now() - ticked < TICK_MS) return;
    ticked = Date.now();
    ticking = true;
    // A cron trigger waits for nobody, and one that fails is followed by the next.
    void tick()
      .catch((error) => process.stderr.write(`watchdog: ${error}\n`))
      .finally(() => {
        ticking = false;
      });
  };
  const report = await watchRun(client, run, bar, look, lookMs);
  bar.end(`${report.finished} rounds, ${report.state}`);
  if (report.state !== 'published' && report.state !== 'rejected') {
    throw new TrainingError(report);
  }
  return report;
}
