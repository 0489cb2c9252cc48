/**
 * `bench scale`: a collection of many passages in workerd. Nearly all of them are made up (made-up-passages.ts): vectors
 * around the embeddings of real questions, words by Zipf's law; they lie in the regions' tables as any others do. How
 * long the last of them take, what a search costs and finds, what lies where, and what one further document costs until
 * the isolate has it in its index.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Command } from 'commander';
import type { Client } from '../../client/client.ts';
import { LOCATION_HINTS } from '../../shared/protocol/location-hints.ts';
import type { SnapshotPointer } from '../../shared/protocol/objects.ts';
import { openBeir } from '../beir.ts';
import { startDeployment } from '../deployment.ts';
import { testQueries } from '../evaluation.ts';
import { createCollection } from '../experiment.ts';
import { progress } from '../progress.ts';
import { settingsFrom } from '../settings-flags.ts';
import { bundleWorker, PROJECT } from '../worker-bundle.ts';
import { whole } from './accuracy-options.ts';
import { nearCentre } from './made-up-passages.ts';
import { optionsOf } from './options-of.ts';
import { workerdProcessorMs } from './processor-time.ts';
import { searchExactly, share } from './scale-recall.ts';
import { type Cost, measureCost } from './serve-counts.ts';
import { bodyOf, type Load, measureLoad } from './serve-load.ts';
import { type Memory, measureMemory } from './serve-memory.ts';
import type { Counts, Plant } from './subjects/serve-worker.ts';

const WIDTH = 384;
const PER_CALL = 1000;
const CENTRES = 512;
const QUESTIONS = 50;
const EMBEDDED_AT_ONCE = 64;
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

interface Report {
  rows: number;
  regions: number;
  /** Of all but the last thousand, by halves. */
  planted_s: [first: number, second: number];
  /** The last thousand, until the index that isolates read has them; of it, the registration. */
  last_thousand_s: number;
  publish_s: number;
  /** Of all segments together. */
  index_bytes: number;
  /** Of SQLite, by region. */
  stored_bytes: number[];
  unique: Load & { cost: Cost };
  /** Of the ten nearest passages, what the service finds. */
  recall_at_10: number;
  codes: ReturnType<typeof searchExactly>['codes'];
  upload: Upload;
  memory: Memory;
}

