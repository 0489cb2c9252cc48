/** What a round of local steps keeps between its slices, and that a job of an earlier release goes on from there. */
import { expect, it } from 'vitest';
import type { Engine, GradientRequest, GradientSums } from '../../../../models/engine.ts';
import type { Job, ShardRecord, ShardStore } from '../../../../shared/participant/shard-store.ts';
import { runTraining } from '../../../../shared/participant/train-work.ts';
import type { TrainRound } from '../../../../shared/protocol/rounds.ts';
import { figuresOf } from '../../../../shared/round/figures.ts';

const WIDTH = 4;
const ROWS = 3;
const LENGTH = ROWS * WIDTH;
const FIGURES = figuresOf({ adaptiveClip: false });
const UNITS = 7;
const SPEC = {
  ...{
    id: 'r.1',
    kind: 'train',
    train: 'adapter-and-head',
    adapter: { kind: 'none' },
    sample: { kind: 'all' },
  },
  ...{ directions: null, temperature: 10, margin: 0, tokenDropout: 0, adaptiveClip: false },
  ...{ gradientNorm: 1, statScale: 1, local: { rate: 0.1, momentum: 0.9, batch: 2 } },
} as unknown as TrainRound;

/** Moves the head towards what it was asked, and by where it stands: a step depends on all before it. */
const engine = {
  info: { width: WIDTH },
  gradient: async ({ units, head }: GradientRequest, { head: sums }: GradientSums) => {
    for (const { row, ids } of units) {
      for (let i = 0; i < WIDTH; i++) sums![row * WIDTH + i]! += head[row * WIDTH + i]! / 2 + ids[0]! / 100;
    }
    const each = () => new Float32Array(units.length).fill(0.5);
    return {
      loss: each(),
      correct: new Uint8Array(units.length),
      normAdapter: each(),
      normHead: each(),
      queries: new Float32Array(0),
    };
  },
} as unknown as Engine;

const parameters = () => ({
  activeRows: Uint32Array.of(0, 1, 2),
  adapter: new Float32Array(0),
  head: Float32Array.from({ length: LENGTH }, (_, i) => 1 - i / 20),
});

const record = (id: number): ShardRecord => ({
  ...{ id, item: 'a', row: id % ROWS, relevant: true, query: null },
  ids: Int32Array.of(id, id),
});

/**
 * @param change what becomes of the byte strings kept between two slices
 * @param give how the store gives one
 */
async function runRound(
  change: (kept: Map<string, Uint8Array>) => void = () => {},
  give: (bytes: Uint8Array) => Uint8Array = (bytes) => bytes.slice(),
) {
  const kept = new Map<string, Uint8Array>();
  const store = {
    blob: (name: string) => {
      const bytes = kept.get(name);
      return bytes === undefined ? null : give(bytes);
    },
    sample: () => ({
      ids: Uint32Array.from({ length: UNITS }, (_, i) => i + 1),
      weights: new Float32Array(UNITS).fill(1),
    }),
    records: (ids: Uint32Array) => Array.from(ids, record),
  } as unknown as ShardStore;
  const states = { parameters: async () => parameters(), floats: async () => new Float32Array(0) };
  const context = { store, engine, states, sliceTokens: 6 } as unknown as Parameters<typeof runTraining>[2];
  const lengths: Record<string, number>[] = [];
  let job = { spec: SPEC, cursor: 0, units: 0, tokens: 0 } as unknown as Job;
  for (;;) {
    const { job: next, blobs, sum } = await runTraining(job, SPEC, context);
    if (sum !== null) return { sum, lengths };
    job = next;
    for (const [name, bytes] of Object.entries(blobs)) kept.set(name, bytes!.slice());
    lengths.push(Object.fromEntries([...kept].map(([name, { length }]) => [name, length])));
    change(kept);
  }
}

it('keeps the figures and where the parameters have come to, and nothing as long as the sum', async () => {
  const { sum, lengths } = await runRound();
  const bytes = { units: 4 * UNITS, weights: 4 * UNITS, sums: 8 * FIGURES, local: 2 * 4 * LENGTH };
  expect(lengths).toEqual([bytes, bytes]);
  expect(sum).toHaveLength(LENGTH + FIGURES);
  // Every unit is counted, and every row has moved.
  expect(sum.at(-1)).toBe(UNITS);
  for (let at = 0; at < LENGTH; at++) expect(Math.abs(sum[at]!)).toBeGreaterThan(0.01);
});

it('goes on with a job of an earlier release, which kept zeros before the figures', async () => {
  const padded = (kept: Map<string, Uint8Array>) => {
    const figures = kept.get('sums')!;
    const sums = new Uint8Array(8 * (LENGTH + FIGURES));
    sums.set(figures, sums.length - figures.length);
    kept.set('sums', sums);
  };
  expect((await runRound(padded)).sum).toEqual((await runRound()).sum);
});

it('goes on from what a store gives at an odd place of its memory', async () => {
  const shifted = (bytes: Uint8Array) => {
    const odd = new Uint8Array(bytes.length + 1).subarray(1);
    odd.set(bytes);
    return odd;
  };
  expect((await runRound(undefined, shifted)).sum).toEqual((await runRound()).sum);
});
