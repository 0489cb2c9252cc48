/**
 * Another encoder for a living collection: two tiny ones from the importer, of other widths and weights. What serves goes
 * on until the switch, nothing is lost on the way, and evictions at any point cost nothing.
 */
import { abortAllDurableObjects, runDurableObjectAlarm, runInDurableObject, SELF } from 'cloudflare:test';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LedgerStore } from '../../durable-objects/ledger-store.ts';
import { coordinator, directory, region } from '../../durable-objects/names.ts';
import { HandoverSender } from '../../durable-objects/region/handover-sender.ts';
import type { Region } from '../../durable-objects/region/region.ts';
import type { CoordinatorApi } from '../../shared/protocol/objects.ts';
import { CollectionSettings } from '../../shared/protocol/settings.ts';
import { tinyBert } from '../helpers/tiny-bert.ts';
import { collection, hubOf, hubStub, objects, regionOf, replaced } from './objects.ts';

const REGIONS = ['east', 'west'];
const WORDS = ['lost', 'card', 'where', 'how', 'the', 'is', 'my'];

// Beside the encoder in the deployment's assets.
const assets = Object.getPrototypeOf(objects.ASSETS) as { fetch: typeof fetch };
const original = assets.fetch;
beforeAll(async () => {
  const small = await tinyBert({ width: 24 });
  const other = await tinyBert({ width: 32, seed: 2 });
  const sources = { small: small.source, other: other.source };
  assets.fetch = async function (this: Fetcher, input: RequestInfo | URL, init?: RequestInit) {
    const [, folder, file] = /assets\.local\/(small|other)\/(.*)$/.exec(String(input)) ?? [];
    if (folder === undefined || file === undefined) return original.call(this, input, init);
    return new Response(new Uint8Array(await sources[folder as 'small' | 'other'].read(file)));
  } as typeof fetch;
});
afterAll(async () => {
  // Runs that go on would look for encoders that are gone.
  for (const name of ['refused', 'switch', 'evicted', 'cancelled']) await directory(objects).remove(name);
  assets.fetch = original;
});

const nextOf = (settings: CollectionSettings) =>
  CollectionSettings.parse({ ...settings, encoder: 'other', generation: settings.generation + 1 });
const hubStubOf = (name: string, settings: CollectionSettings) =>
  coordinator(objects, name, settings) as unknown as CoordinatorApi;
const texts = Array.from({ length: 20 }, (_, n) => ({
  key: `item ${n}`,
  title: '',
  text: `${WORDS[n % 7]} ${WORDS[(n * 3 + 1) % 7]} number ${n}`,
  format: 'text' as const,
  metadata: {},
}));
const question = (n: number, contributor?: string) => ({
  ...{ query: `where is number ${n}`, item: `item ${n}`, relevant: true },
  ...(contributor === undefined ? {} : { contributor }),
});

async function filled(name: string) {
  const settings = await collection(name, { encoder: 'small' }, REGIONS);
  const [east, west] = REGIONS.map((each) => regionOf(name, each));
  await east?.putItems(texts.slice(0, 12));
  await west?.putItems(texts.slice(12));
  await east?.addFeedback(texts.slice(0, 5).map((_, n) => question(n)));
  await west?.addFeedback([question(1, 'ann'), question(2, 'ann'), question(3, 'bob')]);
  await hubOf(name).refresh();
  return settings;
}

const reindex = async (name: string) => {
  const found = await directory(objects).reindexing(name);
  return found.ok ? found.value : null;
};
async function until(name: string, state: string, each: () => unknown = () => {}) {
  for (let i = 0; i < 300; i++) {
    const info = await reindex(name).catch(() => null);
    if (info?.state === state) return info;
    await each();
    await runDurableObjectAlarm(directory(objects)).catch(() => false);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`no ${state}: ${JSON.stringify(await reindex(name))}`);
}

/** What a region has, without what an encoder made of it. */
const contents = (stub: DurableObjectStub<Region>) =>
  runInDurableObject(stub, (_, { storage }) => {
    const all = (query: string) => storage.sql.exec(query).toArray();
    return {
      items: all('SELECT key, title, text, format, metadata, timestamp FROM items ORDER BY key'),
      records: all('SELECT id, at, query, item, relevant, contributor, held, place FROM records ORDER BY id'),
      ledger: new LedgerStore(storage).entries(),
    };
  });
