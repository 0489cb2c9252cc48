/**
 * `bench federation`: the same training in one place and divided over several participants, each a process of its own
 * that speaks HTTP with secure aggregation. Rounds are steps on the sum of all gradients, as many in one place as over
 * the most participants, so that the division changes nothing about what is learned. Times are processor times of the
 * processes, so that other programs and too few cores hardly matter: the critical path is what the run takes when
 * everybody has a processor. Wall-clock time stands beside it; it shows a speedup only up to the cores of the machine.
 * The Worker is asked directly, without the HTTP front that stands before it in local development only.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Command } from 'commander';
import type { Client } from '../../client/client.ts';
import { bundledCommand } from '../../scripts/command-bundle.mjs';
import type { FeedbackInput } from '../../shared/protocol/api/feedback.ts';
import { CollectionSettings } from '../../shared/protocol/settings.ts';
import type { TrainingPhase } from '../../shared/protocol/training-settings.ts';
import type { RetrievalSummary } from '../../shared/retrieval/metrics.ts';
import { batchOf, ratesOf } from '../../shared/round/run-plan.ts';
import { type BeirFolder, openBeir } from '../beir.ts';
import { type Deployment, startDeployment } from '../deployment.ts';
import { askAll, someTestQueries, type TestQuery } from '../evaluation.ts';
import { createCollection, documentsOf, recordsOf, train } from '../experiment.ts';
import { uploadDocuments } from '../ingest.ts';
import { progress } from '../progress.ts';
import { settingsFrom } from '../settings-flags.ts';
import { summarise } from '../summary.ts';
import { percent, table } from '../table.ts';
import { PROJECT } from '../worker-bundle.ts';
import { whole } from './accuracy-options.ts';
import type { BenchParticipant, RoundCost } from './federation-participant.ts';
import { type RoundTraffic, trafficOf } from './federation-traffic.ts';
import { optionsOf } from './options-of.ts';
import { workerdProcessorMs } from './processor-time.ts';

interface FederationOptions {
  dataset: string;
  sizes: string;
  queries?: number;
  limit?: number;
  seed: number;
  set: string[];
  json: boolean;
}

/** Looks at a run cost the hub time that is none of the training's. */
const LOOK_MS = 2_000;

/** What one division of the training cost, in seconds and bytes. */
export interface DivisionCost {
  participants: number;
  rounds: number;
  top1: number;
  recall_at_10: number;
  /** The slowest participant of each round, summed, and the coordinator. */
  critical_path_s: number;
  compute_s: number;
  protocol_s: number;
  coordinator_s: number;
  protocol_share: number;
  /** Of a participant, mean over participants. */
  bytes_up: number;
  bytes_down: number;
  /** The same by round. */
  traffic: RoundTraffic[];
  wall_s: number;
}

export async function benchFederation(args: string[]): Promise<void> {
  const options = optionsOf<FederationOptions>(
    new Command('bench federation')
      .description('The same training in one place and over several participants in processes of their own.')
      .option('--dataset <dir>', 'BEIR folder', join(PROJECT, 'samples'))
      .option('--sizes <list>', 'numbers of participants; 1 is one place, with a plain sum', '1,2,4,8')
      .option('--queries <n>', 'so many training queries only', whole(1))
      .option('--limit <n>', 'evaluate on so many test queries only', whole(1))
      .option('--seed <n>', 'seed of shuffles and starting points', whole(0, 2 ** 32 - 1), 1)
      .option(
        '--set <path=value>',
        'a setting of the collection; may be repeated',
        (value: string, all: string[]) => [...all, value],
        [],
      ),
    args,
  );
  const sizes = sizesOf(options);
  const folder = await openBeir(options.dataset);
  const records = spread(
    (await recordsOf(folder)).map(({ record }) => record),
    options.queries,
  );
  const queries = await someTestQueries(folder, options.limit);
  const divisions: DivisionCost[] = [];
  for (const size of sizes) divisions.push(await measure(folder, records, queries, size, options));
  show(report(folder, records.length, divisions), options.json);
}

