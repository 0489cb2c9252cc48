/** Long documents: stored at once, embedded by alarms, found passage by passage, and nothing lost on the way. */
import { abortAllDurableObjects, runDurableObjectAlarm, runInDurableObject, SELF } from 'cloudflare:test';
import { beforeAll, describe, expect, it } from 'vitest';
import { CALL_TOKENS } from '../../durable-objects/region/indexing.ts';
import { Library } from '../../durable-objects/region/library.ts';
import type { ItemInput } from '../../shared/protocol/api/item.ts';
import { WAIT_MS } from '../../workers/placement.ts';
import { collection, hubOf, hubStub, regionOf } from './objects.ts';

type Json = Record<string, unknown>;
const NAME = 'long';
const base = `/v1/collections/${NAME}`;
const east = () => regionOf(NAME, 'east');

/** About 115 tokens of one topic, so that every paragraph fills a passage. */
const paragraph = (topic: string, n: number) =>
  `${topic} number ${n}. ${Array.from({ length: 18 }, (_, i) => `It says ${i} about ${topic}.`).join(' ')}`;
const long = (topic: string, paragraphs: number) =>
  Array.from({ length: paragraphs }, (_, n) => paragraph(topic, n)).join('\n\n');
const item = (key: string, text: string): ItemInput => ({
  key,
  title: '',
  text,
  format: 'text',
  metadata: {},
});
/** More than a call embeds, and not much more: the encoder takes its time. */
const PARAGRAPHS = Math.ceil((1.1 * CALL_TOKENS) / 115);

async function call(method: string, path: string, body?: unknown) {
  const init: RequestInit = { method };
  if (body !== undefined) {
    init.body = JSON.stringify(body);
    init.headers = { 'content-type': 'application/json' };
  }
  const response = await SELF.fetch(`https://fedcar.test${base}${path}`, init);
  return { status: response.status, json: (await response.json().catch(() => null)) as Json };
}

const found = async (query: string) => {
  const { json } = await call('POST', '/search', { query });
  return (json.chunks as { id: string; item: { key: string } }[]).map((chunk) => chunk.item.key);
};
const rows = async (key: string) =>
  (await hubStub(NAME).rowsSince(0, 5000)).filter((row) => row.item === key && !row.removed).length;
const waiting = () => runInDurableObject(east(), (_, { storage }) => new Library(storage).counts().waiting);
/** Alarms until nothing waits; workerd's own may come between. */
async function indexed() {
  for (let i = 0; i < 200 && (await waiting()) > 0; i++) await runDurableObjectAlarm(east());
  expect(await waiting()).toBe(0);
}

beforeAll(async () => {
  await collection(NAME, { privacy: { noise: 'off' } }, ['east']);
});

