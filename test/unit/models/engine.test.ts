/** The engine over a tiny model in Node: what a unit's result depends on, failures, and what follows them. */
import { beforeAll, describe, expect, it } from 'vitest';
import {
  type Adapter,
  type Engine,
  type EngineOptions,
  type GradientRequest,
  openEngine,
} from '../../../models/engine.ts';
import type { ArtifactSource } from '../../../models/manifest.ts';
import { nodeOrtWasm } from '../../../models/ort-wasm-node.ts';
import { seededNormal, type TinyBert, tinyBert } from '../../helpers/tiny-bert.ts';

const TEXTS = [
  'where is my card ?',
  'lost',
  'how',
  'the lost card is where the card is .',
  'is my card lost ?',
];
const ROWS = 7;
const WIDTH = 24;

let tiny: TinyBert;
let wasm: WebAssembly.Module;
/** Opened once: every engine has a runtime of its own. */
let engine: Engine;
beforeAll(async () => {
  tiny = await tinyBert();
  wasm = await nodeOrtWasm();
  engine = await open({ microbatchTokens: 512 });
});

const open = (options: Partial<EngineOptions> = {}) =>
  openEngine({ source: tiny.source, wasm, adapter: { kind: 'full' }, ...options });
const normals = (seed: number, length: number) => Float32Array.from({ length }, seededNormal(seed));
const full = (): Adapter => ({ kind: 'full', a: normals(3, WIDTH * WIDTH).map((value) => value / 10) });

function request(
  engine: Engine,
  texts: readonly string[],
  more: Partial<GradientRequest> = {},
): GradientRequest {
  return {
    units: texts.map((text) => ({ ids: engine.tokenize(text, 'query'), row: text.length % ROWS })),
    adapter: full(),
    head: normals(4, ROWS * WIDTH),
    active: new Uint8Array(ROWS).fill(1),
    tau: 20,
    clip: { joint: 1 },
    ...more,
  };
}

const sums = () => ({ adapter: new Float64Array(WIDTH * WIDTH), head: new Float64Array(ROWS * WIDTH) });

describe('a unit', () => {
  it('has bit-identical results whatever shares its microbatch', async () => {
    const crowd = Array.from({ length: 8 }, () => TEXTS).flat();
    const together = await engine.gradient(request(engine, crowd), sums());
    const embedded = await engine.embed(
      crowd.map((text) => engine.tokenize(text, 'query')),
      full(),
    );
    for (const [index, text] of TEXTS.entries()) {
      const alone = await engine.gradient(request(engine, [text]), sums());
      for (const part of ['loss', 'correct', 'normAdapter', 'normHead'] as const) {
        expect(together[part][index], `${part} of '${text}'`).toBe(alone[part][0]);
      }
      const own = [...alone.queries];
      expect([...together.queries.subarray(index * WIDTH, (index + 1) * WIDTH)]).toEqual(own);
      expect([...embedded.subarray(index * WIDTH, (index + 1) * WIDTH)]).toEqual(own);
    }
  });

  it('adds its clipped gradient times its weight', async () => {
    const [once, thrice] = [sums(), sums()];
    await engine.gradient(request(engine, TEXTS.slice(0, 1)), once);
    const weighted = request(engine, TEXTS.slice(0, 1));
    weighted.units[0]!.weight = 3;
    await engine.gradient(weighted, thrice);
    const norm = Math.hypot(...once.adapter, ...once.head);
    expect(norm).toBeCloseTo(1, 4);
    for (const part of ['adapter', 'head'] as const) {
      for (const [index, value] of once[part].entries())
        expect(thrice[part][index]).toBeCloseTo(3 * value, 5);
    }
  });
});