/** @throws RangeError for anything but numbers of participants */
function sizesOf({ sizes: list }: FederationOptions): number[] {
  const sizes = list.split(',').map(Number);
  if (sizes.length === 0 || sizes.some((size) => !Number.isInteger(size) || size < 1 || size > 64)) {
    throw new RangeError(`--sizes: expected whole numbers from 1 to 64, got ${list}`);
  }
  return sizes;
}

/** The rounds of the defaults over `members`, in settings that make them the same over fewer. */
function jointPhases(members: number, records: number): TrainingPhase[] {
  const { training, heldOutShare } = CollectionSettings.parse({});
  const units = records * (1 - heldOutShare);
  const batch = batchOf(members);
  const rates = ratesOf(Math.min(units, batch));
  return training.phases
    .filter(({ rounds }) => rounds === 'step')
    .map((phase) => {
      const { adapterRate, headRate } = phase.optimiser;
      const optimiser = { ...phase.optimiser, adapterRate: rates * adapterRate, headRate: rates * headRate };
      return { ...phase, batch, optimiser };
    });
}

/** Every n-th, so that all documents keep queries. */
function spread<T>(all: readonly T[], most = all.length): T[] {
  return Array.from(
    { length: Math.min(most, all.length) },
    (_, i) => all[Math.floor((i * all.length) / most)]!,
  );
}

/** Whose query it is: participants are asked about different documents, as they are in practice. */
function shareOf(records: readonly FeedbackInput[], index: number, size: number): FeedbackInput[] {
  const documents = [...new Set(records.map(({ item }) => item))].sort();
  const place = new Map(documents.map((item, at) => [item, at % size]));
  return records.filter(({ item }) => place.get(item) === index);
}

async function measure(
  folder: BeirFolder,
  records: readonly FeedbackInput[],
  queries: TestQuery[],
  size: number,
  options: FederationOptions,
): Promise<DivisionCost> {
  const place = await mkdtemp(join(tmpdir(), 'fedcar-bench-'));
  const deployment = await startDeployment({ folder: place, bench: { direct: true } });
  const running: RunningParticipant[] = [];
  try {
    const joint = jointPhases(Math.max(...sizesOf(options)), records.length);
    const settings = settingsFrom(options.set, {
      regions: ['hall'],
      regionsTrain: false,
      schedule: { everyHours: 0, minParticipants: size },
      training: { seed: options.seed, phases: joint },
      gate: { margin: -1 },
      // Every participant is an operator of its own, so that m is 1 where nobody else is taken for a colluder.
      privacy: { noise: 'off', aggregation: size === 1 ? 'plain' : 'secure', colluders: 0 },
    });
    const client = await createCollection(deployment.url, 'bench', settings);
    const documents = (await documentsOf(folder)).map(({ document }) => ({ document, region: 'hall' }));
    const bar = progress(`${size}: documents`, documents.length);
    await uploadDocuments(client, documents, bar);
    bar.end(`${documents.length} documents`);
    for (let index = 0; index < size; index++) {
      running.push(await begin(client, deployment, place, shareOf(records, index, size), index));
    }
    await Promise.all(running.map(({ ready }) => ready));
    const began = Date.now();
    const before = workerdProcessorMs();
    const run = await train(client, { name: `${size}: training`, tick: deployment.tick, lookMs: LOOK_MS });
    const wallS = (Date.now() - began) / 1000;
    const coordinatorS = (workerdProcessorMs() - before) / 1000;
    const costs = await Promise.all(running.map(({ costs }) => costs));
    const asking = progress(`${size}: asking`, queries.length);
    const answers = await askAll(client, queries, run.version ?? 0, asking);
    asking.end(`${queries.length} queries`);
    const { top1, recall } = summarise(answers) as RetrievalSummary;
    return {
      participants: size,
      rounds: run.rounds.length,
      top1: top1.value,
      recall_at_10: recall.value,
      ...pathOf(costs, coordinatorS),
      traffic: trafficOf(costs),
      wall_s: round(wallS),
    };
  } finally {
    for (const { child } of running) child.kill();
    await deployment.stop();
    await rm(place, { recursive: true, force: true });
  }
}

interface RunningParticipant {
  child: ChildProcess;
  ready: Promise<void>;
  /** Of every round, when the process has ended. */
  costs: Promise<RoundCost[]>;
}

