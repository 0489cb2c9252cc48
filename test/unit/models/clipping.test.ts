/** One unit moves no sum by more than its norm, whatever head, temperature and adapter it is put to. */
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Engine, openEngine } from '../../../models/engine.ts';
import { nodeOrtWasm } from '../../../models/ort-wasm-node.ts';
import {
  ADAPTER_LENGTH,
  checkParameters,
  MOST_TEMPERATURE,
  ROW_LENGTH,
} from '../../../shared/participant/parameter-bounds.ts';
import { seededNormal, tinyBert } from '../../helpers/tiny-bert.ts';

const WIDTH = 24;
const ROWS = 5;
/** As participants clip: the rest of the norm is for rounding. */
const LIMIT = 1 - 2 ** -10;

let engine: Engine;
beforeAll(async () => {
  const { source } = await tinyBert();
  engine = await openEngine({ source, wasm: await nodeOrtWasm(), adapter: { kind: 'full' } });
});

const normals = (seed: number, length: number) => Float32Array.from({ length }, seededNormal(seed));
const lengthOf = (values: ArrayLike<number>) => Math.hypot(...Array.from(values));
const unit = (values: Float32Array) => values.map((value) => value / lengthOf(values));

/** A head whose first row lies along the query but for `aside`, and of length `length`. */
function crafted(query: Float32Array, seed: number, length: number, aside: number): Float32Array {
  const head = normals(seed, ROWS * WIDTH);
  const off = unit(normals(seed + 1, WIDTH));
  for (let i = 0; i < WIDTH; i++) head[i] = length * (query[i]! + aside * off[i]!);
  return head;
}

const heads = fc.record({
  seed: fc.integer({ min: 1, max: 1e6 }),
  logLength: fc.double({ min: -38, max: 10, noNaN: true }),
  logTau: fc.double({ min: -3, max: 10, noNaN: true }),
  logAside: fc.constantFrom(-40, -24, -20, -12, -6, 0),
  label: fc.integer({ min: 0, max: ROWS - 1 }),
  relevant: fc.boolean(),
});

describe('one unit', () => {
  it('moves the head’s sum by no more than its norm', async () => {
    await fc.assert(
      fc.asyncProperty(heads, async ({ seed, logLength, logTau, logAside, label, relevant }) => {
        const query = unit(normals(seed + 7, WIDTH));
        const head = crafted(query, seed, 2 ** logLength, 2 ** logAside);
        const sums = { head: new Float64Array(ROWS * WIDTH) };
        await engine.headGradient(
          {
            queries: query,
            rows: Int32Array.of(label),
            relevant: Uint8Array.of(relevant ? 1 : 0),
            head,
            active: new Uint8Array(ROWS).fill(1),
            tau: 2 ** logTau,
            clip: { head: LIMIT },
          },
          sums,
        );
        expect(lengthOf(sums.head)).toBeLessThanOrEqual(1);
      }),
      { numRuns: 300 },
    );
  });

  it('moves the sum of adapter and head together by no more than its norm', async () => {
    const texts = ['where is my card ?', 'lost', 'card card card card card card', 'how how how'];
    const cases = fc.record({
      ...{ text: fc.constantFrom(...texts), logScale: fc.double({ min: -6, max: 4, noNaN: true }) },
      seed: fc.integer({ min: 1, max: 1e6 }),
      logTau: fc.double({ min: -3, max: 10, noNaN: true }),
      logLength: fc.double({ min: -38, max: 10, noNaN: true }),
    });
    await fc.assert(
      fc.asyncProperty(cases, async ({ text, seed, logScale, logTau, logLength }) => {
        const a = normals(seed, WIDTH * WIDTH).map((value) => (value * 2 ** logScale) / WIDTH);
        const ids = engine.tokenize(text, 'query');
        const [query] = [await engine.embed([ids], { kind: 'full', a }, { priority: 'background' })];
        const sums = { adapter: new Float64Array(WIDTH * WIDTH), head: new Float64Array(ROWS * WIDTH) };
        await engine.gradient(
          {
            units: [{ ids, row: seed % ROWS }],
            adapter: { kind: 'full', a },
            head: crafted(query!, seed, 2 ** logLength, 2 ** -24),
            active: new Uint8Array(ROWS).fill(1),
            tau: 2 ** logTau,
            clip: { joint: LIMIT },
          },
          sums,
        );
        expect(Math.hypot(lengthOf(sums.adapter), lengthOf(sums.head))).toBeLessThanOrEqual(1);
      }),
      { numRuns: 150 },
    );
  });
});

