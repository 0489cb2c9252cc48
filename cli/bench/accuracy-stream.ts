/**
 * `bench accuracy --stream`: the log comes in blocks over a year, the product's own schedule decides when to train and on
 * what, and the same test questions are asked after every block, with what regions remember and without. The objects'
 * clock is moved by the times that the cron handler is given; nothing waits for a day to pass.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Client } from '../../client/client.ts';
import type { Run } from '../../shared/protocol/api/run.ts';
import type { CollectionSettings } from '../../shared/protocol/settings.ts';
import { openBeir } from '../beir.ts';
import { type Deployment, startDeployment } from '../deployment.ts';
import { askAll, someTestQueries, type TestQuery } from '../evaluation.ts';
import { createCollection, documentsOf, giveFeedback, recordsOf, uploadAll } from '../experiment.ts';
import type { IngestedRecord } from '../ingest.ts';
import { progress } from '../progress.ts';
import { settingsFrom } from '../settings-flags.ts';
import { summarise } from '../summary.ts';
import { watchRun } from '../training.ts';
import type { AccuracyOptions } from './accuracy-options.ts';
import { askersOf, blocksOf } from './stream-log.ts';
import { type BlockReport, showStream, streamReport } from './stream-report.ts';

const DAY_MS = 86_400_000;
const YEAR_MS = 365 * DAY_MS;
/** Test questions asked after a block, unless `--limit` says; at the end all are asked. */
const ASKED = 1000;
const TICK_MS = 30_000;

type StreamOptions = AccuracyOptions & { stream: number };

export async function benchStream(options: StreamOptions): Promise<void> {
  const folder = await openBeir(options.dataset, {
    ...(options.withhold === undefined ? {} : { withhold: options.withhold }),
    ...(options.regions === undefined ? {} : { regions: options.regions }),
  });
  const state = options.state ?? (await mkdtemp(join(tmpdir(), 'fedcar-bench-')));
  const deployment = await startDeployment({ folder: state, variables: { FEDCAR_CLOCK: 'cron' } });
  try {
    const began = Date.now();
    const queries = await someTestQueries(folder);
    const records = await recordsOf(folder);
    const settings = streamSettings(options, folder.regions);
    const client = await createCollection(deployment.url, 'bench', settings);
    await uploadAll(client, await documentsOf(folder));
    const some = await someTestQueries(folder, options.limit ?? ASKED);
    const asking = { client, seed: options.seed, records };
    const stream = new Stream(deployment, client, began);
    const plain = await ask({ ...asking, queries: some, version: 0, memory: false });
    const blocks: BlockReport[] = [];
    for (let year = 0; year < options.years; year++) {
      const parts = blocksOf(records, { blocks: options.stream, seed: options.seed, year });
      for (const [at, block] of parts.entries()) {
        const runs = await stream.play(block, (year + (at + 1) / parts.length) * YEAR_MS);
        const figures = await stream.figures(some, asking);
        blocks.push({ block: blocks.length + 1, questions: block.length, runs, ...figures });
        process.stderr.write(`${JSON.stringify(blocks.at(-1))}\n`);
      }
    }
    const all = {
      plain: await ask({ ...asking, queries, version: 0, memory: false }),
      ...(await stream.figures(queries, asking)),
    };
    const report = streamReport({ folder, settings, asked: some.length, plain, blocks, all });
    showStream({ ...report, wall_s: Math.round((Date.now() - began) / 1000) }, options);
  } finally {
    await deployment.stop();
    if (options.state === undefined) await rm(state, { recursive: true, force: true });
  }
}

/** Defaults of the product with the budget that is asked for, of which a run may spend the share that it has by default. */
function streamSettings(options: StreamOptions, regions: readonly string[]): CollectionSettings {
  const { dpEpsilon, seed } = options;
  const { epsilon, runEpsilon } = settingsFrom([], { regions }).privacy;
  const share = runEpsilon / epsilon;
  const noise = dpEpsilon === undefined ? {} : { epsilon: dpEpsilon, runEpsilon: share * dpEpsilon };
  const base = { regions, training: { seed }, privacy: noise, askersNameRegion: true };
  return settingsFrom(options.set, base);
}