const search = async (name: string, query: string) => {
  const init = {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query }),
  };
  const response = await SELF.fetch(`https://fedcar.test/v1/collections/${name}/search`, init);
  const json = (await response.json()) as { chunks: { item: { key: string } }[]; errors: unknown[] };
  expect(response.status, JSON.stringify(json)).toBe(200);
  expect(json.errors).toEqual([]);
  return json.chunks.map(({ item }) => item.key);
};

describe('a change of encoder', () => {
  it('is refused for an encoder that is not there, the one in use, and while a run is on', async () => {
    await collection('refused', { encoder: 'small', privacy: { noise: 'off' } }, REGIONS);
    expect(await directory(objects).reindex('refused', 'nothing')).toMatchObject({ code: 'unknown_encoder' });
    expect(await directory(objects).reindex('refused', 'small')).toMatchObject({ code: 'conflict' });
    const run = await hubOf('refused').start('test');
    expect(await directory(objects).reindex('refused', 'other')).toMatchObject({ code: 'run_in_progress' });
    if (run.ok) await hubOf('refused').cancel(run.value.run);
    expect(await directory(objects).update('refused', { encoder: 'other' })).toMatchObject({
      code: 'setting_fixed',
      detail: expect.stringContaining('reindex'),
    });
  });

  it('hands everything over, serves until it switches, and follows what changes on the way', async () => {
    const settings = await filled('switch');
    const entry = { round: 1, kind: 'train' as const, atMs: Date.now(), samplingRate: 0.1 };
    const charged = { ...entry, noiseMultiplier: 6, steps: 1 };
    for (const stub of [hubStub('switch'), regionOf('switch', 'east')]) {
      await runInDurableObject(stub as DurableObjectStub<Region>, (_, { storage }) =>
        new LedgerStore(storage).merge([charged]),
      );
    }
    expect(await search('switch', 'lost card number 0')).toContain('item 0');
    expect(await directory(objects).reindex('switch', 'other')).toMatchObject({
      value: { state: 'building' },
    });
    expect(await hubOf('switch').start('test')).toMatchObject({ code: 'reindex_in_progress' });
    let changes = 0;
    const east = regionOf('switch', 'east');
    await until('switch', 'done', async () => {
      changes += 1;
      if (changes > 2) return;
      if (changes === 1) expect((await search('switch', 'lost card number 0')).length).toBeGreaterThan(0);
      await east.putItems([{ ...texts[0], text: `the card number ${changes}` } as (typeof texts)[0]]);
      await east.removeItem('item 3');
      await east.addFeedback([question(100 + changes)]);
      if (changes === 2) await regionOf('switch', 'west').erase({ contributor: 'ann' });
    });
    if (changes < 2) await regionOf('switch', 'west').erase({ contributor: 'ann' });
    const found = await directory(objects).collection('switch');
    expect(found).toMatchObject({ value: { settings: { encoder: 'other', generation: 1 } } });
    const next = (each: string) => region(objects, 'switch', each, nextOf(settings));
    // Who still goes by the old settings writes there, and it is handed on.
    await east.putItems([{ ...texts[1], text: 'written after the switch' } as (typeof texts)[1]]);
    await east.addFeedback([question(999)]);
    for (const each of REGIONS) {
      const old = regionOf('switch', each);
      await expect
        .poll(() => old.move(nextOf(settings)), { timeout: 60_000 })
        .toEqual({ items: 0, records: 0, caughtUp: true });
      expect(await contents(next(each))).toEqual(await contents(old));
    }
    // Erased where the settings point to now: it does not come back from where they pointed before.
    await regionOf('switch', 'west').addFeedback([question(4, 'eve')]);
    await next('west').erase({ contributor: 'eve' });
    await expect
      .poll(() => regionOf('switch', 'west').move(nextOf(settings)), { timeout: 60_000 })
      .toMatchObject({ records: 0 });
    const { records } = await contents(next('west'));
    expect(records.map(({ query }) => query)).toEqual(['where is number 3']);
    const hub = region(objects, 'switch', 'east', nextOf(settings));
    expect(await hub.passagesOf('item 1')).toMatchObject([{ text: 'written after the switch' }]);
    expect(await hub.item('item 3')).toBeNull();
  });

  it('then searches with the new encoder, and trains again', async () => {
    const init = (method: string) => SELF.fetch('https://fedcar.test/v1/collections/switch', { method });
    expect(await (await init('GET')).json()).toMatchObject({ settings: { encoder: 'other' } });
    // The isolate may remember the settings from before for half a minute; another collection's name is not known yet.
    const settings = CollectionSettings.parse({ regions: REGIONS });
    const pointer = await hubStubOf('switch', nextOf(settings)).pointer();
    expect(pointer?.version).toBe(0);
    expect(await hubStubOf('switch', nextOf(settings)).privacy()).toMatchObject({
      charges: [{ kind: 'train', rounds: 1 }],
    });
    expect(await hubStubOf('switch', nextOf(settings)).start('test')).toMatchObject({ ok: true });
  });

  it('lets the old objects go after a while, but not their ledger', async () => {
    await runInDurableObject(directory(objects), (_, { storage }) => {
      storage.sql.exec(
        "UPDATE collections SET reindex = json_set(reindex, '$.switchedAt', 0) WHERE name = 'switch'",
      );
      return storage.setAlarm(Date.now());
    });
    await expect
      .poll(
        async () => {
          await runDurableObjectAlarm(directory(objects));
          return (await contents(regionOf('switch', 'east'))).items;
        },
        { timeout: 60_000 },
      )
      .toEqual([]);
    expect((await contents(regionOf('switch', 'east'))).ledger).toHaveLength(1);
  });

  it('survives evictions at every step', async () => {
    const settings = await filled('evicted');
    const before = await Promise.all(REGIONS.map((each) => contents(regionOf('evicted', each))));
    let steps = 0;
    const crash = (step: HandoverSender['step']) =>
      async function (this: HandoverSender) {
        const more = await step.call(this);
        steps += 1;
        if (steps % 3 === 0) throw new Error('lost by the test');
        return more;
      };
    await directory(objects).reindex('evicted', 'other');
    await replaced(HandoverSender.prototype, 'step', crash, async () => {
      let aborted = 0;
      await until('evicted', 'done', async () => {
        if (aborted++ % 4 === 1) await abortAllDurableObjects();
        for (const each of REGIONS) await runDurableObjectAlarm(regionOf('evicted', each)).catch(() => false);
      });
    });
    const next = REGIONS.map((each) => region(objects, 'evicted', each, nextOf(settings)));
    expect(await Promise.all(next.map(contents))).toEqual(before);
  });

  it('is undone when it is cancelled', async () => {
    const settings = await filled('cancelled');
    await directory(objects).reindex('cancelled', 'other');
    await runDurableObjectAlarm(directory(objects));
    expect(await directory(objects).cancelReindex('cancelled')).toMatchObject({ ok: true });
    await until('cancelled', 'cancelled');
    expect(await directory(objects).collection('cancelled')).toMatchObject({
      value: { settings: { encoder: 'small', generation: 0 } },
    });
    const { items } = await contents(region(objects, 'cancelled', 'east', nextOf(settings)));
    expect(items).toEqual([]);
    expect(await hubOf('cancelled').start('test')).toMatchObject({ ok: true });
  });

  it('ends with its collection, and a new one of its name goes on with the ledger', async () => {
    await directory(objects).remove('switch');
    await collection('switch', { encoder: 'small' }, REGIONS);
    const found = await directory(objects).collection('switch');
    expect(found).toMatchObject({ value: { settings: { encoder: 'small', generation: 1 } } });
    const settings = CollectionSettings.parse({ regions: REGIONS });
    expect(await hubStubOf('switch', { ...settings, generation: 1 }).privacy()).toMatchObject({
      charges: expect.arrayContaining([expect.objectContaining({ kind: 'train', rounds: 1 })]),
    });
  });
});