/** One further document, from the request to when nothing more comes of it. */
interface Upload {
  stored_ms: number;
  /** Whether the index that isolates read has it; searches of the isolate that took it find it before. */
  published: boolean;
  processor_ms: number;
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
  const questions = await questionsOf(options.dataset);
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
    const embedded = await bench.embed(questions.slice(0, CENTRES));
    // What is asked is not what vectors lie around.
    const asked = questions.slice(-QUESTIONS);
    const queries = await bench.embed(asked);
    const planted = await plantAll(bench, rows, regions, embedded);
    const seconds = options.seconds ?? (small ? 1 : 10);
    const numbers = Array.from({ length: rows }, (_, number) => number);
    const exact = searchExactly(numbers, (number) => nearCentre(number, embedded), queries);
    const { url } = deployment;
    const load = await measureLoad({ url, queries: questions, kind: 'distinct', seconds, connections: 1 });
    found = {
      ...{ rows, regions: regions.length, ...planted },
      index_bytes: (await bench.pointer()).index.bytes ?? 0,
      stored_bytes: await bench.post<number[]>('stored', { regions }),
      unique: { ...load, cost: await measureCost(url, () => bodyOf('distinct', questions)) },
      recall_at_10: await recallOf(client, asked, exact.nearest),
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
async function questionsOf(dataset: string): Promise<string[]> {
  const queries = await testQueries(await openBeir(dataset), CENTRES + QUESTIONS);
  return queries.map(({ text }) => text);
}

/** The paths that the subject has beside the service's own. */
class BenchService {
  readonly #url: string;

  constructor(url: string) {
    this.#url = url;
  }

  async post<T>(path: string, body: unknown): Promise<T> {
    const response = await fetch(`${this.#url}/bench/${path}`, {
      method: 'POST',
      body: JSON.stringify(body),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${path} failed: ${text}`);
    return JSON.parse(text) as T;
  }

  async pointer(): Promise<SnapshotPointer> {
    return await this.post('pointer', {});
  }

  async embed(texts: readonly string[]): Promise<Float32Array[]> {
    const vectors: Float32Array[] = [];
    for (let from = 0; from < texts.length; from += EMBEDDED_AT_ONCE) {
      const all = await this.post<number[]>('embed', texts.slice(from, from + EMBEDDED_AT_ONCE));
      for (let at = 0; at < all.length; at += WIDTH)
        vectors.push(Float32Array.from(all.slice(at, at + WIDTH)));
    }
    return vectors;
  }
}

/** Passages with the numbers from 0 on, a thousand a call, regions by turns. */
async function plantAll(
  bench: BenchService,
  rows: number,
  regions: readonly string[],
  centres: readonly Float32Array[],
): Promise<Pick<Report, 'planted_s' | 'last_thousand_s' | 'publish_s'>> {
  await bench.post(
    'centres',
    centres.map((centre) => Array.from(centre)),
  );
  const bar = progress('passages', rows);
  const plant = async (from: number, to: number) => {
    const began = performance.now();
    for (let at = from; at < to; at += PER_CALL) {
      const region = regions[(at / PER_CALL) % regions.length]!;
      const count = Math.min(PER_CALL, to - at);
      await bench.post('plant', { region, from: at, count, width: WIDTH, clustered: true } satisfies Plant);
      bar.update(at + count);
    }
    return (performance.now() - began) / 1000;
  };
  const refresh = async () => {
    const began = performance.now();
    await bench.post('refresh', {});
    return (performance.now() - began) / 1000;
  };
  const last = rows - (rows % PER_CALL === 0 ? PER_CALL : rows % PER_CALL);
  const middle = PER_CALL * Math.floor(last / PER_CALL / 2);
  const first = await plant(0, middle);
  const second = await plant(middle, last);
  await refresh();
  const planted = await plant(last, rows);
  const publish = await refresh();
  bar.end(`${rows} passages`);
  return {
    planted_s: [rounded(first), rounded(second)],
    last_thousand_s: rounded(planted + publish),
    publish_s: rounded(publish),
  };
}

/** The share of the nearest passages that the service answers with. */
async function recallOf(
  client: Client,
  questions: readonly string[],
  nearest: readonly ReadonlySet<number>[],
): Promise<number> {
  let hits = 0;
  for (const [index, query] of questions.entries()) {
    const ai_search_options = { retrieval: { retrieval_type: 'vector' } } as const;
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
  const processorBefore = workerdProcessorMs();
  await bench.post('count', {});
  const began = performance.now();
  await client.call('POST /items', {
    body: { key: 'one-more', text: 'A pallet that nobody ordered waits at depot 77.' },
  });
  const stored = performance.now() - began;
  // Whoever looked meanwhile would be counted.
  await sleep(SETTLED_MS);
  // The isolate hears of the new segment, and fetches it behind the answer.
  await search();
  await sleep(1000);
  const processorMs = Math.round(workerdProcessorMs() - processorBefore);
  const { calls, rowsRead } = await bench.post<Counts>('counted', {});
  return {
    stored_ms: Math.round(stored),
    published: (await bench.pointer()).index.revision > before,
    processor_ms: processorMs,
    calls,
    rows_read: rowsRead,
  };
}

function rounded(seconds: number): number {
  return Math.round(100 * seconds) / 100;
}

function print(report: Report): void {
  const { rows, regions, planted_s, unique, codes, upload, memory } = report;
  const recall = Object.entries(codes.recall_at_10).map(
    ([candidates, found]) => `${found} with ${candidates}`,
  );
  const sum = (counts: Record<string, number>) => Object.values(counts).reduce((all, each) => all + each, 0);
  const mb = (bytes: number) => `${Math.round(bytes / 1e5) / 10} MB`;
  process.stdout.write(`${rows} passages, ${regions} regions
  planted in ${planted_s[0]} and ${planted_s[1]} s (halves); the last thousand in ${report.last_thousand_s} s, of which the index ${report.publish_s} s
  a search of its own words: p50 ${unique.p50_ms} ms, p99 ${unique.p99_ms} ms, processor ${unique.processor_ms} ms, ${unique.cost.calls.all} calls of objects, ${unique.cost.rows_read.all} rows read
  recall@10 ${report.recall_at_10}; one-bit codes, ${codes.bytes_a_passage} bytes and ${codes.ns_a_passage} ns a passage: ${recall.join(', ')}
  index ${mb(report.index_bytes)}; regions ${report.stored_bytes.map(mb).join(', ')}; isolate ${memory.isolate_peak_mb} MB
  one document more: stored in ${upload.stored_ms} ms, ${upload.published ? 'in the index' : 'found in its region'}, processor ${upload.processor_ms} ms, ${sum(upload.rows_read)} rows read\n`);
}
