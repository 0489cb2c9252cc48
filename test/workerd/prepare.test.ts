/** The coordinator and its regions may vanish at every step before the first round: the run goes on all the same. */
import { runInDurableObject } from 'cloudflare:test';
import { expect, it } from 'vitest';
import { Coordinator } from '../../durable-objects/coordinator/coordinator.ts';
import { type ActiveRun, RunStore } from '../../durable-objects/coordinator/run-store.ts';
import { Runner } from '../../durable-objects/coordinator/runner.ts';
import { CoordinatorWiring } from '../../durable-objects/coordinator/wiring.ts';
import { LedgerStore } from '../../durable-objects/ledger-store.ts';
import { directory } from '../../durable-objects/names.ts';
import { Region } from '../../durable-objects/region/region.ts';
import { Values } from '../../durable-objects/values.ts';
import {
  alarmed,
  collection,
  fill,
  finished,
  hubStub,
  objects,
  regionOf,
  replaced,
  start,
  watchingAlarms,
} from './objects.ts';

const REGIONS = ['east', 'south', 'west'];
const NAME = 'prepared';
const ctxOf = (object: object) => (object as { ctx: DurableObjectState }).ctx;

it('survives an eviction at every step of stage prepare', async () => {
  // Nobody asked for anything: the run ends after its counting round.
  const settings = {
    schedule: { everyHours: 0, secureDeadlineMs: 20_000 },
    training: { activeThreshold: 1e6 },
  };
  await collection(NAME, settings, REGIONS);
  await fill(NAME, REGIONS);
  await regionOf(NAME, 'east').flush();
  // The coordinator is told everything once more while the run is prepared.
  await runInDurableObject(regionOf(NAME, 'east'), (_, { storage }) =>
    new Values(storage).set('registered', 0),
  );

  const seen: string[] = [];
  const evictOnce = (place: string, state: DurableObjectState) => {
    if (seen.includes(place)) return;
    seen.push(place);
    state.abort(`evicted by the test: ${place}`);
  };
  const preparing = (state: DurableObjectState) =>
    new Values(state.storage).get<ActiveRun>('run')?.stage === 'prepare';
  type Find = (self: object) => DurableObjectState | null;
  type Applies = (state: DurableObjectState, args: unknown[]) => boolean;
  /** A method that evicts its object before and after it works, the first time each. */
  const around = (place: string, find: Find, applies: Applies) => (original: unknown) =>
    function (this: object, ...args: unknown[]): unknown {
      const state = find(this);
      const call = () => (original as (...args: unknown[]) => unknown).apply(this, args);
      if (state === null || !applies(state, args)) return call();
      evictOnce(`before ${place}`, state);
      const result = call();
      if (result instanceof Promise) return result.finally(() => evictOnce(`after ${place}`, state));
      evictOnce(`after ${place}`, state);
      return result;
    };
  const ofAlarm = () => {
    try {
      return alarmed();
    } catch {
      return null;
    }
  };
  const asked: Applies = (_, args) => args.length === 1;
  const places: [object, string, ReturnType<typeof around>][] = [
    [Runner.prototype, 'advance', around('advance', ofAlarm, preparing)],
    [Region.prototype, 'flush', around('flush', ctxOf, asked)],
    [Region.prototype, 'ledger', around('ledger', ctxOf, () => true)],
    [Coordinator.prototype, 'register', around('register', ctxOf, preparing)],
    [LedgerStore.prototype, 'merge', around('merge', ofAlarm, preparing)],
    [LedgerStore.prototype, 'expire', around('expire', ofAlarm, preparing)],
    [CoordinatorWiring.prototype, 'adopt', around('adopt', ofAlarm, preparing)],
    [RunStore.prototype, 'save', around('save', ofAlarm, preparing)],
  ];
  const within = (body: () => Promise<void>) =>
    places.reduceRight<() => Promise<void>>(
      (inner, [prototype, name, by]) =>
        () =>
          replaced(prototype as Record<string, unknown>, name, by, inner),
      body,
    )();
  await watchingAlarms(() =>
    within(async () => {
      const tick = () =>
        directory(objects)
          .tick(Date.now())
          .catch(() => {});
      const run = await finished(NAME, await start(NAME), tick);
      expect(run).toMatchObject({
        state: 'failed',
        error: expect.stringContaining('0 documents have 1000000 or more'),
      });
      expect(run.rounds).toHaveLength(1);
    }),
  );
  const all = places.flatMap(([, name]) => [`before ${name}`, `after ${name}`]);
  expect([...seen].sort()).toEqual([...all].sort());
  // What was tried so often cost the one round that was released.
  for (const stub of [hubStub(NAME), ...REGIONS.map((name) => regionOf(NAME, name))]) {
    const entries = await runInDurableObject(stub as unknown as DurableObjectStub<Region>, (_, { storage }) =>
      new LedgerStore(storage).entries(),
    );
    expect(entries.map(({ kind }) => kind)).toEqual(['counts']);
  }
});
