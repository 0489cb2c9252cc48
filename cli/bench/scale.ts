/**
 * `bench scale`: a collection of many passages in workerd. Nearly all of them are made up (made-up-passages.ts): vectors
 * around the embeddings of real questions, words by Zipf's law; they lie in the regions' tables as any others do. How
 * long the last of them take, what a search costs and finds, what lies where, and what one changed document costs until
 * the isolate has it in its index.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Command } from 'commander';
import type { Client } from '../../client/client.ts';
import type { Filters } from '../../shared/protocol/filters.ts';
import { LOCATION_HINTS } from '../../shared/protocol/location-hints.ts';
import { openBeir } from '../beir.ts';
import { startDeployment } from '../deployment.ts';
import { testQueries } from '../evaluation.ts';
import { createCollection } from '../experiment.ts';
import { progress } from '../progress.ts';
import { settingsFrom } from '../settings-flags.ts';
import { bundleWorker, PROJECT } from '../worker-bundle.ts';
import { whole } from './accuracy-options.ts';
import { BenchService, PLANTED_WIDTH } from './bench-service.ts';
import { nearCentre, withWords } from './made-up-passages.ts';
import { optionsOf } from './options-of.ts';
import { workerdProcessorMs } from './processor-time.ts';
import { searchExactly, share } from './scale-recall.ts';
import { type Cost, measureCost } from './serve-counts.ts';
import { bodyOf, type Load, measureLoad } from './serve-load.ts';
import { type Memory, measureMemory } from './serve-memory.ts';
import type { Counts, Plant } from './subjects/serve-worker.ts';

const PER_CALL = 1000;
/** Around so many questions vectors lie at least, and with more passages one more for each so many of them. */
const CENTRES = 512;
const PASSAGES_A_CENTRE = 250;
const QUESTIONS = 50;
/** From an upload to when nothing more comes of it. */
const SETTLED_MS = 15_000;

interface Options {
  rows?: number;
  regions?: number;
  dataset: string;
  seconds?: number;
  small: boolean;
  json: boolean;
}

/** Of workerd. */
interface Spent {
  wall_s: number;
  processor_s: number;
}

interface Report {
  rows: number;
  regions: number;
  /** Of all but the last thousand, by halves: until the index that isolates read has them. */
  planted: [first: Spent, second: Spent];
  last_thousand: Spent;
  /** Of all segments together. */
  index_bytes: number;
  /** Of SQLite, by region. */
  stored_bytes: number[];
  unique: Load & { cost: Cost };
  /**
   * Processor milliseconds of a search in each region by itself, without its embedding; where the edge has the index, of a
   * question whose ranking it remembers.
   */
  region_ms: number[];
  /** Of the ten nearest passages, what the service finds. */
  recall_at_10: number;
  /** The same where regions search for themselves: with a filter that lets everything pass. */
  recall_in_regions: number;
  codes: ReturnType<typeof searchExactly>['codes'];
  upload: Upload;
  memory: Memory;
}

/** One document that changes, from the request to when nothing more comes of it. */
interface Upload {
  stored_ms: number;
  /** Whether the index that isolates read has it; searches of the isolate that took it find it before. */
  published: boolean;
  /** With that of two searches, whose question was asked before. */
  processor_ms: number;
  /** Of two searches and as long a silence as it took, before. */
  without_ms: number;
  calls: Counts['calls'];
  rows_read: Counts['rowsRead'];
}

