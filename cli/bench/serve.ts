/**
 * `bench serve`: latency, requests a second and processor time of POST /v1/search by autocannon, against the Worker in
 * workerd, from outside; what a search asks of the objects; cold start, memory, and the time of scoring alone.
 *
 * What is made up: sixteen of the samples' documents are uploaded through the API, with about thirty passages. All other
 * rows are documents of one short text whose embeddings are planted
 * (cli/bench/subjects/serve-worker.ts), because embedding 50,000 texts takes a quarter of an hour. They lie in the regions'
 * tables and in the index as any others, and scoring them takes as long. Each region has documents of its own kind: its
 * vectors lie around some of the questions, and around no other region's. Distinct queries are the samples' test questions, each with a number that makes it new:
 * all of them are embedded. Repeated ones are one question, remembered.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { Client } from '../../client/client.ts';
import { LOCATION_HINTS } from '../../shared/protocol/location-hints.ts';
import { openBeir } from '../beir.ts';
import { type Deployment, startDeployment } from '../deployment.ts';
import { testQueries } from '../evaluation.ts';
import { createCollection, documentsOf } from '../experiment.ts';
import { progress } from '../progress.ts';
import { settingsFrom } from '../settings-flags.ts';
import { table } from '../table.ts';
import { bundleWorker, PROJECT, type WorkerModule } from '../worker-bundle.ts';
import { peakWorkerdMemoryMb } from '../workerd-processes.ts';
import { whole } from './accuracy-options.ts';
import { BenchService, PLANTED_WIDTH } from './bench-service.ts';
import { optionsOf } from './options-of.ts';
import { type Cost, measureCost } from './serve-counts.ts';
import { bodyOf, type Load, measureLoad, searchBody } from './serve-load.ts';
import { type Memory, measureMemory } from './serve-memory.ts';
import { measureScoring, type Scoring } from './serve-scoring.ts';
import type { Plant } from './subjects/serve-worker.ts';

const SIZES = [150, 4535, 50_000];
const REAL_DOCUMENTS = 16;
/** Questions that the vectors lie around. */
const CENTRES = 256;
const PLANTED_PER_CALL = 1000;

interface Options {
  rows?: number[];
  regions?: number;
  results?: number;
  seconds?: number;
  unique: boolean;
  small: boolean;
  json: boolean;
}

interface Cold {
  /** From the start of the process to the first answered search; the bundle was made before. */
  cold_start_ms: number;
  /** Of that, the search alone: settings, version, encoder. */
  first_search_ms: number;
}

interface Crowd {
  /** As many as wait for the encoder at most, and twice as many, of whom some are refused. */
  crowd: Record<'64' | '128', Load>;
}

/** With `--unique` the searches alone. */
interface Report extends Partial<Cold & Crowd & Memory & Scoring> {
  rows: number;
  regions: number;
  /** One request at a time, and 32. */
  repeated: Record<'1' | '32', Load> & { cost: Cost };
  distinct: Record<'1' | '32', Load> & { cost: Cost };
  /** Resident memory of the whole process, other isolates, SQLite and code included. */
  workerd_peak_mb: number | null;
}

