/** `bench search-during-training`: latency of /v1/search before and while regions train, over HTTP against workerd. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import type { Client } from '../../client/client.ts';
import { openBeir } from '../beir.ts';
import { startDeployment } from '../deployment.ts';
import { someTestQueries, type TestQuery } from '../evaluation.ts';
import { createCollection, documentsOf, ingest, recordsOf } from '../experiment.ts';
import { settingsFrom } from '../settings-flags.ts';
import { percent, table } from '../table.ts';
import { startRun } from '../training.ts';
import { PROJECT } from '../worker-bundle.ts';
import { whole } from './accuracy-options.ts';
import { optionsOf } from './options-of.ts';

interface Options {
  dataset: string;
  queries: number;
  set: string[];
  json: boolean;
}

interface Latency {
  queries: number;
  p50_ms: number;
  p99_ms: number;
  max_ms: number;
}

export async function benchSearchDuringTraining(args: string[]): Promise<void> {
  const options = optionsOf<Options>(
    new Command('bench search-during-training')
      .option('--dataset <dir>', 'BEIR folder', join(PROJECT, 'samples'))
      .option('--queries <n>', 'queries before training, and at least so many while it runs', whole(10), 200)
      .option(
        '--set <path=value>',
        'a setting of the collection; may be repeated',
        (value: string, all: string[]) => [...all, value],
        [],
      ),
    args,
  );
  const folder = await openBeir(options.dataset);
  const queries = await someTestQueries(folder);
  const state = await mkdtemp(join(tmpdir(), 'fedcar-bench-'));
  const deployment = await startDeployment({ folder: state });
  try {
    // It trains whether or not that would help.
    const base = { schedule: { everyHours: 0 }, privacy: { censusEpsilon: 0 } };
    const settings = settingsFrom(options.set, { regions: folder.regions, ...base });
    const client = await createCollection(deployment.url, 'bench', settings);
    await ingest(client, await documentsOf(folder), await recordsOf(folder));
    await timed(client, queries, async (count) => count < 20);
    const idle = await timed(client, queries, async (count) => count < options.queries);
    const { run } = await startRun(client);
    const running = async () =>
      (await client.call('GET /rounds/{run}', { params: { run } })).state === 'running';
    const during = await timed(
      client,
      queries,
      async (count) => count < options.queries && (await running()),
    );
    const overlap = during.length >= options.queries ? 1 : during.length / options.queries;
    await client.call('POST /rounds/{run}/cancel', { params: { run } });
    show({ idle: latency(idle), training: latency(during), overlap }, options.json);
  } finally {
    await deployment.stop();
    await rm(state, { recursive: true, force: true });
  }
}

/** Milliseconds of one query after the other, each with a pause that lets training go on. */
async function timed(client: Client, queries: TestQuery[], more: (count: number) => Promise<boolean>) {
  const times: number[] = [];
  while (await more(times.length)) {
    const query = queries[times.length % queries.length] as TestQuery;
    const began = performance.now();
    await client.call('POST /search', { body: { query: query.text } });
    times.push(performance.now() - began);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return times;
}

export function latency(times: readonly number[]): Latency {
  const sorted = [...times].sort((a, b) => a - b);
  const at = (share: number) =>
    Math.round(10 * (sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN)) / 10;
  return { queries: sorted.length, p50_ms: at(0.5), p99_ms: at(0.99), max_ms: at(1) };
}

function show(report: { idle: Latency; training: Latency; overlap: number }, json: boolean): void {
  if (json) {
    process.stdout.write(`${JSON.stringify(report)}\n`);
    return;
  }
  const row = (name: string, { queries, p50_ms, p99_ms, max_ms }: Latency) =>
    [name, queries, p50_ms, p99_ms, max_ms].map(String);
  const head = ['ms', 'queries', 'p50', 'p99', 'most'];
  process.stdout.write(`${table([head, row('idle', report.idle), row('training', report.training)])}\n`);
  if (report.overlap < 1) {
    process.stdout.write(`  training ended after ${percent(report.overlap)} of the queries\n`);
  }
}
