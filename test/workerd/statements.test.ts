/** How often a run asks the databases of its objects for single values: once for as long as a value stays as it is. */
import { runInDurableObject } from 'cloudflare:test';
import { expect, it } from 'vitest';
import type { Coordinator } from '../../durable-objects/coordinator/coordinator.ts';
import type { Region } from '../../durable-objects/region/region.ts';
import { BRIEF, collection, fill, finished, hubStub, regionOf, start } from './objects.ts';

const NAME = 'statements';
const REGIONS = ['east', 'north', 'west'];

/** Counts what goes to the database of an object until it is stopped. */
async function counting(stub: DurableObjectStub<Coordinator | Region>, statements: string[]) {
  let stop = () => {};
  await runInDurableObject(stub as DurableObjectStub<Region>, (_, { storage: { sql } }) => {
    const { exec } = sql;
    sql.exec = ((statement: string, ...bindings: unknown[]) => {
      statements.push(statement);
      return exec.call(sql, statement, ...bindings);
    }) as typeof exec;
    stop = () => {
      sql.exec = exec;
    };
  });
  return () => runInDurableObject(stub as DurableObjectStub<Region>, () => stop());
}

it('a run of secure sums reads few single values', async () => {
  await collection(NAME, { training: BRIEF, privacy: { noise: 'off' }, heldOutShare: 0.25 }, REGIONS);
  await fill(NAME, REGIONS);
  const statements: string[] = [];
  const stubs = [hubStub(NAME), ...REGIONS.map((name) => regionOf(NAME, name))];
  const stops = await Promise.all(stubs.map((stub) => counting(stub, statements)));
  const run = await finished(NAME, await start(NAME));
  for (const stop of stops) await stop();
  expect(['published', 'rejected'], run.error ?? '').toContain(run.state);
  const count = (statement: RegExp) => statements.filter((each) => statement.test(each)).length;
  const [reads, writes] = [count(/^SELECT .* FROM kv/), count(/^INSERT .* INTO kv/)];
  // Of some 2,600 statements; about 200 and 150. How often objects are asked in between depends on the machine.
  expect(writes).toBeGreaterThan(50);
  expect(reads).toBeLessThan(2 * writes);
});