interface Ask {
  client: Client;
  queries: readonly TestQuery[];
  version: number;
  memory: boolean;
  seed: number;
  records: readonly IngestedRecord[];
}

/** Share of the questions whose document comes first. */
async function ask({ client, queries, version, memory, seed, records }: Ask): Promise<number> {
  const bar = progress(`asking version ${version}${memory ? ' with memory' : ''}`, queries.length);
  const asking = memory ? { askers: askersOf(queries, records, seed) } : {};
  const answers = await askAll(client, queries, version, bar, asking);
  bar.end(`${queries.length} queries`);
  return summarise(answers)?.top1.value ?? 0;
}

/** The deployment as time goes on. */
class Stream {
  readonly #deployment: Deployment;
  readonly #client: Client;
  readonly #began: number;
  /** Of the objects' clock at the last tick, milliseconds since 1970. */
  #now: number;
  /** The run that was seen last. */
  #last: string | null = null;

  constructor(deployment: Deployment, client: Client, began: number) {
    this.#deployment = deployment;
    this.#client = client;
    this.#began = began;
    this.#now = began;
  }

  /** Uploads what came in a block, and lets time pass until its end, with the runs that are due. @returns them */
  async play(block: readonly IngestedRecord[], untilMs: number): Promise<Run[]> {
    const until = this.#began + untilMs;
    const runs = await this.#advance(this.#now);
    await giveFeedback(this.#client, block);
    for (;;) {
      const { schedule } = await this.#client.call('GET /rounds', { query: { limit: 1 } });
      // Day by day where no date is given, or nothing begins on it: what forbids a run may pass.
      const next = schedule.next_at ?? this.#now + DAY_MS;
      if (next > until) break;
      const begun = await this.#advance(Math.max(next, this.#now));
      if (begun.length === 0 && next <= this.#now) begun.push(...(await this.#advance(this.#now + DAY_MS)));
      runs.push(...begun);
    }
    runs.push(...(await this.#advance(until)));
    return runs;
  }

  async figures(queries: readonly TestQuery[], asking: Pick<Ask, 'client' | 'seed' | 'records'>) {
    const { runs: _, schedule } = await this.#client.call('GET /rounds', { query: { limit: 1 } });
    const { epsilon } = await this.#client.call('GET /privacy');
    const { versions } = await this.#client.call('GET /models');
    const version = versions.find(({ state }) => state === 'serving')?.version ?? 0;
    const top1 = await ask({ ...asking, queries, version, memory: false });
    const withMemory = await ask({ ...asking, queries, version, memory: true });
    return { version, top1, top1_memory: withMemory, epsilon, next_at: schedule.next_at };
  }

  /**
   * The time is `at`: what begins then ends before any other time comes, as participants refuse rounds that were begun
   * more than a day ago.
   * @returns the run that began, at its end
   */
  async #advance(at: number): Promise<Run[]> {
    await this.#tick(at);
    const { runs } = await this.#client.call('GET /rounds', { query: { limit: 1 } });
    const [run] = runs;
    if (run === undefined || run.run === this.#last) return [];
    this.#last = run.run;
    const bar = progress(`training ${run.run}`, 1);
    let ticked = Date.now();
    const ended = await watchRun(this.#client, run.run, bar, async () => {
      if (Date.now() - ticked < TICK_MS) return;
      ticked = Date.now();
      await this.#tick(this.#now + TICK_MS);
    });
    bar.end(`${ended.finished} rounds, ${ended.state}`);
    return [ended];
  }

  async #tick(at: number): Promise<void> {
    this.#now = at;
    await this.#deployment.tick(at);
  }
}
