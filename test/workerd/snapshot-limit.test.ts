/** A collection that outgrows what a participant can load: it serves and grows on, and what cannot be trained says why. */
import { runInDurableObject, SELF } from 'cloudflare:test';
import { beforeAll, expect, it } from 'vitest';
import type { Coordinator } from '../../durable-objects/coordinator/coordinator.ts';
import { Values } from '../../durable-objects/values.ts';
import { activeRun, BRIEF, collection, FEW_ITEMS, fill, finished, hubOf, hubStub, start } from './objects.ts';

const NAME = 'outgrown';
const base = `/v1/collections/${NAME}`;

async function call(method: string, path: string, body?: unknown) {
  const init: RequestInit = { method };
  if (body !== undefined) {
    init.body = JSON.stringify(body);
    init.headers = { 'content-type': 'application/json' };
  }
  const response = await SELF.fetch(`https://fedcar.test${path}`, init);
  return { status: response.status, json: (await response.json()) as Record<string, unknown> };
}

/** An embedding of length one: rows of another length are refused by whoever trains. */
const UNIT = new Float32Array(384).fill(1 / Math.sqrt(384));

/** Rows of passages that no region has: only their number matters. */
const plant = (count: number) =>
  runInDurableObject(hubStub(NAME) as DurableObjectStub<Coordinator>, (_, { storage }) => {
    const at = storage.sql.exec<{ n: number }>('SELECT max(changed) AS n FROM rows').one().n;
    storage.sql.exec(
      `WITH RECURSIVE planted (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM planted WHERE i < ?)
       INSERT INTO rows (region, item, ordinal, hash, embedding, changed)
       SELECT 'west', 'planted ' || i, 0, 'h' || i, ?, ? + i FROM planted`,
      count,
      UNIT.buffer,
      at,
    );
    new Values(storage).set('rowsChangedAt', at + count);
  });
const pull = () =>
  runInDurableObject(hubStub(NAME) as DurableObjectStub<Coordinator>, (_, { storage }) => {
    storage.sql.exec("UPDATE rows SET removed = 1, embedding = NULL WHERE item LIKE 'planted %'");
    const at = storage.sql.exec<{ n: number }>('SELECT max(changed) AS n FROM rows').one().n;
    new Values(storage).set('rowsChangedAt', at + 1);
  });

beforeAll(async () => {
  const settings = { training: { ...BRIEF, seed: 7 }, gate: { margin: -1 }, privacy: { noise: 'off' } };
  await collection(NAME, settings, ['east', 'west']);
  await fill(NAME, ['east', 'west']);
  await hubOf(NAME).refresh();
});

const WHY =
  /^snapshot: version \d with all 100004 passages would have 4\d{7} bytes, and at most 33554432 are/;

it('serves on as it was, and a run during which it grew ends with the reason', async () => {
  const before = await hubOf(NAME).pointer();
  let planted = false;
  const run = await finished(NAME, await start(NAME), async () => {
    const stage = (await activeRun(NAME))?.stage;
    if (planted || stage === undefined || stage === 'prepare') return;
    planted = true;
    await plant(100_000);
  });
  expect(run).toMatchObject({ state: 'failed', version: null, error: expect.stringMatching(WHY) });
  expect(run.finished).toBeGreaterThan(1);
  const after = await hubOf(NAME).refresh();
  expect(after).toMatchObject({ version: 0, hash: before?.hash, bytes: before?.bytes });
  const [first] = FEW_ITEMS;
  const { status, json } = await call('POST', `${base}/search`, { query: first?.title });
  expect(status).toBe(200);
  expect((json.chunks as { item: { key: string } }[])[0]?.item.key).toBe(first?.key);
});

it('says so with its versions and runs, and takes further documents', async () => {
  const problem = expect.stringMatching(WHY);
  expect((await call('GET', `${base}/models/0`)).json).toMatchObject({ state: 'serving', problem });
  const { json } = await call('GET', `${base}/rounds`);
  expect((json.runs as Record<string, unknown>[])[0]).toMatchObject({ state: 'failed', error: problem });
  // A run that could not be published spends nothing.
  expect(await finished(NAME, await start(NAME))).toMatchObject({ finished: 0, error: problem });
  const more = await call('POST', `${base}/items`, { key: 'one more', text: 'Where quokkas live.' });
  expect(more.status).toBe(200);
  const found = await call('POST', `${base}/search`, { query: 'where do quokkas live' });
  expect((found.json.chunks as { item: { key: string } }[])[0]?.item.key).toBe('one more');
});

it('goes on by itself when there is room again', async () => {
  await pull();
  expect((await call('GET', `${base}/models/0`)).json).toMatchObject({ problem: null });
});
