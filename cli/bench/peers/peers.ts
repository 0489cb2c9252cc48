/**
 * `bench peers`: the same passages and the same questions in one run, asked of this service and of what people take
 * instead: Orama with transformers.js in Node, and faiss and usearch for the scoring alone. They are installed into a
 * temporary folder (install.ts); what does not install is skipped, with why. Everything runs on one thread, a question at a
 * time. Vectors are made up around real questions and harder to tell apart than those of texts.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { startDeployment } from '../../deployment.ts';
import { table } from '../../table.ts';
import { bundleWorker, PROJECT } from '../../worker-bundle.ts';
import { whole } from '../accuracy-options.ts';
import { BenchService } from '../bench-service.ts';
import { optionsOf } from '../options-of.ts';
import { type PeerOutput, runNodePeer, runPythonPeer } from './install.ts';
import { type Material, makeMaterial, recallOf, writeMaterial } from './material.ts';
import { type Searched, type Served, searchPurely, searchServed } from './ours.ts';

interface Options {
  rows: number;
  questions: number;
  seconds: number;
  json: boolean;
}

export interface Figures {
  /** Wall-clock time, the median. */
  p50_ms: number;
  processor_ms: number | null;
  /** Of the ten nearest passages; null where words were asked for, too, and of an embedding. */
  recall_at_10: number | null;
  memory_mb: number | null;
  build_s?: number;
}

type Report = Record<string, Figures | { skipped: string }>;

export async function benchPeers(args: string[]): Promise<void> {
  const { rows, questions, seconds, json } = optionsOf<Options>(
    new Command('bench peers')
      .description(
        'This service beside Orama, transformers.js, faiss and usearch, which npm and pip install for it.',
      )
      .option('--rows <n>', 'passages', whole(1000, 60_000), 20_000)
      .option('--questions <n>', 'asked one after another', whole(10, 500), 100)
      .option('--seconds <n>', 'of the searches through HTTP', whole(1, 600), 10),
    args,
  );
  const folder = await mkdtemp(join(tmpdir(), 'fedcar-bench-peers-'));
  const before = loadavg();
  try {
    const subject = join(PROJECT, 'cli/bench/subjects/serve-worker.ts');
    const modules = await bundleWorker(join(folder, 'worker'), undefined, subject);
    const deployment = await startDeployment({
      folder: join(folder, 'state'),
      variables: { FEDCAR_LOG_LEVEL: 'error' },
      bench: { modules, direct: true },
    });
    let material: Material;
    let served: Served;
    try {
      material = await makeMaterial(new BenchService(deployment.url), rows, questions);
      served = await searchServed(deployment, material, seconds);
    } finally {
      await deployment.stop();
    }
    const report = { ...(await ours(material, served)), ...(await peers(folder, material)) };
    const machine = { cores: availableParallelism(), load_before: before, load_after: loadavg() };
    if (json) process.stdout.write(`${JSON.stringify({ rows, questions, peers: report, machine })}\n`);
    else print(rows, questions, report);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function ours(material: Material, served: Served): Promise<Report> {
  const { distinct, repeated, found, memory_mb } = served;
  const pure = await searchPurely(material);
  const recall_at_10 = recallOf(material.nearest, found);
  const load = ({ p50_ms, processor_ms }: Served['distinct']) => ({ p50_ms, processor_ms, memory_mb });
  return {
    'fedcar, scoring: vectors': figures(material, pure.vector),
    'fedcar, scoring: vectors and words': { ...figures(material, pure.hybrid), recall_at_10: null },
    'fedcar through HTTP, new questions': { ...load(distinct), recall_at_10 },
    'fedcar through HTTP, one again': { ...load(repeated), recall_at_10: null },
  };
}

async function peers(folder: string, material: Material): Promise<Report> {
  await writeMaterial(folder, material);
  const say = (what: string) => process.stderr.write(`${what} …\n`);
  const report: Report = {};
  const add = (name: string, output: PeerOutput<Record<string, Searched>>, kinds: Record<string, string>) => {
    if (isSkipped(output)) {
      report[name] = output;
      return;
    }
    for (const [kind, what] of Object.entries(kinds)) {
      const found = figures(material, output[kind]!);
      const isExact = kind !== 'hybrid' && kind !== 'embedding';
      report[`${name}: ${what}`] = isExact ? found : { ...found, recall_at_10: null };
    }
  };
  say('Orama');
  add('Orama', await runNodePeer(folder, 'orama'), { vector: 'vectors', hybrid: 'vectors and words' });
  say('transformers.js');
  const embedded = await runNodePeer<Record<string, Searched>>(folder, 'transformers');
  add('transformers.js', embedded, { embedding: 'embedding of a question' });
  say('faiss');
  add('faiss', await runPythonPeer(folder, 'faiss'), { flat: 'flat, exact', hnsw: 'HNSW 32, ef 128' });
  say('usearch');
  add('usearch', await runPythonPeer(folder, 'usearch'), { exact: 'exact', hnsw_i8: 'HNSW, int8, ef 128' });
  return report;
}

function isSkipped(output: PeerOutput<Record<string, Searched>>): output is { skipped: string } {
  return typeof output.skipped === 'string';
}

function figures(
  { nearest }: Material,
  { p50_ms, processor_ms, found, build_s, memory_mb }: Searched,
): Figures {
  const rounded = (value: number) => Math.round(100 * value) / 100;
  return {
    ...{ p50_ms: rounded(p50_ms), processor_ms: rounded(processor_ms) },
    ...{ recall_at_10: recallOf(nearest, found), memory_mb: rounded(memory_mb), build_s: rounded(build_s) },
  };
}

function print(rows: number, questions: number, report: Report): void {
  const shown = (value: number | null | undefined) => (value == null ? '–' : String(value));
  const lines = Object.entries(report).map(([name, each]) =>
    'skipped' in each
      ? [name, `skipped: ${each.skipped}`]
      : [
          name,
          ...[each.p50_ms, each.processor_ms, each.recall_at_10, each.memory_mb, each.build_s].map(shown),
        ],
  );
  const head = ['', 'p50 ms', 'processor ms', 'recall@10', 'MB', 'built in s'];
  process.stdout.write(`${rows} passages, ${questions} questions\n${table([head, ...lines])}\n`);
}