async function begin(
  client: Client,
  { url }: Deployment,
  place: string,
  records: readonly FeedbackInput[],
  index: number,
): Promise<RunningParticipant> {
  const data = join(place, `data-${index}`);
  await mkdir(data, { recursive: true });
  await writeFile(
    join(data, 'queries.jsonl'),
    records.map((record) => `${JSON.stringify(record)}\n`).join(''),
  );
  const name = `p${index}`;
  const { invitation } = await client.call('POST /participants/invitations', { body: { name } });
  const model = join(PROJECT, 'models', 'minilm');
  const config: BenchParticipant = { url, invitation, data, state: join(place, `state-${index}`), model };
  const entry = join(await bundledCommand(), 'federation-participant.mjs');
  const child = spawn(process.execPath, [entry, JSON.stringify(config)], {
    cwd: PROJECT,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const costs: RoundCost[] = [];
  let isReady = () => {};
  const ready = new Promise<void>((resolve, reject) => {
    isReady = resolve;
    child.once('exit', () => reject(new Error(`participant ${name} ended early`)));
  });
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream });
  lines.on('line', (line) => {
    if (line === 'ready') isReady();
    else costs.push(JSON.parse(line) as RoundCost);
  });
  const ended = new Promise<RoundCost[]>((resolve) => lines.once('close', () => resolve(costs)));
  return { child, ready, costs: ended };
}

/** The critical path of a run from what each round cost each participant. */
export function pathOf(
  costs: readonly (readonly RoundCost[])[],
  coordinatorS: number,
): Omit<DivisionCost, 'participants' | 'rounds' | 'top1' | 'recall_at_10' | 'traffic' | 'wall_s'> {
  const rounds = new Set(costs.flat().map((cost) => cost.round));
  let compute = 0;
  let both = 0;
  for (const id of rounds) {
    const own = costs.flatMap((list) => list.filter((cost) => cost.round === id));
    compute += Math.max(0, ...own.map(({ compute_ms }) => compute_ms));
    both += Math.max(0, ...own.map(({ compute_ms, protocol_ms }) => compute_ms + protocol_ms));
  }
  const sum = (value: (cost: RoundCost) => number) =>
    costs.flat().reduce((total, cost) => total + value(cost), 0) / Math.max(1, costs.length);
  const path = both / 1000 + coordinatorS;
  return {
    critical_path_s: round(path),
    compute_s: round(compute / 1000),
    protocol_s: round((both - compute) / 1000),
    coordinator_s: round(coordinatorS),
    protocol_share: round(1 - compute / 1000 / path, 1000),
    bytes_up: Math.round(sum(({ bytes_up }) => bytes_up)),
    bytes_down: Math.round(sum(({ bytes_down }) => bytes_down)),
  };
}

function round(value: number, steps = 100): number {
  return Math.round(value * steps) / steps;
}

/** Speedups against one place, where that was measured. */
export function report(
  folder: Pick<BeirFolder, 'counts'>,
  trained: number,
  divisions: readonly DivisionCost[],
) {
  const one = divisions.find(({ participants }) => participants === 1) ?? null;
  return {
    documents: folder.counts.documents,
    training_queries: trained,
    cores: availableParallelism(),
    sizes: divisions.map((division) => ({
      ...division,
      speedup: one === null ? null : round(one.critical_path_s / division.critical_path_s),
      wall_speedup: one === null ? null : round(one.wall_s / division.wall_s),
    })),
  };
}

function show(result: ReturnType<typeof report>, json: boolean): void {
  if (json) {
    process.stdout.write(`${JSON.stringify(result)}\n`);
    return;
  }
  const head = [
    'participants',
    'top-1',
    'critical path',
    'protocol',
    'speedup',
    'wall clock',
    'sent by each',
  ];
  const rows = result.sizes.map((size) => [
    String(size.participants),
    percent(size.top1),
    `${size.critical_path_s} s`,
    percent(size.protocol_share),
    size.speedup === null ? '–' : `${size.speedup}×`,
    `${size.wall_s} s`,
    `${(size.bytes_up / 1e6).toFixed(1)} MB`,
  ]);
  process.stdout.write(`\n${table([head, ...rows])}\n`);
}
