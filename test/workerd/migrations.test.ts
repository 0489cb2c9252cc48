/**
 * Databases of earlier versions, made by the first migrations alone: what was stored is there after the others, and the
 * tables are those of a new database. That whole deployments go on is shown with what earlier code stored: test/state.
 */
import { runInDurableObject } from 'cloudflare:test';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { RunStore } from '../../durable-objects/coordinator/run-store.ts';
import { MIGRATIONS as COORDINATOR } from '../../durable-objects/coordinator/schema.ts';
import { MIGRATIONS as DIRECTORY } from '../../durable-objects/directory/schema.ts';
import { MIGRATIONS as REGION } from '../../durable-objects/region/schema.ts';
import { migrate } from '../../durable-objects/sql.ts';
import { Round } from '../../shared/protocol/api/run.ts';
import { objects } from './objects.ts';

type Storage = DurableObjectStorage;
type Row = Record<string, SqlStorageValue>;
type Migrations = readonly string[];

const LISTS: [name: string, migrations: Migrations][] = [
  ['Directory', DIRECTORY],
  ['Coordinator', COORDINATOR],
  ['Region', REGION],
];
/** Every version but the last of every object. */
const EARLIER = LISTS.flatMap(([name, all]) =>
  all.slice(0, -1).map((_, i): [string, number, Migrations] => [name, i + 1, all]),
);
/** What a migration changes on purpose, by table. */
const CHANGED: Record<string, string[]> = {
  collections: ['ready'],
  // Ids as they were given are forgotten: pseudonyms took their place.
  records: ['contributor'],
  schema: ['version'],
};

/** An empty storage: whose class it belongs to does not matter to its tables. */
async function inStorage(work: (storage: Storage) => Promise<void> | void): Promise<void> {
  const stub = objects.REGION.get(objects.REGION.newUniqueId());
  await runInDurableObject(stub, async (_, { storage }) => {
    await storage.deleteAll();
    await work(storage);
  });
}

