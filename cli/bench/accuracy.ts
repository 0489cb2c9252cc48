/**
 * `bench accuracy`: a BEIR folder through the whole system. Documents and training queries go in through the HTTP
 * API, the regions train, the test queries come back through `/v1/search` under version 0 (plain search, by vectors, by
 * words and by both) and under the trained version.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Client } from '../../client/client.ts';
import type { Privacy } from '../../shared/protocol/api/privacy.ts';
import type { Run } from '../../shared/protocol/api/run.ts';
import type { Version } from '../../shared/protocol/api/version.ts';
import type { CollectionSettings } from '../../shared/protocol/settings.ts';
import { type BeirFolder, openBeir } from '../beir.ts';
import { type Deployment, startDeployment } from '../deployment.ts';
import {
  type AnsweredQuery,
  askAll,
  type RetrievalType,
  someTestQueries,
  type TestQuery,
} from '../evaluation.ts';
import { createCollection, documentsOf, ingest, recordsOf, TrainingError, train } from '../experiment.ts';
import { progress } from '../progress.ts';
import { settingsFrom } from '../settings-flags.ts';
import { type AccuracyOptions, parseAccuracyOptions, RETRIEVAL_TYPES } from './accuracy-options.ts';
import { accuracyReport, showReport } from './accuracy-report.ts';
import { benchStream } from './accuracy-stream.ts';
import { withRounds } from './round-limit.ts';

export async function benchAccuracy(args: string[]): Promise<void> {
  const options = parseAccuracyOptions(args);
  if (options.stream !== undefined) return await benchStream({ ...options, stream: options.stream });
  const { withhold, regions } = options;
  const folder = await openBeir(options.dataset, {
    ...(withhold === undefined ? {} : { withhold }),
    ...(regions === undefined ? {} : { regions }),
  });
  const queries = await someTestQueries(folder, options.limit);
  const state = options.state ?? (await mkdtemp(join(tmpdir(), 'fedcar-bench-')));
  const deployment = await startDeployment({ folder: state });
  try {
    const measure = options.localOnly ? measureLocalOnly : measureFederated;
    const report = await measure(deployment, folder, queries, options);
    showReport(report, options);
  } finally {
    await deployment.stop();
    if (options.state === undefined) await rm(state, { recursive: true, force: true });
  }
}

/** What one training gave. */
export interface Trained {
  /** Null: all regions together. */
  region: string | null;
  /** Training records by region. */
  units: Record<string, number>;
  settings: CollectionSettings;
  /** One that failed tells why; version 0 gave the answers then. */
  run: Run;
  answers: AnsweredQuery[];
  trainS: number;
  askS: number;
  version: Pick<Version, 'version' | 'bytes' | 'rows' | 'active_rows' | 'held_out' | 'probe'>;
  privacy: Pick<Privacy, 'noise' | 'epsilon' | 'epsilon_pld' | 'charges'>;
}

async function measureFederated(
  deployment: Deployment,
  folder: BeirFolder,
  queries: TestQuery[],
  options: AccuracyOptions,
) {
  const began = Date.now();
  const settings = benchSettings(options, folder.regions, folder.counts.training);
  const client = await createCollection(deployment.url, 'bench', settings);
  const records = await recordsOf(folder);
  await ingest(client, await documentsOf(folder), records);
  const ingestS = seconds(began);
  const plain = await askPlain(client, queries);
  const beginning = Date.now();
  const run = await train(client, { tick: deployment.tick });
  const trainS = seconds(beginning);
  const asked = await askTrained(client, queries, run, options.retrieval);
  const trained = { region: null, units: unitsOf(records), settings, run, trainS, ...asked };
  const { retrieval } = options;
  return accuracyReport({ folder, plain, retrieval, trained: [trained], ingestS, wallS: seconds(began) });
}

