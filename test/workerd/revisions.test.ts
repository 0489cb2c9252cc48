/** What one changed document costs a collection of many: nothing is rebuilt, and it is found all the same. */
import { runInDurableObject, SELF } from 'cloudflare:test';
import { beforeAll, expect, it } from 'vitest';
import type { Coordinator } from '../../durable-objects/coordinator/coordinator.ts';
import { Values } from '../../durable-objects/values.ts';
import { countRowsRead } from '../helpers/rows-read.ts';
import { collection, FEW_ITEMS, fill, hubOf, hubStub, regionOf } from './objects.ts';

const NAME = 'revised';
const ROWS = 2560;
const stub = () => hubStub(NAME) as DurableObjectStub<Coordinator>;

/** Rows of passages that no region has: only their number matters. */
const plant = (count: number) =>
  runInDurableObject(stub(), (_, { storage }) => {
    const at = storage.sql.exec<{ n: number }>('SELECT max(changed) AS n FROM rows').one().n;
    storage.sql.exec(
      `WITH RECURSIVE planted (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM planted WHERE i < ?)
       INSERT INTO rows (region, item, ordinal, hash, embedding, changed)
       SELECT 'west', 'planted ' || (? + i), 0, 'h' || i, ?, ? + i FROM planted`,
      ...[count, at, new Float32Array(384).fill(1 / Math.sqrt(384)).buffer, at],
    );
    new Values(storage).set('rowsChangedAt', at + count);
  });

/** Lets the coordinator's alarm pass, now. */
const settle = async () => {
  await regionOf(NAME, 'east').flush();
  await runInDurableObject(stub(), (coordinator) => coordinator.alarm());
};

/** Rows that an object reads while `work` goes on. */
async function rowsRead(of: DurableObjectStub, work: () => Promise<void>): Promise<number> {
  let counted = () => 0;
  await runInDurableObject(of, (_, { storage: { sql } }) => {
    counted = countRowsRead(sql);
  });
  await work();
  return await runInDurableObject(of, () => counted());
}

const upload = async (key: string, text: string) => {
  const headers = { 'content-type': 'application/json' };
  const init = { method: 'POST', headers, body: JSON.stringify({ key, text, region: 'east' }) };
  expect((await SELF.fetch(`https://fedcar.test/v1/collections/${NAME}/items`, init)).status).toBe(200);
};
const found = async (query: string) => {
  const headers = { 'content-type': 'application/json' };
  const init = { method: 'POST', headers, body: JSON.stringify({ query }) };
  const response = await SELF.fetch(`https://fedcar.test/v1/collections/${NAME}/search`, init);
  const { chunks } = (await response.json()) as { chunks: { item: { key: string } }[] };
  return chunks.map(({ item }) => item.key);
};

beforeAll(async () => {
  await collection(NAME, { privacy: { noise: 'off' } }, ['east', 'west']);
  await fill(NAME, ['east', 'west']);
  await hubOf(NAME).refresh();
  await plant(ROWS - FEW_ITEMS.length);
  await hubOf(NAME).refresh();
});

it('one changed document is found, and no row is read for it but its own', async () => {
  const before = await hubOf(NAME).pointer();
  let inRegion = 0;
  const read = await rowsRead(stub(), async () => {
    inRegion = await rowsRead(regionOf(NAME, 'east'), async () => {
      await upload('okapis', 'What okapis eat in the zoo of Antwerp.');
      await settle();
      expect((await found('What do okapis eat in Antwerp?'))[0]).toBe('okapis');
      await hubOf(NAME).pointer();
    });
  });
  expect(read).toBeLessThan(100);
  expect(inRegion).toBeLessThan(100);
  expect(await hubOf(NAME).pointer()).toMatchObject({ revision: before?.revision, hash: before?.hash });
});

it('whoever wants all rows gets them, and nobody else has them made', async () => {
  const before = await hubOf(NAME).complete(0);
  expect(await hubOf(NAME).complete(0)).toEqual(before);
  await upload('zebras', 'Where zebras sleep.');
  await settle();
  await hubOf(NAME).pointer(0);
  const { rows } = (await hubOf(NAME).versions())[0]!;
  expect(rows).toBe(ROWS + 1);
  expect(await hubOf(NAME).complete(0)).toMatchObject({ revision: before!.revision + 1 });
  expect((await hubOf(NAME).versions())[0]!.rows).toBe(ROWS + 2);
});
