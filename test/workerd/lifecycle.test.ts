/** What becomes of a trained row when its document changes, goes and comes back; and where a document lies. */
import { runInDurableObject, SELF } from 'cloudflare:test';
import { beforeAll, describe, expect, it } from 'vitest';
import { TrainingState } from '../../durable-objects/coordinator/training-state.ts';
import type { ItemInput } from '../../shared/protocol/api/item.ts';
import { dot } from '../../shared/retrieval/head.ts';
import {
  BRIEF,
  collection,
  contentOf,
  FEW_ITEMS,
  fill,
  finished,
  hubOf,
  hubStub,
  regionOf,
  replaced,
  start,
} from './objects.ts';

const NAME = 'life';
const SETTINGS = {
  training: { ...BRIEF, seed: 7 },
  heldOutShare: 0.25,
  gate: { probeTolerance: 1, margin: -1 },
  privacy: { noise: 'off' },
};
const [changing, leaving] = FEW_ITEMS as [ItemInput, ItemInput];
const east = () => regionOf(NAME, 'east');

/** The snapshot's rows by item: whether it learned, and its vector as a unit. */
async function rowsIn(version: number) {
  const { rows, items, active } = await contentOf(NAME, version);
  const width = rows.length / items.length;
  return new Map(
    items.map((item, row) => {
      const vector = Float32Array.from(rows.subarray(row * width, (row + 1) * width));
      const length = Math.hypot(...vector);
      return [item, { active: active[row] === 1, vector: vector.map((x) => x / length) }] as const;
    }),
  );
}
/** A passage's own embedding. */
const embeddingOf = (item: string) =>
  runInDurableObject(east(), (_, { storage }) => {
    const { embedding } = storage.sql
      .exec<{ embedding: ArrayBuffer }>('SELECT embedding FROM passages WHERE item = ?', item)
      .one();
    return new Float32Array(embedding);
  });
const numbersOf = async (item: string) =>
  (await hubStub(NAME).rowsSince(0, 1000)).filter((row) => row.item === item).map(({ row }) => row);

let learned: Awaited<ReturnType<typeof rowsIn>>;
beforeAll(async () => {
  await collection(NAME, SETTINGS, ['east']);
  await fill(NAME, ['east']);
  const run = await finished(NAME, await start(NAME));
  expect(run.version, JSON.stringify(run)).toBe(1);
  learned = await rowsIn(1);
});

describe('a row that learned', () => {
  it('is its new text’s own embedding once the text has changed', async () => {
    const before = learned.get(changing.key);
    expect(before?.active).toBe(true);
    expect(dot(before?.vector as Float32Array, await embeddingOf(changing.key))).toBeLessThan(0.999);
    await east().putItems([{ ...changing, text: 'Feeding times of our okapis and giraffes.' }]);
    await hubOf(NAME).refresh();
    const after = (await rowsIn(1)).get(changing.key);
    expect(after?.active).toBe(false);
    expect(dot(after?.vector as Float32Array, await embeddingOf(changing.key))).toBeGreaterThan(0.999);
    // Nobody else's changed.
    expect((await rowsIn(1)).get(leaving.key)).toEqual(learned.get(leaving.key));
  });

  it('does not come back with a document that was deleted and is uploaded again, in any version', async () => {
    const numbers = await numbersOf(leaving.key);
    expect(await east().removeItem(leaving.key)).toBe(true);
    await hubOf(NAME).refresh();
    for (const version of [0, 1]) expect((await rowsIn(version)).has(leaving.key)).toBe(false);
    await east().putItems([leaving, { ...leaving, key: 'a newcomer with the same text' }]);
    await hubOf(NAME).refresh();
    for (const version of [0, 1]) {
      for (const key of [leaving.key, 'a newcomer with the same text']) {
        const row = (await rowsIn(version)).get(key);
        expect(row?.active).toBe(false);
        expect(dot(row?.vector as Float32Array, await embeddingOf(leaving.key))).toBeGreaterThan(0.999);
      }
    }
    const all = [...(await numbersOf(leaving.key)), ...(await numbersOf('a newcomer with the same text'))];
    expect(new Set(all).size).toBe(numbers.length + 2);
    expect(Math.min(...all.filter((row) => !numbers.includes(row)))).toBeGreaterThan(Math.max(...numbers));
  });

  it('nor does it when the deletion and the upload reach the coordinator together', async () => {
    const numbers = await numbersOf(leaving.key);
    await east().removeItem(leaving.key);
    await east().putItems([leaving]);
    await hubOf(NAME).refresh();
    expect(await numbersOf(leaving.key)).toHaveLength(numbers.length + 1);
    // The same changes again, as after a lost answer: the deletion was before the upload.
    await runInDurableObject(east(), async (_, { storage }) => {
      const { hash, seq } = storage.sql
        .exec<{ hash: string; seq: number }>('SELECT hash, seq FROM passages WHERE item = ?', leaving.key)
        .one();
      const gone = { seq: seq - 1, item: leaving.key, ordinal: 0, hash, removed: true as const };
      await hubStub(NAME).register('east', [gone], 0, seq);
    });
    expect(
      (await hubStub(NAME).rowsSince(0, 1000)).filter(
        ({ item, removed }) => item === leaving.key && !removed,
      ),
    ).toHaveLength(1);
  });
});