/** Each region alone: all documents, but its own queries only. One that can not train on them answers with version 0. */
async function measureLocalOnly(
  deployment: Deployment,
  folder: BeirFolder,
  queries: TestQuery[],
  options: AccuracyOptions,
) {
  const began = Date.now();
  const trained: Trained[] = [];
  let plain: PlainAnswers | null = null;
  let ingestS = 0;
  for (const region of folder.regions) {
    const at = Date.now();
    const records = await recordsOf(folder, region);
    const settings = benchSettings(options, [region], records.length);
    const client = await createCollection(deployment.url, `local-${region}`, settings);
    await ingest(client, await documentsOf(folder, region), records);
    ingestS += seconds(at);
    plain ??= await askPlain(client, queries);
    const beginning = Date.now();
    const run = await trainAlone(client, region, deployment);
    const trainS = seconds(beginning);
    // Every region has all documents: under version 0 the first one's answers are everybody's.
    const known = run.state === 'failed' ? plain[options.retrieval] : undefined;
    const asked = await askTrained(client, queries, run, options.retrieval, known);
    trained.push({ region, units: unitsOf(records), settings, run, trainS, ...asked });
  }
  const { retrieval } = options;
  return accuracyReport({ folder, plain: plain!, retrieval, trained, ingestS, wallS: seconds(began) });
}

/** @returns the run, also one that failed: a region may have too few queries. */
async function trainAlone(client: Client, region: string, { tick }: Deployment): Promise<Run> {
  try {
    return await train(client, { name: `training ${region}`, tick });
  } catch (error) {
    if (!(error instanceof TrainingError) || error.run.state !== 'failed') throw error;
    process.stderr.write(`${region} can not train alone: ${error.run.error}; version 0 answers for it\n`);
    return error.run;
  }
}

function unitsOf(records: readonly { region: string | null }[]): Record<string, number> {
  const units = new Map<string, number>();
  for (const { region } of records) {
    if (region !== null) units.set(region, (units.get(region) ?? 0) + 1);
  }
  return Object.fromEntries(units);
}

/** What version 0 answers, by how passages are looked for. */
export type PlainAnswers = Record<RetrievalType, AnsweredQuery[]>;

async function askPlain(client: Client, queries: TestQuery[]): Promise<PlainAnswers> {
  const answers = [];
  for (const type of RETRIEVAL_TYPES) answers.push([type, await ask(client, queries, 0, type)] as const);
  return Object.fromEntries(answers) as PlainAnswers;
}

async function ask(client: Client, queries: TestQuery[], version: number, type: RetrievalType) {
  const bar = progress(`asking version ${version}, ${type}`, queries.length);
  const answers = await askAll(client, queries, version, bar, { type });
  bar.end(`${queries.length} queries`);
  return answers;
}

/** @param known answers of the run's version, where they are there already. */
async function askTrained(
  client: Client,
  queries: TestQuery[],
  run: Run,
  type: RetrievalType,
  known?: AnsweredQuery[],
) {
  const began = Date.now();
  const number = run.version ?? 0;
  const answers = known ?? (await ask(client, queries, number, type));
  const askS = seconds(began);
  const version = await client.call('GET /models/{version}', { params: { version: number } });
  const privacy = await client.call('GET /privacy');
  return { answers, askS, version, privacy };
}

/** Defaults of the product, the bench's own needs, then `--set`. */
function benchSettings(
  options: AccuracyOptions,
  regions: readonly string[],
  records: number,
): CollectionSettings {
  const { dpEpsilon, seed } = options;
  // One run, which spends all there is.
  const whole = { noise: 'on', epsilon: dpEpsilon, runEpsilon: dpEpsilon };
  const privacy = dpEpsilon === undefined ? { noise: 'off' } : whole;
  // Nothing but the bench starts a run, and what one region remembers is no part of what all of them learn.
  const base = { regions, schedule: { everyHours: 0 }, training: { seed }, privacy, memory: 'off' };
  const settings = settingsFrom(options.set, base);
  if (options.rounds === undefined) return settings;
  const units = records * (1 - settings.heldOutShare);
  return withRounds(settings, options.rounds, units);
}

function seconds(since: number): number {
  return (Date.now() - since) / 1000;
}