describe('the adapter alone', () => {
  it('learns as beside the head, to the bit, while the head stays', async () => {
    const [joint, alone] = [sums(), sums()];
    const limits = { clip: { adapter: 0.5 } };
    const before = await engine.gradient(request(engine, TEXTS, limits), joint);
    const stats = await engine.gradient(request(engine, TEXTS, limits), { ...alone, head: null });
    expect(alone.adapter).toEqual(joint.adapter);
    expect(Math.hypot(...alone.adapter)).toBeGreaterThan(0.5);
    expect(stats).toEqual(before);
  });

  it('is no request where there is none', async () => {
    const none = request(engine, TEXTS, { adapter: { kind: 'none' } });
    await expect(engine.gradient(none, { ...sums(), head: null })).rejects.toThrow('sums.head is null');
  });
});

describe('a row that does not answer', () => {
  /** One query and two rows: row 0 is the query itself, and its logit is larger than row 1's by `gap`. */
  const towards = async (row: 0 | 1, gap: number) => {
    const query = normals(9, WIDTH);
    const other = normals(10, WIDTH);
    const head = new Float32Array(2 * WIDTH);
    head.set(query);
    head.set(other, WIDTH);
    const queries = query.map((x) => x / Math.hypot(...query));
    const cosine = queries.reduce((sum, x, i) => sum + x * other[i]!, 0) / Math.hypot(...other);
    const into = { head: new Float64Array(2 * WIDTH) };
    const stats = await engine.headGradient(
      {
        ...{ head, queries, active: new Uint8Array(2).fill(1), tau: gap / (1 - cosine), clip: { head: 1 } },
        rows: Int32Array.of(row),
        relevant: Uint8Array.of(0),
      },
      into,
    );
    return { loss: stats.loss[0]!, norm: stats.normHead[0]!, head: into.head };
  };

  it('is pushed away from the query, the more the likelier it is, and left alone far off', async () => {
    const [near, far] = [await towards(0, 8), await towards(1, 8)];
    expect(near.loss).toBeCloseTo(8, 2);
    expect(far.loss).toBeLessThan(0.001);
    expect(near.norm).toBeGreaterThan(1);
    expect(far.norm).toBeLessThan(0.01);
    // Brought to the limit, never past it: its norm is taken for a little more than it is.
    expect(Math.hypot(...near.head)).toBeLessThanOrEqual(1 + 1e-6);
    expect(Math.hypot(...near.head)).toBeGreaterThan(0.999);
    // Row 1 comes nearer to the query in the place of row 0: a step goes against the gradient.
    const queries = normals(9, WIDTH);
    expect(near.head.subarray(WIDTH).reduce((sum, x, i) => sum + x * queries[i]!, 0)).toBeLessThan(0);
  });

  it('has a finite gradient also where it has all the probability', async () => {
    const certain = await towards(0, 500);
    expect(certain.head.every(Number.isFinite)).toBe(true);
    expect(certain.loss).toBeCloseTo(Math.log(1e5), 1);
  });
});

describe('without an adapter', () => {
  it('a zero adapter and the base encoder embed alike', async () => {
    const ids = TEXTS.map((text) => engine.tokenize(text, 'query'));
    const zero: Adapter = { kind: 'full', a: new Float32Array(WIDTH * WIDTH) };
    expect(await engine.embed(ids, zero)).toEqual(await engine.embed(ids));
  });

  it('the head learns alike from texts and from cached queries', async () => {
    const asked = request(engine, TEXTS, { adapter: { kind: 'none' } });
    const [texts, cached] = [sums(), sums()];
    const stats = await engine.gradient(asked, { ...texts, adapter: new Float64Array(0) });
    const { units, adapter, clip, ...objective } = asked;
    const rows = Int32Array.from(units, ({ row }) => row);
    const again = await engine.headGradient(
      { ...objective, queries: stats.queries, rows, clip: { head: clip.joint } },
      cached,
    );
    expect(again.loss).toEqual(stats.loss);
    expect(cached.head).toEqual(texts.head);
  });
});

