/** How long an isolate may answer from what served before: two Workers with memories of their own, over real objects. */
import { beforeAll, describe, expect, it } from 'vitest';
import { decodeSnapshot } from '../../shared/protocol/snapshot.ts';
import { named } from '../helpers/snapshots.ts';
import { isolate } from './isolates.ts';
import { hubOf, regionOf } from './objects.ts';

const base = '/v1/collections/fresh';
const FRESHNESS_MS = 10_000;

const [here, there] = [isolate(base), isolate(base)];
const QUESTION = 'What do giraffes eat?';

/** Makes `version` serve, in the isolate that is asked. */
const activate = async (version: number) => {
  expect((await here.call('POST', `${base}/models/${version}/activate`)).status).toBe(200);
};

beforeAll(async () => {
  const settings = {
    regions: ['weur', 'apac'],
    adapter: { kind: 'none' },
    schedule: { everyHours: 0 },
    freshnessSeconds: FRESHNESS_MS / 1000,
  };
  expect((await here.call('POST', '/v1/collections', { name: 'fresh', settings })).status).toBe(201);
  const items = [
    { key: 'giraffes', text: 'Giraffes eat leaves.' },
    { key: 'okapis', text: 'Okapis live in the forest.' },
  ];
  expect((await here.call('POST', `${base}/items`, { items, region: 'weur' })).status).toBe(200);
  // Another version: the same rows, of which one is said to have learned.
  await hubOf('fresh').refresh();
  const { bytes } = await here.call('GET', `${base}/models/0/snapshot`);
  const snapshot = decodeSnapshot(bytes);
  snapshot.active[0] = 1;
  snapshot.header.version = 1;
  const { bytes: file, hash } = named(snapshot);
  expect((await here.call('PUT', `${base}/models/imports/${hash}/0`, file)).status).toBe(204);
  expect((await here.call('POST', `${base}/models/imports/${hash}`)).json).toMatchObject({ version: 1 });
});

describe('a version that was made to serve', () => {
  it('answers at once where it was asked for, elsewhere within the setting, and with `fresh` at once', async () => {
    await activate(0);
    expect((await there.search(QUESTION)).version).toBe(0);
    await activate(1);
    expect((await here.search(QUESTION)).version).toBe(1);
    expect((await there.search(QUESTION)).version).toBe(0);
    expect((await there.search(QUESTION, { fresh: true })).version).toBe(1);
    await activate(0);
    there.state.ms += FRESHNESS_MS;
    expect(await there.search(QUESTION)).toMatchObject({ version: 0, stale: undefined });
  });

  it('answers the first question after a silence', async () => {
    await activate(0);
    await there.search(QUESTION, { fresh: true });
    await activate(1);
    there.state.ms += 3 * 3_600_000;
    expect(await there.search(QUESTION)).toMatchObject({ version: 1, stale: undefined });
  });

  it('is not waited for beyond a deadline, and the answer says so', async () => {
    await activate(0);
    await there.search(QUESTION, { fresh: true });
    await activate(1);
    there.state.ms += 60_000;
    there.state.silent = true;
    expect(await there.search(QUESTION)).toMatchObject({
      version: 0,
      stale: 60,
      keys: ['giraffes', 'okapis'],
    });
    const { json } = await there.call('POST', `${base}/chat/completions`, { query: QUESTION });
    expect(json).toMatchObject({ model_version: 0, stale_seconds: 60 });
    there.state.silent = false;
    // Whoever takes over from the question that was never answered.
    there.state.ms += 60_000;
    expect(await there.search(QUESTION)).toMatchObject({ version: 1, stale: undefined });
  });
});

describe('a document', () => {
  const query = 'What do zebras eat?';

  it('is found at once where it was uploaded and with `fresh`, elsewhere within the setting', async () => {
    await there.search(query, { fresh: true });
    // In a region that holds nothing else, so that nobody asks it for anything else.
    const zebras = { key: 'zebras', text: 'Zebras eat grass.', region: 'apac' };
    expect((await here.call('POST', `${base}/items`, zebras)).status).toBe(200);
    await regionOf('fresh', 'apac').flush();
    expect((await here.search(query)).keys[0]).toBe('zebras');
    expect((await there.search(query)).keys).not.toContain('zebras');
    expect((await there.search(query, { fresh: true })).keys[0]).toBe('zebras');
    there.state.ms += FRESHNESS_MS;
    expect((await there.search(query)).keys[0]).toBe('zebras');
  });

  it('is found everywhere while the coordinator does not say what is new', async () => {
    there.state.ms += FRESHNESS_MS;
    there.state.silent = true;
    await here.call('POST', `${base}/items`, { key: 'gnus', text: 'Gnus eat herbs.', region: 'apac' });
    expect((await there.search('What do gnus eat?')).keys[0]).toBe('gnus');
    there.state.silent = false;
    there.state.ms += 60_000;
  });

  it('is nowhere shown once it is deleted', async () => {
    for (const { search } of [here, there]) expect((await search(query)).keys[0]).toBe('zebras');
    expect((await here.call('DELETE', `${base}/items/zebras`)).status).toBe(204);
    for (const { search } of [here, there]) expect((await search(query)).keys).not.toContain('zebras');
  });
});
