/** Queries and sentences to vectors, with a real engine over a tiny encoder. */
import { beforeAll, describe, expect, it } from 'vitest';
import { type Engine, openEngine } from '../../../models/engine.ts';
import { nodeOrtWasm } from '../../../models/ort-wasm-node.ts';
import type { Snapshot } from '../../../shared/protocol/snapshot.ts';
import { adapterOf, EncoderMemory, queryEncoder } from '../../../workers/query-encoder.ts';
import { snapshotOf } from '../../helpers/snapshots.ts';
import { tinyBert } from '../../helpers/tiny-bert.ts';

let engine: Engine;
beforeAll(async () => {
  const { source } = await tinyBert();
  engine = await openEngine({ source, wasm: await nodeOrtWasm(), adapter: { kind: 'full' } });
}, 120_000);

/** The engine with a count of the texts that it embeds; `fail` makes the next call fail, `hold` holds calls up. */
function counting() {
  const counts = { texts: 0, fail: false, hold: Promise.resolve() };
  const counted: Engine = {
    ...engine,
    info: engine.info,
    tokenize: (text) => engine.tokenize(text, 'query'),
    embed: async (ids, ...rest) => {
      counts.texts += ids.length;
      await counts.hold;
      if (counts.fail) throw new Error('out of memory');
      return await engine.embed(ids, ...rest);
    },
  };
  return { counts, counted };
}

/** A snapshot with a full adapter whose numbers are all `value`. */
function adapted(value: number): Snapshot {
  const snapshot = snapshotOf([{ item: 'a', vector: Array(engine.info.width).fill(1) }]);
  const adapter = new Float32Array(engine.info.width ** 2).fill(value);
  return { ...snapshot, header: { ...snapshot.header, adapter: { kind: 'full' } }, adapter };
}

