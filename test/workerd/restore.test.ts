/** A coordinator that was put back to an older state: regions notice, register everything anew, and rows mean the same. */
import { runInDurableObject } from 'cloudflare:test';
import { expect, it } from 'vitest';
import type { Region } from '../../durable-objects/region/region.ts';
import { clearTables } from '../../durable-objects/sql.ts';
import { ITEMS } from '../helpers/help-desk.ts';
import {
  BRIEF,
  collection,
  FEW_ITEMS,
  fill,
  finished,
  hubOf,
  hubStub,
  regionOf,
  start,
  stored,
} from './objects.ts';

const NAME = 'restored';
const REGIONS = ['east', 'south', 'west'];
type Stub = DurableObjectStub<Region>;
/** Whether so little data wins is chance; where it does not, weights for the version that serves may become another. */
const JUDGED = { state: expect.stringMatching(/^(published|rejected)$/), version: expect.any(Number) };
type Dump = Record<string, Record<string, SqlStorageValue>[]>;
const hub = () => hubStub(NAME) as unknown as Stub;
const east = () => regionOf(NAME, 'east');

/** Everything in the object's tables, as a backup has it. */
function dumpOf(stub: Stub): Promise<Dump> {
  return runInDurableObject(stub, (_, { storage }) => {
    const tables = storage.sql
      .exec<{ name: string }>("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT GLOB '_cf_*'")
      .toArray()
      .filter(({ name }) => !name.startsWith('sqlite_'));
    return Object.fromEntries(
      tables.map(({ name }) => [name, storage.sql.exec(`SELECT * FROM "${name}"`).toArray()]),
    );
  });
}

async function putBack(stub: Stub, dump: Dump): Promise<void> {
  await runInDurableObject(stub, (_, { storage }) => {
    clearTables(storage, []);
    // Numbers are given out from where they were, as in a backup.
    storage.sql.exec("DELETE FROM sqlite_sequence WHERE name = 'rows'");
    for (const [name, rows] of Object.entries(dump)) {
      if (name === 'schema') continue;
      for (const row of rows) {
        const columns = Object.keys(row);
        storage.sql.exec(
          `INSERT INTO "${name}" (${columns.join()}) VALUES (${columns.map(() => '?').join()})`,
          ...Object.values(row),
        );
      }
    }
  });
  // Nothing that it remembers survives a restore.
  await runInDurableObject(stub, (_, state) => state.abort('restored by the test')).catch(() => {});
}

/** Rows that stand, by number, in the coordinator and as the regions mirror them. */
async function rows() {
  const query = (stub: Stub, sql: string) =>
    runInDurableObject(stub, (_, { storage }) =>
      storage.sql.exec<{ row: number; item: string; ordinal: number }>(sql).toArray(),
    );
  const table = await query(hub(), 'SELECT row, item, ordinal FROM rows WHERE removed = 0 ORDER BY row');
  const mirrors = await Promise.all(
    REGIONS.map((name) => query(regionOf(NAME, name), 'SELECT row, item, ordinal FROM rows ORDER BY row')),
  );
  return { table, mirrors };
}

it('is brought up to date, and no label points to another document', async () => {
  const [first, second, changing, ...more] = FEW_ITEMS;
  if (first === undefined || second === undefined || changing === undefined) throw new Error('too few items');
  await collection(
    NAME,
    {
      schedule: { everyHours: 0, secureDeadlineMs: 20_000 },
      training: { ...BRIEF, seed: 7 },
      heldOutShare: 0.25,
      gate: { probeTolerance: 1, margin: -1 },
      privacy: { noise: 'off' },
    },
    REGIONS,
  );
  await fill(NAME, REGIONS);
  await hubOf(NAME).refresh();
  const backup = await dumpOf(hub());

  // What the backup does not know: a document less, one that says something else, new ones in two regions, a version.
  await east().removeItem(second.key);
  await east().putItems([{ ...changing, text: `${changing.text} Nothing else has changed.` }]);
  await east().putItems([
    { ...first, key: 'later/east', title: 'Later', text: 'Something about trams in the east.' },
  ]);
  const [other] = ITEMS.filter(({ key }) => !FEW_ITEMS.some((item) => item.key === key));
  if (other === undefined) throw new Error('no other item');
  await regionOf(NAME, 'west').putItems([other]);
  expect(await finished(NAME, await start(NAME))).toMatchObject(JUDGED);
  const before = await rows();
  for (const mirror of before.mirrors) expect(mirror).toEqual(before.table);
  const standing = (all: { item: string; ordinal: number }[]) =>
    all.map(({ item, ordinal }) => `${item} ${ordinal}`).sort();

  await putBack(hub(), backup);
  const restored = await rows();
  expect(standing(restored.table)).not.toEqual(standing(before.table));
  expect(await hubOf(NAME).versions()).toHaveLength(1);

  // A number of the lost time is given to another row first.
  await east().putItems([
    { ...first, key: 'newest/east', title: 'Newest', text: 'Ferries leave every other hour.' },
  ]);
  const run = await finished(NAME, await start(NAME));
  expect(run, JSON.stringify(run)).toMatchObject(JUDGED);
  const after = await rows();
  expect(standing(after.table)).toEqual([...standing(before.table), 'newest/east 0'].sort());
  for (const mirror of after.mirrors) expect(mirror).toEqual(after.table);
  expect(after.table).not.toEqual(expect.arrayContaining(before.table));
  for (const name of REGIONS) {
    const wrong = await runInDurableObject(regionOf(NAME, name), (_, { storage }) =>
      storage.sql
        .exec<{ n: number }>(
          `SELECT count(*) AS n FROM records LEFT JOIN rows ON rows.row = records.row
           WHERE records.row IS NOT NULL AND rows.item IS NOT records.item`,
        )
        .one(),
    );
    expect(wrong.n).toBe(0);
  }
  // Where documents lie is known again too.
  expect(
    await hubOf(NAME).place(['later/east', other.key, ...more.map(({ key }) => key)], null, false),
  ).toEqual(
    new Map([
      ['later/east', 'east'],
      [other.key, 'west'],
      ...more.map(({ key }): [string, string] => [key, 'east']),
    ]),
  );
});

it('ends a run that was on in the backup', async () => {
  const run = await start(NAME);
  const backup = await dumpOf(hub());
  await hubOf(NAME).cancel(run);
  await east().putItems([{ ...(FEW_ITEMS[0] as (typeof FEW_ITEMS)[0]), key: 'lost/east' }]);
  await hubOf(NAME).refresh();
  const active = JSON.parse(backup.kv?.find(({ key }) => key === 'run')?.value as string) as object;
  const kv = (backup.kv ?? []).map((each) =>
    each.key === 'run' ? { ...each, value: JSON.stringify({ ...active, stage: 'train' }) } : each,
  );
  await putBack(hub(), { ...backup, kv });
  await hubOf(NAME).refresh();
  expect(await hubOf(NAME).run(run)).toMatchObject({
    state: 'failed',
    error: 'the coordinator was restored from an older state',
  });
  expect(await stored(hub(), 'run')).toBeNull();
  const { table } = await rows();
  expect(table.map(({ item }) => item)).toContain('lost/east');
});
