/** The encoder's load, and its failures from an artifact that was changed to the answers over HTTP, with real objects. */
import { createExecutionContext, env, runInDurableObject } from 'cloudflare:test';
import { afterEach, beforeAll, expect, it, vi } from 'vitest';
import type { Directory } from '../../durable-objects/directory/directory.ts';
import type { ObjectsEnv } from '../../durable-objects/env.ts';
import { Library } from '../../durable-objects/region/library.ts';
import type { Region } from '../../durable-objects/region/region.ts';
import { ItemInput } from '../../shared/protocol/api/item.ts';
import { CollectionSettings } from '../../shared/protocol/settings.ts';
import { createApp } from '../../workers/app.ts';
import { servicesOf } from '../../workers/bindings.ts';
import type { Env } from '../../workers/env.ts';
import { collection, hubOf, objects, regionOf } from './objects.ts';

/** The shipped artifact under another name, so that nothing of it is loaded yet; one byte of `spoiled` is changed. */
function copied(name: string, spoiled: string | null): Pick<ObjectsEnv, 'ASSETS' | 'FEDCAR_MODEL'> {
  const read = async (url: string) => {
    const response = await objects.ASSETS.fetch(url.replace(`/${name}/`, '/minilm/'));
    if (spoiled === null || !url.endsWith(spoiled)) return response;
    const bytes = new Uint8Array(await response.arrayBuffer());
    bytes[100] = bytes[100]! ^ 1;
    return new Response(bytes);
  };
  return { ASSETS: { fetch: read } as unknown as Fetcher, FEDCAR_MODEL: name };
}

const WRONG = {
  code: 'encoder_failed',
  detail: expect.stringMatching(/^The encoder: 'body\.bin' has SHA-256 [0-9a-f]{64}, the manifest says /),
};
const broken = { ...(env as unknown as Env), ...copied('spoiled', 'body.bin') };

beforeAll(async () => {
  await collection('spoiled', {}, ['weur']);
  // A document from before the artifact was spoiled.
  await hubOf('spoiled').place(['a'], 'weur', true);
  await runInDurableObject(regionOf('spoiled', 'weur') as DurableObjectStub<Region>, (_, { storage }) => {
    new Library(storage).put(ItemInput.parse({ key: 'a', text: 'y' }), [], 1);
  });
  await runInDurableObject(regionOf('spoiled', 'weur') as DurableObjectStub<Region>, (instance) => {
    (instance as unknown as { env: ObjectsEnv }).env = broken;
  });
});
afterEach(() => void vi.restoreAllMocks());

async function call(path: string, body?: unknown) {
  const init = {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  };
  const app = createApp(servicesOf);
  const response = await app.request(path, body === undefined ? {} : init, broken, createExecutionContext());
  return (await response.json()) as Record<string, unknown>;
}

it('a region says which file is wrong, in a refusal that arrives whole', async () => {
  const log = vi.spyOn(console, 'error').mockImplementation(() => {});
  const region = regionOf('spoiled', 'weur');
  expect(await region.putItems([{ key: 'a', title: '', text: 'x', format: 'text', metadata: {} }])).toEqual({
    ok: false,
    ...WRONG,
  });
  expect(await region.addFeedback([{ query: 'x', item: 'a', relevant: true }])).toEqual({
    ok: false,
    ...WRONG,
  });
  expect(log.mock.calls.flat().join()).toContain('encoder_failed');
});

it.each([
  ['/v1/collections/spoiled/items', { key: 'a', text: 'x' }],
  ['/v1/collections/spoiled/items', { items: [{ key: 'a', text: 'x' }] }],
  ['/v1/collections/spoiled/feedback', { query: 'x', item: 'a' }],
  ['/v1/collections/spoiled/search', { query: 'x' }],
  ['/readyz', undefined],
])('%s %j answers 503 with it', async (path, body) => {
  vi.spyOn(console, 'error').mockImplementation(() => {});
  expect(await call(path, body)).toMatchObject({ status: 503, ...WRONG });
});

it('a collection is not made for an artifact whose manifest is broken, and the answer says which file it is', async () => {
  vi.spyOn(console, 'error').mockImplementation(() => {});
  const directory = objects.DIRECTORY.get(objects.DIRECTORY.idFromName('broken-manifest'));
  await runInDurableObject(directory as DurableObjectStub<Directory>, async (instance) => {
    (instance as unknown as { env: ObjectsEnv }).env = { ...objects, ...copied('no-json', 'manifest.json') };
    const detail = `The encoder: manifest.json is not a model's manifest`;
    const refusal = { ok: false, code: 'encoder_failed', detail };
    expect(await instance.collection('default')).toEqual(refusal);
    expect(await instance.create('a', CollectionSettings.parse({ encoder: 'no-json' }))).toEqual(refusal);
    expect(await instance.collections()).toEqual([]);
  });
});

it('is loaded once, and goes on loading when the request that began has its answer', async () => {
  const kept: Promise<unknown>[] = [];
  const whole = { ...(env as unknown as Env), ...copied('whole', null) };
  const services = servicesOf(whole, (work) => void kept.push(work));
  const of = { name: 'x', created_at: 0, settings: CollectionSettings.parse({}) };
  const opening = services.encoder(of);
  expect(kept).toHaveLength(1);
  await kept[0];
  expect((await (await opening).embedBase('x')).length).toBe(384);
  await services.encoder(of);
  expect(kept).toHaveLength(1);
});