describe('queries', () => {
  it('are embedded once for all requests, also from another copy of the same version', async () => {
    const { counts, counted } = counting();
    const first = await queryEncoder(counted).embed('a parcel', adapted(0.01));
    expect(await queryEncoder(counted).embed('a parcel', adapted(0.01))).toEqual(first);
    expect(counts.texts).toBe(1);
    const alone = await engine.embed([engine.tokenize('a parcel', 'query')], adapterOf(adapted(0.01)));
    expect(first).toEqual(alone);
  });

  it('are embedded anew under another version, and once for all that have no adapter', async () => {
    const { counts, counted } = counting();
    const encoder = queryEncoder(counted);
    const one = await encoder.embed('a parcel', adapted(0.01));
    const other = await encoder.embed('a parcel', adapted(0.02));
    expect(other).not.toEqual(one);
    expect(counts.texts).toBe(2);
    const base = await encoder.embedBase('a parcel');
    expect(await encoder.embed('a parcel', adapted(0))).toEqual(base);
    expect(counts.texts).toBe(3);
    expect(await encoder.embed('a parcel', adapted(0.01))).toEqual(one);
    expect(counts.texts).toBe(3);
  });

  it('leave when there is no more room, those used longest ago first', async () => {
    const { counts, counted } = counting();
    const memory = new EncoderMemory({ maxQueryBytes: 2000 });
    const encoder = queryEncoder(counted, memory);
    await encoder.embedBase('number 0');
    const room = Math.floor(2000 / memory.queries.bytes);
    for (let i = 1; i < room; i++) await encoder.embedBase(`number ${i}`);
    await encoder.embedBase('number 0');
    expect(counts.texts).toBe(room);
    await encoder.embedBase('one more');
    expect(memory.queries.bytes).toBeLessThanOrEqual(2000);
    await encoder.embedBase('number 0');
    expect(counts.texts).toBe(room + 1);
    await encoder.embedBase('number 1');
    expect(counts.texts).toBe(room + 2);
  });

  /** A memory whose clock goes on with every wait, and a way to hold the engine up until somebody waits for it. */
  function held(counts: { hold: Promise<void> }) {
    let now = 0;
    const wait = async (ms: number) => {
      now += ms;
      await new Promise((resolve) => setTimeout(resolve, 0));
    };
    let release = () => {};
    counts.hold = new Promise((resolve) => {
      release = resolve;
    });
    const releaseThen = async () => {
      await expect.poll(() => now).toBeGreaterThan(0);
      release();
    };
    return { memory: new EncoderMemory({ now: () => now, wait }), releaseThen };
  }

  it('fail together with the one they wait for, and the failure is not remembered', async () => {
    const { counts, counted } = counting();
    counts.fail = true;
    const { memory, releaseThen } = held(counts);
    const ask = () => queryEncoder(counted, memory).embedBase('a parcel');
    const asked = Promise.allSettled([ask(), ask()]);
    await releaseThen();
    expect((await asked).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(counts.texts).toBe(1);
    counts.fail = false;
    expect(await ask()).toHaveLength(engine.info.width);
    expect(counts.texts).toBe(2);
  });

  it('of several requests at once are embedded by one, unless its client leaves', async () => {
    const { counts, counted } = counting();
    const { memory, releaseThen } = held(counts);
    const ask = () => queryEncoder(counted, memory).embedBase('a parcel');
    const all = Promise.all([ask(), ask(), ask()]);
    await releaseThen();
    const [first, ...others] = await all;
    for (const other of others) expect(other).toBe(first);
    expect(counts.texts).toBe(1);

    // This one's client leaves: nothing comes of its work.
    counts.hold = new Promise(() => {});
    const left = queryEncoder(counted, memory).embedBase('a locker');
    void left;
    await expect.poll(() => counts.texts).toBe(2);
    counts.hold = Promise.resolve();
    expect(await queryEncoder(counted, memory).embedBase('a locker')).toHaveLength(engine.info.width);
    expect(counts.texts).toBe(3);
  });
});

it('embeds each sentence once, in the order asked for, and forgets what was not used lately', async () => {
  const { counts, counted } = counting();
  const memory = new EncoderMemory({ maxSentenceBytes: 100_000 });
  const encoder = queryEncoder(counted, memory);
  const [a, b, again] = await encoder.embedTexts(['a parcel', 'a locker', 'a parcel']);
  expect(counts.texts).toBe(2);
  expect(again).toEqual(a);
  const alone = await encoder.embedBase('a locker');
  expect(Array.from(b as Float32Array)).toEqual(Array.from(alone));
  // Another encoder over the same engine, as every request has its own.
  const [known] = await queryEncoder(counted, memory).embedTexts(['a locker']);
  expect(known).toEqual(b);
  expect(counts.texts).toBe(3);
  await encoder.embedTexts(Array.from({ length: 1100 }, (_, i) => `number ${i}`));
  await encoder.embedTexts(['number 1099']);
  expect(counts.texts).toBe(1103);
  await encoder.embedTexts(['a parcel']);
  expect(counts.texts).toBe(1104);
});

it('counts tokens without the marks around them', () => {
  const { countTokens } = queryEncoder(engine);
  expect(countTokens('')).toBe(0);
  expect(countTokens('a')).toBe(1);
});

describe('more queries than the encoder gets through', () => {
  it('are refused at once with the time to wait, and those that wait are answered', async () => {
    const { counts, counted } = counting();
    let resolve = () => {};
    const promise = new Promise<void>((done) => {
      resolve = done;
    });
    counts.hold = promise;
    const encoder = queryEncoder(counted, new EncoderMemory({ maxWaiting: 8 }));
    const asked = Array.from({ length: 12 }, (_, n) => encoder.embedBase(`number ${n}`));
    const settled = Promise.allSettled(asked);
    await expect.poll(() => counts.texts).toBe(8);
    await expect(encoder.embedTexts(['a sentence'])).rejects.toMatchObject({
      status: 503,
      code: 'unavailable',
      headers: { 'retry-after': '2' },
    });
    resolve();
    const outcomes = (await settled).map(({ status }) => status);
    expect(outcomes.filter((status) => status === 'fulfilled')).toHaveLength(8);
    expect(await encoder.embedBase('later')).toHaveLength(engine.info.width);
  });

  it('do not count for ever when their clients left', async () => {
    const { counts, counted } = counting();
    let now = 0;
    const encoder = queryEncoder(counted, new EncoderMemory({ maxWaiting: 2, now: () => now }));
    counts.hold = new Promise(() => {});
    for (const query of ['one', 'two']) void encoder.embedBase(query);
    await expect.poll(() => counts.texts).toBe(2);
    counts.hold = Promise.resolve();
    await expect(encoder.embedBase('three')).rejects.toMatchObject({ status: 503 });
    now = 10_000;
    expect(await encoder.embedBase('three')).toHaveLength(engine.info.width);
  });
});