/** Heads as a coordinator may make them: rows of the query, against it, all alike, of chance; the lengths at the bounds. */
const SHAPES = ['along', 'against', 'alike', 'chance'] as const;
const log2Between = (least: number, most: number) =>
  fc.oneof(
    fc.constantFrom(Math.log2(least), Math.log2(most)),
    fc.double({ min: Math.log2(least), max: Math.log2(most), noNaN: true }),
  );

/** Within the bounds after rounding to fp32. */
const inside = ({ least, most }: typeof ROW_LENGTH, log: number) =>
  Math.min(most * 0.999, Math.max(least * 1.001, 2 ** log));

describe('parameters that participants take, up to their bounds', () => {
  const cases = fc.record({
    shapes: fc.array(fc.constantFrom(...SHAPES), { minLength: ROWS, maxLength: ROWS }),
    lengths: fc.array(log2Between(ROW_LENGTH.least, ROW_LENGTH.most), { minLength: ROWS, maxLength: ROWS }),
    logAdapter: log2Between(2 ** -8, ADAPTER_LENGTH),
    logTau: log2Between(2 ** -3, MOST_TEMPERATURE),
    seed: fc.integer({ min: 1, max: 1e6 }),
    text: fc.constantFrom('where is my card ?', 'lost', 'card card card card card card', 'how how how'),
    relevant: fc.boolean(),
  });

  it('let one unit move the sum by no more than its norm, with the adapter and without', async () => {
    await fc.assert(
      fc.asyncProperty(cases, async ({ shapes, lengths, logAdapter, logTau, seed, text, relevant }) => {
        const direction = unit(normals(seed, WIDTH * WIDTH));
        const a = direction.map((value) => value * Math.min(2 ** logAdapter, ADAPTER_LENGTH * 0.999));
        const adapter = { kind: 'full' as const, a };
        const ids = engine.tokenize(text, 'query');
        const query = await engine.embed([ids], adapter, { priority: 'background' });
        const alike = unit(normals(seed + 1, WIDTH));
        const head = new Float32Array(ROWS * WIDTH);
        shapes.forEach((shape, row) => {
          const chance = unit(normals(seed + 2 + row, WIDTH));
          const along = { along: query, against: query.map((x) => -x), alike, chance }[shape];
          const length = inside(ROW_LENGTH, lengths[row]!);
          for (let i = 0; i < WIDTH; i++) head[row * WIDTH + i] = length * along[i]!;
        });
        const tau = Math.min(2 ** logTau, MOST_TEMPERATURE);
        checkParameters({ temperature: tau }, { adapter: a, head }, new Float32Array(0), WIDTH);
        const active = new Uint8Array(ROWS).fill(1);
        const row = seed % ROWS;
        const joint = { adapter: new Float64Array(WIDTH * WIDTH), head: new Float64Array(ROWS * WIDTH) };
        await engine.gradient(
          { units: [{ ids, row, relevant }], adapter, head, active, tau, clip: { joint: LIMIT } },
          joint,
        );
        expect(Math.hypot(lengthOf(joint.adapter), lengthOf(joint.head))).toBeLessThanOrEqual(1);
        const alone = { head: new Float64Array(ROWS * WIDTH) };
        const flags = Uint8Array.of(relevant ? 1 : 0);
        await engine.headGradient(
          {
            queries: query,
            rows: Int32Array.of(row),
            relevant: flags,
            head,
            active,
            tau,
            clip: { head: LIMIT },
          },
          alone,
        );
        expect(lengthOf(alone.head)).toBeLessThanOrEqual(1);
      }),
      { numRuns: 200 },
    );
  });
});

describe('a unit whose loss is no number', () => {
  it('is left out without a word, and takes no other with it', async () => {
    const good = unit(normals(3, WIDTH));
    const head = normals(4, ROWS * WIDTH);
    const ask = async (queries: Float32Array[]) => {
      const sums = { head: new Float64Array(ROWS * WIDTH) };
      const stats = await engine.headGradient(
        {
          queries: Float32Array.from(queries.flatMap((each) => [...each])),
          rows: new Int32Array(queries.length).fill(2),
          ...{ head, active: new Uint8Array(ROWS).fill(1), tau: 20, clip: { head: LIMIT } },
        },
        sums,
      );
      return { sums, stats };
    };
    const bad = new Float32Array(WIDTH).fill(Number.NaN);
    const alone = await ask([good, good]);
    const mixed = await ask([good, bad, good]);
    expect(Array.from(mixed.sums.head, Math.fround)).toEqual(Array.from(alone.sums.head, Math.fround));
    expect(Array.from(mixed.stats.loss).map((loss) => loss === 0)).toEqual([false, true, false]);
  });
});
