/**
 * `fedcar bench engine [--json] [--small]`: the engine's speed and memory in workerd and in Node. Speed is a ratio to
 * what ONNX Runtime's own fp32 product does in the same process in the same seconds, so that it means the same on
 * every machine; all times are taken from outside.
 */
import { join } from 'node:path';
import { Command } from 'commander';
import { DEFAULT_MICROBATCH_TOKENS } from '../../models/engine.ts';
import { PROJECT } from '../worker-bundle.ts';
import { optionsOf } from './options-of.ts';
import { type SubjectProcess, startNodeSubject, startWorkerdSubject } from './subject-process.ts';
import { type Held, PRODUCT, type Command as Step } from './subjects/engine-subject.ts';

const PATHS = { root: PROJECT, model: join(PROJECT, 'models/minilm') };
/** Multiply-adds of MiniLM's linear maps, counted as two operations, in MFLOP a token. */
const FORWARD_MFLOP = 21.3;
const TRAIN_MFLOP = 42.6;
/** A query's length, and the rows of the head that is trained. */
const TOKENS = 16;
const ROWS = 150;
const SNAPSHOT_ROWS = 5000;
const MB = 1e6;
/** Rounds in which the runtime compiles its hot loops. */
const WARM_UP = 4;

interface Speed {
  forward_tokens_s: number;
  train_tokens_s: number;
  forward_roofline_ratio: number;
  train_roofline_ratio: number;
  matmul_gflop_s: number;
}

interface Memory {
  load_ms: number;
  wasm_load_mb: number;
  wasm_serving_mb: number;
  wasm_peak_mb: number;
  isolate_peak_mb: number;
}

interface Report extends Speed, Memory {
  clock: SubjectProcess['clock'];
  query_ms: number;
  microbatches: Record<string, Speed>;
}

type Start = () => Promise<SubjectProcess>;
const RUNTIMES: Record<'workerd' | 'node', Start> = {
  workerd: () => startWorkerdSubject('cli/bench/subjects/engine-worker.ts', PATHS),
  node: () => startNodeSubject('engine-node', PATHS),
};

export async function benchEngine(args: string[]): Promise<void> {
  const options = optionsOf<{ small: boolean; json: boolean }>(
    new Command('bench engine')
      .description(
        'Speed and memory of the engine in workerd and in Node, against ONNX Runtime’s own fp32 product.',
      )
      .option('--small', 'the default microbatch only, and fewer rounds', false),
    args,
  );
  const sizes = options.small ? [DEFAULT_MICROBATCH_TOKENS] : [64, 128, 256];
  const rounds = options.small ? 16 : 30;
  const reports: Partial<Record<'workerd' | 'node', Report>> = {};
  for (const [name, start] of Object.entries(RUNTIMES) as ['workerd' | 'node', Start][]) {
    process.stderr.write(`measuring in ${name} …\n`);
    reports[name] = await measure(start, sizes, rounds);
    if (!options.json) print(name, reports[name]);
  }
  if (options.json) console.log(JSON.stringify({ ...reports.workerd, node: reports.node }));
}

async function measure(start: Start, sizes: number[], rounds: number): Promise<Report> {
  const memory = await withSubject(start, measureMemory);
  const microbatches: Record<string, Speed> = {};
  let query = 0;
  let clock: SubjectProcess['clock'] = 'wall';
  for (const size of sizes) {
    await withSubject(start, async (subject) => {
      clock = subject.clock;
      await subject.call({ do: 'load', microbatchTokens: size } satisfies Step);
      microbatches[size] = await measureSpeed(subject, size, rounds);
      if (size === DEFAULT_MICROBATCH_TOKENS) {
        const command = { do: 'embed', texts: 1, tokens: TOKENS, times: 20 } as const;
        query = await best(subject, command, rounds);
      }
    });
  }
  const standard = microbatches[DEFAULT_MICROBATCH_TOKENS]!;
  return { clock, ...standard, query_ms: round(query), ...memory, microbatches };
}

/**
 * Every round measures the limit, the forward pass and a training step, one after the other and in short pieces: the
 * best of many is what the machine can do while nothing else is in the caches.
 */
