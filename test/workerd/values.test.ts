/** Values that are read once for as long as they stay as they are, of any length, and byte strings that are deleted by their key. */
import { runInDurableObject } from 'cloudflare:test';
import { describe, expect, it } from 'vitest';
import { Blobs, clearTables } from '../../durable-objects/sql.ts';
import { Values } from '../../durable-objects/values.ts';
import { regionOf } from './objects.ts';

/** The storage of an object, with the statements that go to it. */
async function counted(work: (storage: DurableObjectStorage, statements: string[]) => Promise<void> | void) {
  await runInDurableObject(regionOf('values', 'east'), async (_, { storage }) => {
    const statements: string[] = [];
    const sql = {
      exec(statement: string, ...bindings: unknown[]) {
        statements.push(statement);
        return storage.sql.exec(statement, ...bindings);
      },
    };
    const transactionSync = <T>(body: () => T) => storage.transactionSync(body);
    await work({ sql, transactionSync } as unknown as DurableObjectStorage, statements);
    storage.sql.exec('DELETE FROM kv');
    storage.sql.exec('DELETE FROM blobs');
  });
}

const turn = () => new Promise((resolve) => setTimeout(resolve, 0));

describe('values', () => {
  it('are made anew when something else is stored, whoever stored it', async () => {
    await counted((storage) => {
      const values = new Values(storage);
      let made = 0;
      const read = () => values.kept('pair', (value) => ({ sum: (value as number[]).length, made: ++made }));
      expect(read()).toBeNull();
      values.set('pair', [1, 2]);
      const first = read();
      expect(first).toEqual({ sum: 2, made: 1 });
      expect(read()).toBe(first);
      new Values(storage).set('pair', [1, 2, 3]);
      expect(read()).toEqual({ sum: 3, made: 2 });
      values.delete('pair');
      expect(read()).toBeNull();
    });
  });

  it('are read from the database once, by whoever asks', async () => {
    await counted(async (storage, statements) => {
      new Values(storage).set('counter', { n: 1 });
      await turn();
      statements.length = 0;
      const first = new Values(storage).get<{ n: number }>('counter');
      for (let time = 0; time < 20; time++) {
        expect(new Values(storage).get('counter')).toEqual({ n: 1 });
        await turn();
      }
      // Nobody changes what others get.
      (first as { n: number }).n = 7;
      expect(new Values(storage).get('counter')).toEqual({ n: 1 });
      expect(new Values(storage).get('nothing')).toBeNull();
      expect(new Values(storage).has('nothing')).toBe(false);
      expect(statements).toHaveLength(2);
    });
  });

  it('are what they were when a transaction is taken back', async () => {
    await counted(async (storage) => {
      const values = new Values(storage);
      values.set('a', 1);
      await turn();
      expect(values.get('a')).toBe(1);
      for (const change of [
        () => values.set('a', 2),
        () => values.delete('a'),
        () =>
          clearTables(storage, ['passages', 'items', 'records', 'rows', 'gone', 'ledger', 'moving', 'moved']),
      ]) {
        const taken = () =>
          storage.transactionSync(() => {
            change();
            expect(values.get('a')).not.toBe(1);
            expect(values.get('b')).toBeNull();
            throw new Error('taken back');
          });
        expect(taken).toThrow('taken back');
        expect(values.get('a')).toBe(1);
        await turn();
        expect(values.get('a')).toBe(1);
      }
    });
  });
});

describe('byte strings', () => {
  it('are deleted by their prefix, and no others, through the key', async () => {
    await counted((storage, statements) => {
      const blobs = new Blobs(storage);
      const names = [
        'upload',
        'upload/',
        'upload/a',
        'upload/ä',
        'upload/\u{1f600}',
        'upload0',
        'uploads',
        'a',
        'Upload/b',
      ];
      for (const name of names) blobs.put(name, Uint8Array.of(1));
      blobs.deletePrefix('upload/');
      expect(names.filter((name) => blobs.get(name) !== null)).toEqual([
        'upload',
        'upload0',
        'uploads',
        'a',
        'Upload/b',
      ]);
      const statement = statements.find((each) => each.startsWith('DELETE') && each.includes('<')) as string;
      const plan = storage.sql
        .exec<{ detail: string }>(`EXPLAIN QUERY PLAN ${statement}`, 'a', 'b')
        .toArray();
      expect(plan.map(({ detail }) => detail).join()).toMatch(/SEARCH blobs USING PRIMARY KEY/);
    });
  });
});

it('keeps what is longer than a row may be, to the character, and leaves nothing of it behind', async () => {
  await runInDurableObject(regionOf('values', 'west'), (_, { storage }) => {
    const values = new Values(storage);
    const rows = () =>
      storage.sql.exec("SELECT count(*) AS n FROM kv WHERE key LIKE 'long%'").one().n as number;
    // Pairs of surrogates at even and at odd places: one of the pieces would end within a pair.
    for (const text of ['🙂'.repeat(1_200_000), `x${'🙂'.repeat(1_200_000)}`, '文'.repeat(700_000)]) {
      values.set('long', { text });
      expect(values.get<{ text: string }>('long')?.text === text).toBe(true);
      expect(rows()).toBeGreaterThan(1);
    }
    values.set('longer', 1);
    values.set('long', 'short');
    expect(values.get('long')).toBe('short');
    expect(rows()).toBe(2);
    values.set('long', '文'.repeat(700_000));
    values.delete('long');
    expect(values.get('long')).toBeNull();
    expect(rows()).toBe(1);
  });
});