describe('a document that goes while its passages are counted', () => {
  const deleted = async (name: string, key: string) => {
    await regionOf(name, 'east').removeItem(key);
    const standing = async () => {
      const numbers = new Map<number, boolean>();
      for (const row of await hubStub(name).rowsSince(0, 1000))
        if (row.item === key) numbers.set(row.row, !row.removed);
      return [...numbers.values()].some(Boolean);
    };
    while (await standing()) await new Promise((resolve) => setTimeout(resolve, 20));
  };

  it('does not learn, and the others do', async () => {
    const name = 'goes';
    await collection(name, SETTINGS, ['east']);
    await fill(name, ['east']);
    // Two passages: then passages are counted too.
    const long = 'Where the okapis of our zoo sleep, and when they are fed. '.repeat(60);
    await regionOf(name, 'east').putItems([{ ...leaving, text: long }]);
    const deleting: typeof TrainingState.prototype.savePassages = async function (this: TrainingState, rows) {
      const content = await savePassages.call(this, rows);
      await deleted(name, leaving.key);
      return content;
    };
    const { savePassages } = TrainingState.prototype;
    await replaced(
      TrainingState.prototype,
      'savePassages',
      () => deleting,
      async () => {
        const run = await finished(name, await start(name));
        // Whether so few queries win at the gate is chance.
        expect(['published', 'rejected'], JSON.stringify(run)).toContain(run.state);
        expect(run.rounds.filter(({ kind }) => kind === 'count')).toHaveLength(2);
      },
    );
    const { items, active } = await contentOf(name, 1);
    expect(items).not.toContain(leaving.key);
    expect([...active].filter(Boolean)).toHaveLength(FEW_ITEMS.length - 1);
  });
});

describe('a document', () => {
  const call = async (method: string, path: string, body?: unknown) => {
    const headers = { 'content-type': 'application/json' };
    const init = body === undefined ? { method } : { method, headers, body: JSON.stringify(body) };
    const response = await SELF.fetch(`https://fedcar.test/v1/collections/places${path}`, init);
    return { status: response.status, json: (await response.json().catch(() => null)) as never };
  };
  const found = async () => {
    const { json } = await call('POST', '/search', { query: 'the zoo’s okapis' });
    return (json as { chunks: { item: { key: string; region: string } }[] }).chunks.map(({ item }) => item);
  };

  it('leaves the results at once, and may come back in another region', async () => {
    await collection('places', {}, ['east', 'west']);
    const item = { key: 'okapi', text: 'Where the okapis of our zoo sleep.' };
    expect((await call('POST', '/items', { ...item, region: 'west' })).json).toMatchObject({
      region: 'west',
    });
    expect(await found()).toMatchObject([{ key: 'okapi', region: 'west' }]);
    // As long as it is there it stays there.
    expect((await call('POST', '/items', { ...item, region: 'east' })).json).toMatchObject({
      region: 'west',
    });
    await hubOf('places').refresh();
    expect((await call('DELETE', '/items/okapi')).status).toBe(204);
    // The snapshot still has it.
    expect(await found()).toEqual([]);
    expect((await call('POST', '/items', { ...item, region: 'east' })).json).toMatchObject({
      region: 'east',
      status: 'created',
    });
    expect(await found()).toMatchObject([{ key: 'okapi', region: 'east' }]);
    await hubOf('places').refresh();
    expect((await contentOf('places', 0)).items).toEqual(['okapi']);
  });
});