describe('the head alone', () => {
  it('gives a query the same bits alone and among hundreds', async () => {
    const { units: _, adapter: __, clip: ___, ...objective } = request(engine, TEXTS);
    const count = 600;
    const queries = normals(11, count * WIDTH);
    const ask = (from: number, to: number) => {
      const rows = Int32Array.from({ length: to - from }, (_, index) => (from + index) % ROWS);
      const own = { ...objective, rows, queries: queries.subarray(from * WIDTH, to * WIDTH) };
      return engine.headGradient({ ...own, clip: { head: 1 } }, { head: new Float64Array(ROWS * WIDTH) });
    };
    const together = await ask(0, count);
    for (const index of [0, 63, 255, 256, 599]) {
      const alone = await ask(index, index + 1);
      expect([together.loss[index], together.normHead[index]]).toEqual([alone.loss[0], alone.normHead[0]]);
    }
  });
});

describe('rows that do not learn', () => {
  const LEARNING = 5;
  const asked = () => {
    const texts = request(engine, TEXTS, { active: new Uint8Array(ROWS).fill(1, 0, LEARNING), margin: -0.1 });
    for (const unit of texts.units) unit.row %= LEARNING;
    return texts;
  };
  const of = (rows: number) => ({ ...sums(), head: new Float64Array(rows * WIDTH) });

  it('need no place in the sums behind those that do', async () => {
    const [all, own] = [of(ROWS), of(LEARNING)];
    await engine.gradient(asked(), all);
    await engine.gradient(asked(), own);
    expect(own.adapter).toEqual(all.adapter);
    expect(own.head).toEqual(all.head.subarray(0, LEARNING * WIDTH));
    expect(Math.hypot(...own.head)).toBeGreaterThan(0);
    expect(all.head.subarray(LEARNING * WIDTH).every((value) => value === 0)).toBe(true);
  });

  it.each([
    ['fewer rows than learn', LEARNING - 1],
    ['a part of a row', LEARNING + 0.5],
    ['more rows than there are', ROWS + 1],
  ])('sums of %s are refused', async (_, rows) => {
    await expect(engine.gradient(asked(), of(rows))).rejects.toThrow(
      `sums.head is of size ${rows * WIDTH}, rows of ${WIDTH} are expected: at least the 5 up to the last that learns, at most 7`,
    );
  });
});

describe('a low-rank adapter', () => {
  it('sums the gradients of both factors', async () => {
    const lowRank = await open({ adapter: { kind: 'low-rank', rank: 4 } });
    const adapter: Adapter = {
      kind: 'low-rank',
      rank: 4,
      u: normals(5, WIDTH * 4),
      v: normals(6, 4 * WIDTH),
    };
    const into = { adapter: new Float64Array(2 * WIDTH * 4), head: new Float64Array(ROWS * WIDTH) };
    await lowRank.gradient(request(lowRank, TEXTS, { adapter }), into);
    expect(Math.hypot(...into.adapter.subarray(0, WIDTH * 4))).toBeGreaterThan(0);
    expect(Math.hypot(...into.adapter.subarray(WIDTH * 4))).toBeGreaterThan(0);
    await expect(lowRank.embed([Int32Array.of(2, 3)], full())).rejects.toThrow(
      new TypeError("adapter.kind is 'full', this engine was opened for 'low-rank'"),
    );
  });

  it('embeds in the graph for full ones as in its own, and learns nothing there', async () => {
    const lowRank = await open({ adapter: { kind: 'low-rank', rank: 4 } });
    const scaled = (values: Float32Array) => values.map((x) => 0.3 * x);
    const adapter: Adapter = {
      kind: 'low-rank',
      rank: 4,
      u: scaled(normals(5, WIDTH * 4)),
      v: scaled(normals(6, 4 * WIDTH)),
    };
    const ids = [engine.tokenize('where is my card ?', 'query')];
    const [own, there, without] = [
      await lowRank.embed(ids, adapter),
      await engine.embed(ids, adapter),
      await engine.embed(ids),
    ];
    const cosine = (a: Float32Array, b: Float32Array) => a.reduce((sum, x, i) => sum + x * b[i]!, 0);
    expect(cosine(own, there)).toBeGreaterThan(0.999);
    expect(cosine(own, without)).toBeLessThan(0.99);
    const into = { adapter: new Float64Array(2 * WIDTH * 4), head: new Float64Array(ROWS * WIDTH) };
    await expect(engine.gradient(request(engine, TEXTS, { adapter }), into)).rejects.toThrow(/sums\.adapter/);
  });
});