describe('a document of more than a call embeds', () => {
  it('is stored when the upload returns, says how far it is, and is found when it is indexed', async () => {
    const { status, json } = await call('POST', '/items', item('walrus', long('walrus', PARAGRAPHS)));
    expect([status, json.status, json.change]).toEqual([202, 'indexing', 'created']);
    expect(json.indexed as number).toBeLessThan(json.passages as number);
    const shown = await call('GET', '/items/walrus');
    expect(shown.json).toMatchObject({ status: 'indexing', passages: json.passages });
    const listed = await call('GET', '/items');
    expect(listed.json.items).toMatchObject([{ key: 'walrus', status: 'indexing' }]);
    const regions = await call('GET', '/regions');
    expect((regions.json.regions as Json[])[0]).toMatchObject({ passages: json.passages });
    await indexed();
    const after = await call('GET', '/items/walrus');
    expect(after.json).toMatchObject({ status: 'indexed', indexed: json.passages });
    expect((await found('walrus number 3'))[0]).toBe('walrus');
    await hubOf(NAME).refresh();
    expect(await rows('walrus')).toBe(json.passages);
  });

  it('that is sent again is not begun anew, and one of the same text is unchanged', async () => {
    const { status, json } = await call('PUT', '/items/walrus', { text: long('walrus', PARAGRAPHS) });
    expect([status, json.status]).toEqual([200, 'unchanged']);
  });

  it('loses nothing when its objects are evicted in between', async () => {
    const text = long('otter', 45);
    expect(await put([item('otter', text)], true)).toMatchObject([{ indexed: 0, status: 'indexing' }]);
    await runDurableObjectAlarm(east());
    const before = await waiting();
    await abortAllDurableObjects();
    expect(await waiting()).toBeLessThanOrEqual(before);
    await indexed();
    expect((await call('GET', '/items/otter')).json).toMatchObject({ status: 'indexed', text });
    expect((await found('otter number 3'))[0]).toBe('otter');
  });

  it('changed or deleted meanwhile is found by its new text, or not at all', async () => {
    await put([item('heron', long('heron', 40)), item('stork', long('stork', 40))], true);
    // While a slice is with the encoder.
    const slice = runDurableObjectAlarm(east());
    await put([item('heron', paragraph('lighthouse', 1))], false);
    expect((await call('DELETE', '/items/stork')).status).toBe(204);
    await slice;
    await indexed();
    expect(await found('the lighthouse')).toContain('heron');
    expect((await found('stork number 3')).includes('stork')).toBe(false);
    expect((await call('GET', '/items/heron')).json).toMatchObject({ passages: 1, indexed: 1 });
    await hubOf(NAME).refresh();
    expect([await rows('heron'), await rows('stork')]).toEqual([1, 0]);
  });

  it('whose text changes is not found by the old one while the new one waits', async () => {
    await put([item('ferry', paragraph('ferry', 1))], false);
    await hubOf(NAME).refresh();
    expect((await found('ferry number 1'))[0]).toBe('ferry');
    await put([item('ferry', paragraph('submarine', 1))], true);
    const { json } = await call('POST', '/search', { query: 'ferry number 1' });
    expect(JSON.stringify(json.chunks)).not.toContain('ferry number 1');
    await indexed();
    expect((await found('submarine number 1'))[0]).toBe('ferry');
  });
});

describe('an upload', () => {
  it('of ordinary size is found when it returns, unless it does not wait', async () => {
    const now = await call('POST', '/items', item('puffin', paragraph('puffin', 1)));
    expect([now.status, now.json.status]).toEqual([200, 'created']);
    expect((await found('puffin number 1'))[0]).toBe('puffin');
    const later = await call('PUT', '/items/puffin?wait=false', { text: paragraph('tractor', 1) });
    expect([later.status, later.json.status, later.json.change]).toEqual([202, 'indexing', 'updated']);
    await indexed();
  });

  it('of several pages beside another is found when it returns, all of it', async () => {
    const whole = long('gannet', Math.floor((0.2 * CALL_TOKENS) / 115));
    const given = [item('gannet', whole), item('auk', paragraph('auk', 1))];
    const { status, json } = await call('POST', '/items', { items: given });
    const receipts = json.items as { status: string; passages: number; indexed: number }[];
    expect([status, receipts.map((each) => each.status)]).toEqual([200, ['created', 'created']]);
    for (const { indexed, passages } of receipts) expect(indexed).toBe(passages);
    expect((await found('gannet number 7'))[0]).toBe('gannet');
    expect((await found('auk number 1'))[0]).toBe('auk');
  });

  // Twelve seconds: with FEDCAR_FULL=1 only.
  it.runIf(process.env.FEDCAR_FULL === '1')(
    'may wait for a long document as well',
    async () => {
      const began = Date.now();
      const { status, json } = await call(
        'POST',
        '/items?wait=true',
        item('bison', long('bison', PARAGRAPHS)),
      );
      const ms = Date.now() - began;
      // Only a machine that is too slow for the time that an upload waits may say that it goes on.
      const late = ms >= WAIT_MS && json.status === 'indexing';
      expect([status, json.status]).toEqual(late ? [202, 'indexing'] : [200, 'created']);
      if (!late) expect(json.indexed).toBe(json.passages);
    },
    400_000,
  );
});

async function put(items: ItemInput[], later: boolean) {
  await hubOf(NAME).place(
    items.map(({ key }) => key),
    'east',
    true,
  );
  const outcome = await east().putItems(items, later);
  if (!outcome.ok) throw new Error(outcome.detail);
  return outcome.value;
}
