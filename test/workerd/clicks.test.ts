/** Clicks in a region: weaker than words in training, never alone in memory, and never among those that judge. */
import { runInDurableObject } from 'cloudflare:test';
import { describe, expect, it } from 'vitest';
import { Shard } from '../../durable-objects/region/shard.ts';
import { cryptoSource } from '../../shared/privacy/random-source.ts';
import { collection, FEW_ITEMS, regionOf } from './objects.ts';

const LIST_ALL = { at: Number.MAX_SAFE_INTEGER, n: 0, item: null, limit: 10 };
const [ITEM] = FEW_ITEMS.map(({ key }) => key) as [string];
const QUESTION = 'a question that nobody has asked yet';
const opened = (contributor: string, query = QUESTION) => [
  { id: `click ${query}`, query, item: ITEM, relevant: true, contributor },
];
const click = (place: number, shuffled = false) => [null, false, { place, shuffled }] as const;

async function desk(name: string, privacy: object, more: object = {}) {
  await collection(name, { privacy, heldOutShare: 0, ...more }, ['east']);
  const east = regionOf(name, 'east');
  await east.putItems(FEW_ITEMS);
  return east;
}

describe.each(['record', 'contributor'] as const)('a click, where the unit is the %s', (unit) => {
  it('weighs by its place, once for whoever opens it twice, and is erased like any act', async () => {
    const east = await desk(`clicks-${unit}`, { unit, noise: 'on' });
    await east.addFeedback(opened('ann'), ...click(1));
    await east.addFeedback(opened('ben'), ...click(4));
    expect(await east.addFeedback(opened('ann'), ...click(2))).toMatchObject({
      value: { accepted: 0, duplicates: 1 },
    });
    const entries = await east.feedback(LIST_ALL);
    expect(entries.map(({ weight }) => weight)).toEqual([expect.closeTo(0.2), expect.closeTo(0.05)]);
    // What somebody says stands beside it.
    const said = [{ query: QUESTION, item: ITEM, relevant: false, contributor: 'ann' }];
    expect(await east.addFeedback(said)).toMatchObject({ value: { accepted: 1 } });
    expect((await east.feedback(LIST_ALL)).map(({ weight }) => weight)).toContain(null);
    expect(await east.erase({ contributor: 'ann' })).toBe(2);
    expect(await east.feedback(LIST_ALL)).toHaveLength(1);
  });
});

it.each([
  ['off', 'learns from shuffled answers how much of a click is due to its place', 0.19, 0.21],
  ['on', 'goes by no other’s clicks, since a weight must tell of no other record', 0.099, 0.101],
])('with noise %s %s', async (noise, _, least, most) => {
  const east = await desk(`seen-${noise}`, { noise });
  // Everybody opens what stands second and what stands fifth alike often.
  for (let n = 0; n < 40; n++) await east.addFeedback(opened(`v${n}`), ...click(2 + 3 * (n % 2), true));
  await east.addFeedback(opened('last'), ...click(2));
  const [entry] = await east.feedback({ ...LIST_ALL, limit: 1 });
  expect(entry!.weight).toBeGreaterThan(least);
  expect(entry!.weight).toBeLessThan(most);
});

it('is never enough for memory by itself, agrees with one who says it, and judges nobody', async () => {
  const east = await desk('agrees', { noise: 'off' }, { heldOutShare: 0.5 });
  for (let n = 0; n < 20; n++) await east.addFeedback(opened(`visitor ${n}`), ...click(3));
  const asked = await runInDurableObject(
    east,
    (_, { storage }) =>
      new Float32Array(
        storage.sql.exec<{ embedding: ArrayBuffer }>('SELECT embedding FROM records LIMIT 1').one().embedding,
      ),
  );
  expect(await east.recall(asked)).toEqual([]);
  await east.addFeedback([{ query: QUESTION, item: ITEM, relevant: true, contributor: 'zoe' }]);
  expect(await east.recall(asked)).toEqual([{ item: ITEM, near: 1 }]);
  const counts = await runInDurableObject(east, (_, { storage }) => {
    storage.sql.exec('INSERT OR REPLACE INTO rows (row, item, ordinal) VALUES (0, ?, 0)', ITEM);
    storage.sql.exec('UPDATE records SET row = 0');
    const home = { regions: ['east'], region: 'east', key: new Uint8Array(32) };
    const policy = { unit: 'record', recordsPerContributor: 1, home, retentionMs: 1e9 } as const;
    const shard = new Shard(storage, () => policy, cryptoSource());
    const window = { from: -1, startedAt: Date.now() };
    const held = storage.sql.exec<{ n: number }>('SELECT count(*) AS n FROM records WHERE held = 1').one().n;
    return { held, judge: [...shard.heldOut(window).weights], train: [...shard.training(window).weights] };
  });
  // Of the side that judges, clicks do not; of the side that trains, each weighs what it was kept with.
  expect(counts.held).toBeGreaterThan(2);
  expect([...counts.judge, ...counts.train].filter((weight) => weight === 1)).toHaveLength(1);
  expect(counts.judge.every((weight) => weight === 1)).toBe(true);
  expect(counts.train.length + counts.held).toBeGreaterThanOrEqual(21);
  for (const weight of counts.train.filter((each) => each !== 1)) expect(weight).toBeCloseTo(0.15, 3);
});