describe('a request that does not fit', () => {
  it.each<[string, (request: GradientRequest) => void, RegExp]>([
    ['an empty text', (r) => (r.units[0]!.ids = new Int32Array(0)), /ids\[0\] has 0 tokens, 1 to 32/],
    ['an unknown token', (r) => (r.units[0]!.ids = Int32Array.of(2, 999, 3)), /ids\[0\] holds 999/],
    [
      'a row that is not there',
      (r) => (r.units[1]!.row = ROWS),
      /row 7 of unit 1 is not one of the head's 7/,
    ],
    ['a head of another size', (r) => (r.head = new Float32Array(3)), /head is of size 3, 168 is expected/],
    ['no temperature', (r) => (r.tau = 0), /tau is 0, it must be positive/],
    ['a clip norm of zero', (r) => (r.clip = { head: 0 }), /clip\.head is 0, it must be positive/],
  ])('%s is refused', async (_, spoil, message) => {
    const asked = request(engine, TEXTS);
    spoil(asked);
    await expect(engine.gradient(asked, sums())).rejects.toThrow(message);
    await expect(engine.gradient(asked, sums())).rejects.toBeInstanceOf(RangeError);
  });
});

describe('an artifact', () => {
  const spoiled = (name: string, spoil: (bytes: Uint8Array) => Uint8Array): ArtifactSource => ({
    async read(file) {
      const bytes = await tiny.source.read(file);
      return file === name ? spoil(bytes) : bytes;
    },
  });
  const flip = (bytes: Uint8Array) => bytes.map((byte, index) => (index === 100 ? byte ^ 1 : byte));

  it.each([
    ['with a changed byte', spoiled('body.bin', flip), 'artifact-hash', /'body\.bin' has SHA-256/],
    [
      'that is cut short',
      spoiled('body.bin', (b) => b.subarray(1)),
      'artifact-hash',
      /'body\.bin' has \d+ bytes/,
    ],
    [
      'without its manifest',
      spoiled('manifest.json', () => new Uint8Array(3)),
      'artifact-invalid',
      /manifest/,
    ],
  ])('%s is refused, and an engine that is open goes on', async (_, source, code, message) => {
    await expect(open({ source })).rejects.toMatchObject({ name: 'EngineError', code });
    await expect(open({ source })).rejects.toThrow(message);
    expect((await engine.embed([engine.tokenize('lost', 'query')])).length).toBe(WIDTH);
  });
});

describe('running out of memory', () => {
  it('is told plainly, and the engine works again afterwards', async () => {
    const small = await open({ maximumWasmBytes: 48 * 1024 * 1024 });
    const expected = await small.embed([small.tokenize('lost', 'query')]);
    const rows = 200_000;
    const huge = request(small, TEXTS, {
      head: normals(4, rows * WIDTH),
      active: new Uint8Array(rows).fill(1),
    });
    const into = { ...sums(), head: new Float64Array(rows * WIDTH) };
    await expect(small.gradient(huge, into)).rejects.toMatchObject({ code: 'out-of-memory' });
    expect(await small.embed([small.tokenize('lost', 'query')])).toEqual(expected);
    expect(small.memory().wasmBytes).toBeLessThan(48 * 1024 * 1024);
  });
});
