/** Values of an object: read once for as long as they stay as they are, and of any length. */
import { runInDurableObject } from 'cloudflare:test';
import { expect, it } from 'vitest';
import { Values } from '../../durable-objects/sql.ts';
import { regionOf } from './objects.ts';

it('makes a value anew when something else is stored, whoever stored it', async () => {
  await runInDurableObject(regionOf('values', 'east'), (_, { storage }) => {
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
