/** How much a slice of a head's round takes on: a question costs the encoder only once. */
import { expect, it } from 'vitest';
import type { Engine, HeadGradientRequest } from '../../../../models/engine.ts';
import type { Job, ShardRecord, ShardStore } from '../../../../shared/participant/shard-store.ts';
import { runTraining } from '../../../../shared/participant/train-work.ts';
import type { TrainRound } from '../../../../shared/protocol/rounds.ts';
import { figuresOf } from '../../../../shared/round/figures.ts';

const WIDTH = 2;
const UNITS = 100;
const TOKENS = 18;
const FIGURES = figuresOf({ adaptiveClip: false });
const SPEC = {
  ...{ id: 'r.1', kind: 'train', train: 'head', adapter: { kind: 'none' }, sample: { kind: 'all' } },
  ...{ directions: null, temperature: 10, margin: 0, tokenDropout: 0, adaptiveClip: false },
  ...{ gradientNorm: 1, statScale: 1, local: { rate: 0.1, momentum: 0.9, batch: 8 } },
} as unknown as TrainRound;

/** A participant of `UNITS` questions that are asked about `rows` rows, one of which does not learn. */
function participant(rows: number) {
  const embeddings = new Map<number, Float32Array>();
  const kept = new Map<string, Uint8Array>();
  const seen = { embedded: 0, heads: new Set<number>(), last: [] as number[] };
  const store = {
    blob: (name: string) => kept.get(name)?.slice() ?? null,
    sample: () => ({
      ids: Uint32Array.from({ length: UNITS }, (_, i) => i),
      weights: new Float32Array(UNITS).fill(1),
    }),
    records: (ids: Uint32Array): ShardRecord[] =>
      Array.from(ids, (id) => ({
        ...{ id, item: 'a', row: 0, relevant: true, query: null },
        ids: new Int32Array(TOKENS).fill(id),
      })),
    cachedEmbeddings: (ids: Uint32Array) => Array.from(ids, (id) => embeddings.get(id) ?? null),
    cacheEmbeddings: (ids: Uint32Array, _: string, made: Float32Array) => {
      for (const [i, id] of ids.entries()) embeddings.set(id, made.slice(i * WIDTH, (i + 1) * WIDTH));
    },
  } as unknown as ShardStore;
  const engine = {
    info: { width: WIDTH, sha256: 'a'.repeat(64) },
    embed: async (texts: Int32Array[]) => {
      seen.embedded += texts.length;
      return Float32Array.from(texts.flatMap(([first]) => [first! / UNITS, 1]));
    },
    headGradient: async ({ queries, head, rows }: HeadGradientRequest, sums: { head: Float64Array }) => {
      seen.heads.add(head.length / WIDTH);
      seen.last = Array.from(head.subarray(-WIDTH));
      for (let i = 0; i < queries.length; i++) sums.head[i % WIDTH]! -= queries[i]!;
      const each = () => new Float32Array(rows.length).fill(0.5);
      return { loss: each(), correct: new Uint8Array(rows.length), normAdapter: each(), normHead: each() };
    },
  } as unknown as Engine;
  const states = {
    parameters: async () => ({
      activeRows: Uint32Array.from({ length: rows - 1 }, (_, row) => row),
      adapter: new Float32Array(0),
      head: new Float32Array((rows - 1) * WIDTH).fill(1),
    }),
    floats: async () => Float32Array.of(7, 8),
  };
  const context = { store, engine, states, sliceTokens: 200 } as unknown as Parameters<typeof runTraining>[2];
  const round = async () => {
    kept.clear();
    const cursors: number[] = [];
    let job = { spec: SPEC, cursor: 0, units: 0, tokens: 0 } as unknown as Job;
    for (;;) {
      const { job: next, blobs, sum } = await runTraining(job, SPEC, context);
      cursors.push(next.cursor);
      if (sum !== null) return { cursors, sum };
      job = next;
      for (const [name, bytes] of Object.entries(blobs)) kept.set(name, bytes!.slice());
    }
  };
  return { round, seen };
}

it('is bounded by tokens where questions have to be embedded, and by the head where they are kept', async () => {
  const { round, seen } = participant(3);
  const { cursors } = await round();
  expect(cursors).toEqual(Array.from({ length: 10 }, (_, slice) => 10 * (slice + 1)));
  expect(seen.embedded).toBe(UNITS);
  expect((await round()).cursors).toEqual([UNITS]);
  expect(seen.embedded).toBe(UNITS);
});

it('takes fewer where there are many rows', async () => {
  const { round } = participant(10 * 2048);
  await round();
  expect((await round()).cursors).toEqual([20, 40, 60, 80, 100]);
});

it('puts the rows that do not learn behind those that do, and sends what these moved', async () => {
  const { round, seen } = participant(3);
  const { sum } = await round();
  expect([...seen.heads]).toEqual([3]);
  expect(seen.last).toEqual([7, 8]);
  expect(sum).toHaveLength(2 * WIDTH + FIGURES);
  // The first row learned, the second was asked about by nobody.
  expect(sum[1]).toBeLessThan(0);
  expect(sum[2 * WIDTH - 1]).toBe(0);
});