async function measureSpeed(subject: SubjectProcess, size: number, rounds: number): Promise<Speed> {
  const texts = size / TOKENS;
  const commands = {
    matmul: { do: 'matmul', times: 4 },
    forward: { do: 'embed', texts, tokens: TOKENS, times: 1 },
    train: { do: 'train', texts, tokens: TOKENS, rows: ROWS, times: 1 },
  } as const satisfies Record<string, Step>;
  const times = {
    matmul: Number.POSITIVE_INFINITY,
    forward: Number.POSITIVE_INFINITY,
    train: Number.POSITIVE_INFINITY,
  };
  for (let round = 0; round < rounds + WARM_UP; round += 1) {
    for (const kind of ['matmul', 'forward', 'train'] as const) {
      const ms = await timed(subject, commands[kind]);
      if (round >= WARM_UP) times[kind] = Math.min(times[kind], ms / commands[kind].times);
    }
  }
  const [rows, inner, columns] = PRODUCT;
  const limit = (2 * rows * inner * columns) / times.matmul / 1e6;
  const forward = (size / times.forward) * 1000;
  const train = (size / times.train) * 1000;
  return {
    forward_tokens_s: Math.round(forward),
    train_tokens_s: Math.round(train),
    forward_roofline_ratio: round((forward * FORWARD_MFLOP) / 1e3 / limit),
    train_roofline_ratio: round((train * TRAIN_MFLOP) / 1e3 / limit),
    matmul_gflop_s: round(limit),
  };
}

/** In a process that has done nothing else: memory grows with the largest work ever done and never shrinks. */
async function measureMemory(subject: SubjectProcess): Promise<Memory> {
  let peak = 0;
  const step = async (command: Step) => {
    const { wasmBytes } = await subject.call<Held>(command);
    const { usedBytes, backingBytes } = await subject.heap();
    peak = Math.max(peak, wasmBytes + usedBytes + backingBytes);
    return wasmBytes;
  };
  const before = subject.now();
  const loaded = await step({ do: 'load', microbatchTokens: DEFAULT_MICROBATCH_TOKENS });
  const loadMs = subject.now() - before;
  const texts = DEFAULT_MICROBATCH_TOKENS / TOKENS;
  const serving = await step({ do: 'embed', texts: 1, tokens: TOKENS, times: 3 });
  await step({ do: 'snapshots', rows: SNAPSHOT_ROWS });
  await step({ do: 'embed', texts, tokens: TOKENS, times: 3 });
  let trained = await step({ do: 'train', texts, tokens: TOKENS, rows: ROWS, times: 3 });
  trained = await step({ do: 'train', texts: 2, tokens: 128, rows: ROWS, times: 2 });
  return {
    load_ms: Math.round(loadMs),
    wasm_load_mb: round(loaded / MB),
    wasm_serving_mb: round(serving / MB),
    wasm_peak_mb: round(trained / MB),
    isolate_peak_mb: round(peak / MB),
  };
}

async function best(
  subject: SubjectProcess,
  command: Step & { times: number },
  rounds: number,
): Promise<number> {
  let ms = Number.POSITIVE_INFINITY;
  for (let round = 0; round < rounds; round += 1) {
    ms = Math.min(ms, (await timed(subject, command)) / command.times);
  }
  return ms;
}

async function timed(subject: SubjectProcess, command: Step): Promise<number> {
  const before = subject.now();
  await subject.call(command);
  return subject.now() - before;
}

async function withSubject<T>(start: Start, use: (subject: SubjectProcess) => Promise<T>): Promise<T> {
  const subject = await start();
  try {
    return await use(subject);
  } finally {
    await subject.stop();
  }
}

const round = (value: number) => Math.round(value * 100) / 100;

function print(name: string, report: Report): void {
  console.log(
    `${name} (${report.clock} time; ONNX Runtime's fp32 product: ${report.matmul_gflop_s} GFLOP/s)`,
  );
  console.log('  microbatch   forward tokens/s (ratio)   training tokens/s (ratio)');
  for (const [size, speed] of Object.entries(report.microbatches)) {
    const forward = `${speed.forward_tokens_s} (${speed.forward_roofline_ratio})`;
    const train = `${speed.train_tokens_s} (${speed.train_roofline_ratio})`;
    console.log(`  ${size.padStart(10)}   ${forward.padStart(24)}   ${train.padStart(25)}`);
  }
  console.log(`  one query of ${TOKENS} tokens ${report.query_ms} ms, load ${report.load_ms} ms`);
  const { wasm_load_mb: load, wasm_serving_mb: serving, wasm_peak_mb: peak, isolate_peak_mb: all } = report;
  console.log(
    `  WASM memory ${load} MB loaded, ${serving} serving, ${peak} training; isolate at most ${all} MB`,
  );
}