function tablesOf(storage: Storage): string[] {
  return storage.sql
    .exec<{ name: string }>("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
    .toArray()
    .map(({ name }) => name)
    .filter((name) => !/^(_cf_|sqlite_)/.test(name));
}

function columnsOf(storage: Storage, table: string) {
  return storage.sql
    .exec<{ name: string; type: string; notnull: number; pk: number }>(`PRAGMA table_info("${table}")`)
    .toArray();
}

/** Tables, columns and indexes. */
function shapeOf(storage: Storage) {
  const indexes = storage.sql
    .exec<Row>("SELECT name, sql FROM sqlite_schema WHERE type = 'index' ORDER BY name")
    .toArray();
  return { indexes, tables: tablesOf(storage).map((table) => [table, columnsOf(storage, table)]) };
}

const rowsOf = (storage: Storage, table: string): Row[] =>
  storage.sql.exec<Row>(`SELECT * FROM "${table}"`).toArray();

/** All rows by table, byte strings as lists of numbers. */
function contentOf(storage: Storage): Record<string, Record<string, unknown>[]> {
  const plain = (value: SqlStorageValue) =>
    value instanceof ArrayBuffer ? [...new Uint8Array(value)] : value;
  return Object.fromEntries(
    tablesOf(storage).map((table) => [
      table,
      rowsOf(storage, table).map((row) =>
        Object.fromEntries(Object.entries(row).map(([name, value]) => [name, plain(value)])),
      ),
    ]),
  );
}

function insert(storage: Storage, table: string, row: Row): void {
  const names = Object.keys(row);
  const places = names.map(() => '?').join(', ');
  storage.sql.exec(`INSERT INTO "${table}" (${names.join(', ')}) VALUES (${places})`, ...Object.values(row));
}

/** Two rows in every table, different in every column. */
function fillTables(storage: Storage): void {
  const cellOf = (table: string, name: string, type: string, i: number, n: number): SqlStorageValue => {
    if (type === 'INTEGER') return 10 * i + n;
    if (type === 'REAL') return i + n / 4;
    return type === 'BLOB' ? Uint8Array.of(i, n).buffer : `${table} ${name} ${n}`;
  };
  for (const table of tablesOf(storage).filter((name) => name !== 'schema')) {
    const columns = columnsOf(storage, table);
    for (const n of [1, 2]) {
      const row = columns.map(({ name, type }, i) => [name, cellOf(table, name, type, i, n)]);
      insert(storage, table, Object.fromEntries(row));
    }
  }
}

describe('a database of an earlier version', () => {
  it('exists: tables have changed before', () => {
    expect(EARLIER.length).toBeGreaterThan(0);
  });

  it.each(EARLIER)('%s %i keeps its rows and gets the tables of a new one', async (_, version, all) => {
    await inStorage(async (storage) => {
      migrate(storage, all);
      const wanted = shapeOf(storage);
      await storage.deleteAll();
      migrate(storage, all.slice(0, version));
      fillTables(storage);
      const before = contentOf(storage);
      migrate(storage, all);
      expect(shapeOf(storage)).toEqual(wanted);
      const after = contentOf(storage);
      for (const [table, rows] of Object.entries(before)) {
        for (const row of rows) {
          const kept = Object.entries(row).filter(([name]) => !CHANGED[table]?.includes(name));
          expect(after[table], table).toContainEqual(expect.objectContaining(Object.fromEntries(kept)));
        }
      }
      migrate(storage, all);
      expect(contentOf(storage)).toEqual(after);
    });
  });

  it('has its rounds in the form in which they are answered', async () => {
    await inStorage((storage) => {
      migrate(storage, COORDINATOR.slice(0, 1));
      const participants = { weur: { phase: 'ready', progress: 1 } };
      const common = { kind: 'train', phase: 'released', participants, contributors: 1, accuracy: null };
      const ended = { ...common, round: 0, startedAt: 1764000000123, endedAt: 1764000009876, loss: 0.125 };
      // Earlier still, nothing was said of the noise.
      const first = { ...ended, noiseInEffect: 2.0625, error: null };
      const second = { ...ended, round: 1, endedAt: null, loss: null, error: 'too few' };
      const rows = [first, second].map((info) => ({
        run: 'r1',
        round: info.round,
        info: JSON.stringify(info),
      }));
      insert(storage, 'runs', { run: 'r1', state: 'failed', reason: 'by hand', started_at: 1764000000000 });
      for (const row of rows) insert(storage, 'rounds', row);
      migrate(storage, COORDINATOR);
      const run = new RunStore(storage).get('r1');
      expect(run?.finished).toBe(1);
      expect(z.array(Round).parse(run?.rounds)).toEqual([
        {
          ...common,
          round: 0,
          started_at: 1764000000123,
          ended_at: 1764000009876,
          ...{ loss: 0.125, error: null, noise_in_effect: 2.0625 },
        },
        {
          ...common,
          round: 1,
          started_at: 1764000000123,
          ended_at: null,
          ...{ loss: null, error: 'too few', noise_in_effect: null },
        },
      ]);
    });
  });

  it('stays as it was when a migration fails, and can be migrated afterwards', async () => {
    await inStorage((storage) => {
      const first = COORDINATOR.slice(0, 1);
      migrate(storage, first);
      const before = shapeOf(storage);
      const broken = 'CREATE TABLE half (x); INSERT INTO nowhere VALUES (1);';
      expect(() => migrate(storage, [...first, broken])).toThrow();
      expect(shapeOf(storage)).toEqual(before);
      migrate(storage, COORDINATOR);
      expect(contentOf(storage).schema).toEqual([{ version: COORDINATOR.length }]);
    });
  });

  it('that is newer than the code is left alone', async () => {
    await inStorage((storage) => {
      migrate(storage, [...REGION, 'CREATE TABLE later (x);']);
      expect(() => migrate(storage, REGION)).toThrow(/is newer than this code, which knows/);
      expect(tablesOf(storage)).toContain('later');
    });
  });
});