export async function benchScale(args: string[]): Promise<void> {
  const options = optionsOf<Options>(
    new Command('bench scale')
      .option('--rows <n>', 'passages (default: 50000, with --small 3000)', whole(2000, 2_000_000))
      .option('--regions <n>', 'regions (default: 4, with --small 2)', whole(1, 64))
      .option(
        '--dataset <folder>',
        'BEIR folder whose questions the vectors lie around',
        join(PROJECT, 'samples'),
      )
      .option('--seconds <n>', 'of searches (default: 10, with --small 1)', whole(1, 600))
      .option('--small', 'few passages, shortly', false),
    args,
  );
  const folder = await mkdtemp(join(tmpdir(), 'fedcar-bench-'));
  const before = loadavg();
  try {
    const report = await measure(options, folder);
    if (!options.json) return print(report);
    const machine = { cores: availableParallelism(), load_before: before, load_after: loadavg() };
    process.stdout.write(`${JSON.stringify({ ...report, machine })}\n`);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function measure(options: Options, folder: string): Promise<Report> {
  const { small } = options;
  const rows = options.rows ?? (small ? 3000 : 50_000);
  const regions = LOCATION_HINTS.slice(0, Math.min(9, options.regions ?? (small ? 2 : 4))) as string[];
  while (regions.length < (options.regions ?? 0)) regions.push(`wnam-${regions.length}`);
  const questions = await questionsOf(
    options.dataset,
    Math.max(CENTRES, Math.ceil(rows / PASSAGES_A_CENTRE)),
  );
  const subject = join(PROJECT, 'cli/bench/subjects/serve-worker.ts');
  const modules = await bundleWorker(join(folder, 'worker'), undefined, subject);
  const started = (inspect: boolean) =>
    startDeployment({ folder: join(folder, 'state'), bench: { modules, direct: true, inspect } });
  const deployment = await started(false);
  let found: Omit<Report, 'memory'>;
  try {
    const bench = new BenchService(deployment.url);
    const client = await createCollection(
      deployment.url,
      'default',
      settingsFrom([], { regions, schedule: { everyHours: 0 } }),
    );
    const embedded = await bench.embed(questions.slice(0, -QUESTIONS));
    // What is asked is not what vectors lie around.
    const asked = questions.slice(-QUESTIONS);
    const queries = await bench.embed(asked);
    const planted = await plantAll(bench, rows, regions, embedded);
    const seconds = options.seconds ?? (small ? 1 : 10);
    const numbers = Array.from({ length: rows }, (_, number) => number);
    const exact = searchExactly(numbers, (number) => nearCentre(number, embedded), queries);
    const { url } = deployment;
    const worded = withWords(questions);
    const load = await measureLoad({ url, queries: worded, kind: 'distinct', seconds, connections: 1 });
    found = {
      ...{ rows, regions: regions.length, ...planted },
      index_bytes: (await bench.pointer()).index.bytes ?? 0,
      stored_bytes: await bench.post<number[]>('stored', { regions }),
      unique: { ...load, cost: await measureCost(url, () => bodyOf('distinct', worded)) },
      region_ms: await searchRegions(bench, client, regions, worded.slice(-QUESTIONS)),
      recall_at_10: await recallOf(client, asked, exact.nearest),
      recall_in_regions: await recallOf(client, asked, exact.nearest, { number: { $gte: 0 } }),
      codes: exact.codes,
      upload: await uploadOne(bench, client),
    };
  } finally {
    await deployment.stop();
  }
  const again = await started(true);
  try {
    return { ...found, memory: await measureMemory(again, questions, 0) };
  } finally {
    await again.stop();
  }
}

/** Questions of a folder, in an order that has nothing to do with their documents. */
async function questionsOf(dataset: string, centres: number): Promise<string[]> {
  const queries = await testQueries(await openBeir(dataset), centres + QUESTIONS);
  return queries.map(({ text }) => text);
}

/** Passages with the numbers from 0 on, a thousand a call, regions by turns. */
async function plantAll(
  bench: BenchService,
  rows: number,
  regions: readonly string[],
  centres: readonly Float32Array[],
): Promise<Pick<Report, 'planted' | 'last_thousand'>> {
  await bench.centre(centres);
  const bar = progress('passages', rows);
  // Until the index that isolates read has them, with what alarms merge.
  const plant = async (from: number, to: number): Promise<Spent> => {
    const spent = stopwatch();
    for (let at = from; at < to; at += PER_CALL) {
      const region = regions[(at / PER_CALL) % regions.length]!;
      const count = Math.min(PER_CALL, to - at);
      const near = { at: 0, of: 1 };
      await bench.post('plant', { region, from: at, count, width: PLANTED_WIDTH, near } satisfies Plant);
      bar.update(at + count);
    }
    await bench.post('settle', { regions });
    await bench.post('refresh', {});
    return spent();
  };
  const last = rows - (rows % PER_CALL === 0 ? PER_CALL : rows % PER_CALL);
  const middle = PER_CALL * Math.floor(last / PER_CALL / 2);
  const halves: Report['planted'] = [await plant(0, middle), await plant(middle, 2 * middle)];
  if (2 * middle < last) await plant(2 * middle, last);
  const lastThousand = await plant(last, rows);
  bar.end(`${rows} passages`);
  return { planted: halves, last_thousand: lastThousand };
}

function stopwatch(): () => Spent {
  const began = performance.now();
  const before = workerdProcessorMs();
  return () => ({
    wall_s: rounded((performance.now() - began) / 1000),
    processor_s: rounded((workerdProcessorMs() - before) / 1000),
  });
}

/**
 * Processor time of a search in each region by itself, without its embedding: the questions were asked before. What the
 * edge does for it is counted, too.
 */
async function searchRegions(
  bench: BenchService,
  client: Client,
  regions: readonly string[],
  questions: readonly string[],
): Promise<number[]> {
  const costs: number[] = [];
  for (const region of regions) {
    const all = async () => {
      for (const query of questions)
        await client.call('POST /search', { body: { query, fedcar: { region } } });
    };
    // On the platform a region has an isolate of its own: what others keep open here takes no room from it.
    await bench.post('apart', {});
    await all();
    await bench.post('settle', { regions: [region] });
    await all();
    const before = workerdProcessorMs();
    await all();
    await all();
    costs.push(rounded((workerdProcessorMs() - before) / (2 * questions.length)));
  }
  return costs;
}

/** The share of the nearest passages that the service answers with. */
async function recallOf(
  client: Client,
  questions: readonly string[],
  nearest: readonly ReadonlySet<number>[],
  filters?: Filters,
): Promise<number> {
  let hits = 0;
  for (const [index, query] of questions.entries()) {
    const ai_search_options = { retrieval: { retrieval_type: 'vector' as const, filters } };
    const { chunks } = await client.call('POST /search', { body: { query, ai_search_options } });
    for (const { item } of chunks) if (nearest[index]!.has(Number(item.key.split('/')[1]))) hits += 1;
  }
  return share(
    hits,
    nearest.reduce((sum, { size }) => sum + size, 0),
  );
}

async function uploadOne(bench: BenchService, client: Client): Promise<Upload> {
  const search = () => client.call('POST /search', { body: { query: 'pallet at depot 77' } });
  const before = (await bench.pointer()).index.revision;
  await search();
  // What was begun before is over.
  await sleep(5000);
  // Whoever looked meanwhile would be counted. The isolate hears of the new segment, and fetches it behind the answer.
  const settle = async () => {
    await sleep(SETTLED_MS);
    await search();
    await sleep(2000);
    await search();
  };
  const silence = stopwatch();
  await settle();
  const without = silence();
  await bench.post('count', {});
  const spent = stopwatch();
  const began = performance.now();
  await client.call('POST /items', {
    body: { key: 'made-up/7', text: 'A pallet that nobody ordered waits at depot 77.' },
  });
  const stored = performance.now() - began;
  await settle();
  const { processor_s } = spent();
  const { calls, rowsRead } = await bench.post<Counts>('counted', {});
  return {
    stored_ms: Math.round(stored),
    published: (await bench.pointer()).index.revision > before,
    processor_ms: 1000 * processor_s,
    without_ms: 1000 * without.processor_s,
    calls,
    rows_read: rowsRead,
  };
}

function rounded(seconds: number): number {
  return Math.round(100 * seconds) / 100;
}

function print(report: Report): void {
  const { rows, regions, planted, unique, codes, upload, memory } = report;
  const recall = Object.entries(codes.recall_at_10).map(
    ([candidates, found]) => `${found} with ${candidates}`,
  );
  const sum = (counts: Record<string, number>) => Object.values(counts).reduce((all, each) => all + each, 0);
  const mb = (bytes: number) => `${Math.round(bytes / 1e5) / 10} MB`;
  process.stdout.write(`${rows} passages, ${regions} regions
  planted in ${planted.map(({ processor_s }) => processor_s).join(' and ')} s of processor time (halves), the last thousand in ${report.last_thousand.processor_s} s
  a search of its own words: p50 ${unique.p50_ms} ms, p99 ${unique.p99_ms} ms, processor ${unique.processor_ms} ms, ${unique.cost.calls.all} calls of objects, ${unique.cost.rows_read.all} rows read; in a region by itself ${report.region_ms.join(', ')} ms of processor time
  recall@10 ${report.recall_at_10}, in the regions ${report.recall_in_regions}; one-bit codes, ${codes.bytes_a_passage} bytes and ${codes.ns_a_passage} ns a passage: ${recall.join(', ')}, ${codes.chosen.recall_at_10} with ${codes.chosen.candidates} as they are chosen
  index ${mb(report.index_bytes)}; regions ${report.stored_bytes.map(mb).join(', ')}; isolate ${memory.isolate_peak_mb} MB
  one document changed: stored in ${upload.stored_ms} ms, ${upload.published ? 'in the index' : 'found in its region'}, processor ${upload.processor_ms - upload.without_ms} ms, ${sum(upload.rows_read)} rows read\n`);
}