export async function benchServe(args: string[]): Promise<void> {
  const options = optionsOf<Options>(
    new Command('bench serve')
      .option('--rows <n>', 'only this size; may be repeated', (text, all: number[] = []) => [
        ...all,
        whole(100, 60_000)(text),
      ])
      .option('--regions <n>', "of so many regions, instead of the samples'", whole(1, 64))
      .option('--results <n>', 'that a search wants (default: 10)', whole(1, 50))
      .option('--unique', 'searches alone: no cold start, no crowd, no memory, no scoring', false)
      .option('--seconds <n>', 'of each measurement (default: 10, with --small 1)', whole(1, 600))
      .option('--small', '150 rows, shortly', false),
    args,
  );
  const sizes = options.rows ?? (options.small ? SIZES.slice(0, 1) : SIZES);
  const seconds = options.seconds ?? (options.small ? 1 : 10);
  const folder = await mkdtemp(join(tmpdir(), 'fedcar-bench-'));
  const before = loadavg();
  try {
    const modules = await bundleWorker(
      join(folder, 'worker'),
      undefined,
      join(PROJECT, 'cli/bench/subjects/serve-worker.ts'),
    );
    const reports: Report[] = [];
    for (const rows of sizes) {
      reports.push(await measure({ ...options, rows, seconds, folder: join(folder, String(rows)), modules }));
      if (!options.json) print(reports.at(-1) as Report);
    }
    if (options.json) {
      const machine = { cores: availableParallelism(), load_before: before, load_after: loadavg() };
      const by_rows = Object.fromEntries(reports.map((report) => [report.rows, report]));
      process.stdout.write(`${JSON.stringify({ ...reports.at(-1), by_rows, machine })}\n`);
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

interface Measurement extends Pick<Options, 'regions' | 'results' | 'unique' | 'small'> {
  rows: number;
  seconds: number;
  folder: string;
  modules: WorkerModule[];
}

async function measure(options: Measurement): Promise<Report> {
  const { rows, results, seconds, small, unique, folder, modules } = options;
  const started = (bench: { inspect?: boolean } = {}) =>
    // What a crowd is turned away with is counted here, and need not be told line by line.
    startDeployment({
      folder,
      variables: { FEDCAR_LOG_LEVEL: 'error' },
      bench: { modules, direct: true, ...bench },
    });
  process.stderr.write(`${rows} rows …\n`);
  const { queries, regions } = await withDeployment(await started(), ({ url }) =>
    fill(url, rows, options.regions),
  );

  // A process that has done nothing else: what it knows it reads from the objects' storage.
  const began = performance.now();
  const deployment = await started();
  const ready = performance.now();
  const loaded = await withDeployment(deployment, async ({ url }) => {
    await new Client(url).call('POST /search', { body: JSON.parse(searchBody(queries[0]!)) });
    const answered = performance.now();
    const load = async (kind: 'repeated' | 'distinct') => ({
      1: await measureLoad({ url, queries, kind, seconds, results, connections: 1 }),
      32: await measureLoad({ url, queries, kind, seconds, results, connections: 32 }),
      cost: await measureCost(url, () => bodyOf(kind, queries, results)),
    });
    const repeated = await load('repeated');
    const distinct = await load('distinct');
    if (unique) return { repeated, distinct, workerd_peak_mb: peakWorkerdMemoryMb() };
    const crowd = (connections: number) =>
      measureLoad({ url, queries, kind: 'distinct', seconds, connections, mayRefuse: true });
    return {
      repeated,
      distinct,
      crowd: { 64: await crowd(64), 128: await crowd(128) },
      cold_start_ms: Math.round(answered - began),
      first_search_ms: Math.round(answered - ready),
      workerd_peak_mb: peakWorkerdMemoryMb(),
    };
  });
  if (unique) return { rows, regions, ...loaded };
  const memory = await withDeployment(await started({ inspect: true }), (each) =>
    measureMemory(each, queries, small ? 0 : 3),
  );
  return { rows, regions, ...loaded, ...memory, ...(await measureScoring(rows, PLANTED_WIDTH)) };
}

/** So many region names, all of which are location hints or begin with one. */
function regionNames(count: number): string[] {
  return Array.from({ length: count }, (_, index) => {
    const hint = LOCATION_HINTS[index % LOCATION_HINTS.length]!;
    return index < LOCATION_HINTS.length ? hint : `${hint}-${Math.floor(index / LOCATION_HINTS.length)}`;
  });
}

/** Real documents, then made-up ones; all in the published index when it returns. @returns questions to ask */
async function fill(
  url: string,
  rows: number,
  count?: number,
): Promise<{ queries: string[]; regions: number }> {
  const samples = await openBeir(join(PROJECT, 'samples'));
  const regions = count === undefined ? samples.regions : regionNames(count);
  const settings = settingsFrom([], { regions, schedule: { everyHours: 0 } });
  const client = await createCollection(url, 'default', settings);
  const documents = (await documentsOf(samples)).slice(0, REAL_DOCUMENTS).map(({ document }) => document);
  const { items } = await client.call('POST /items', { body: { items: documents } });
  const real = items.reduce((sum, { passages }) => sum + passages, 0);
  const bar = progress('documents', rows);
  const queries = (await testQueries(samples)).map(({ text }) => text);
  const bench = new BenchService(url);
  await bench.centre(await bench.embed(queries.slice(0, CENTRES)));
  for (let from = real, turn = 0; from < rows; from += PLANTED_PER_CALL, turn++) {
    const count = Math.min(PLANTED_PER_CALL, rows - from);
    const near = { at: turn % regions.length, of: regions.length };
    await bench.post('plant', {
      region: regions[near.at]!,
      from,
      count,
      width: PLANTED_WIDTH,
      near,
    } satisfies Plant);
    bar.update(from + count);
  }
  await bench.post('settle', { regions });
  await bench.post('refresh', {});
  bar.end(`${rows} documents`);
  const { regions: filled } = await client.call('GET /regions');
  const passages = filled.reduce((sum, region) => sum + region.passages, 0);
  if (passages !== rows) throw new Error(`the regions have ${passages} passages instead of ${rows}`);
  return { queries, regions: regions.length };
}

async function withDeployment<T>(
  deployment: Deployment,
  use: (deployment: Deployment) => Promise<T>,
): Promise<T> {
  try {
    return await use(deployment);
  } finally {
    await deployment.stop();
  }
}

function print(report: Report): void {
  const { rows, regions, repeated, distinct, crowd } = report;
  const line = (name: string, { p50_ms, p99_ms, requests_s, processor_ms, requests, refused }: Load) =>
    [name, p50_ms, p99_ms, requests_s, processor_ms ?? '–', requests, refused].map(String);
  const lines = [
    ['', 'p50 ms', 'p99 ms', 'requests/s', 'processor ms', 'answered', 'refused'],
    line('repeated, 1 at a time', repeated[1]),
    line('repeated, 32', repeated[32]),
    line('distinct, 1 at a time', distinct[1]),
    line('distinct, 32', distinct[32]),
    ...(crowd === undefined ? [] : [line('distinct, 64', crowd[64]), line('distinct, 128', crowd[128])]),
  ];
  process.stdout.write(`${rows} rows, ${regions} regions\n${table(lines)}\n`);
  for (const [kind, { cost }] of Object.entries({ repeated, distinct })) {
    const phases = Object.entries(cost.phases_ms).map(([part, ms]) => `${part} ${ms} ms`);
    process.stdout.write(
      `  ${kind}: ${cost.calls.all} calls of objects, ${cost.rows_read.all} rows read; ${phases.join(', ')}\n`,
    );
  }
  if (report.score_ms === undefined) return;
  process.stdout.write(
    `  scoring ${report.score_ms} ms (plain JavaScript ${report.score_plain_ms}), with the choice of the best ${report.rank_ms}
  cold start ${report.cold_start_ms} ms, of which the first search ${report.first_search_ms}
  isolate at most ${report.isolate_peak_mb} MB, of which WASM ${report.wasm_mb}; while documents change ${report.isolate_replacing_mb ?? '–'}; process ${report.workerd_peak_mb} MB\n`,
  );
}
