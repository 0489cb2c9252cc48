/** Values that are read once for as long as they stay as they are. */
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
