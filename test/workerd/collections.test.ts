/** Collections change and end: what settings may become, who is told, and what outlives a collection. */
import { runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test';
import { describe, expect, it } from 'vitest';
import { Directory } from '../../durable-objects/directory/directory.ts';
import { LedgerStore } from '../../durable-objects/ledger-store.ts';
import { directory } from '../../durable-objects/names.ts';
import type { Region } from '../../durable-objects/region/region.ts';
import { Values } from '../../durable-objects/values.ts';
import { mainOrder } from '../../shared/privacy/ledger.ts';
import { CollectionSettings } from '../../shared/protocol/settings.ts';
import { policyOf } from '../../shared/round/noise-plan.ts';
import { collection, fill, finished, hubOf, hubStub, objects, regionOf, start, stored } from './objects.ts';

const REGIONS = ['east', 'west'];
const DAY_MS = 86_400_000;
const update = (name: string, patch: Record<string, unknown>) => directory(objects).update(name, patch);
const settingsOf = async (stub: unknown) => {
  const identity = await stored<{ settings: CollectionSettings }>(
    stub as DurableObjectStub<Region>,
    'identity',
  );
  return (
    identity?.settings ?? (await stored<CollectionSettings>(stub as DurableObjectStub<Region>, 'settings'))
  );
};

describe('a collection that cannot be made', () => {
  const wanted = (more = {}) => CollectionSettings.parse({ regions: REGIONS, ...more });

  it('leaves nothing behind when one of its regions cannot be told', async () => {
    const west = regionOf('undone', 'west');
    await runInDurableObject(west, (_, { storage }) => {
      storage.sql.exec("CREATE TRIGGER broken BEFORE INSERT ON kv BEGIN SELECT RAISE(ABORT, 'broken'); END");
    });
    expect(await directory(objects).create('undone', wanted())).toMatchObject({
      ok: false,
      code: 'region_failed',
      detail: 'region west failed; the collection was not made',
    });
    expect((await directory(objects).collections()).map(({ name }) => name)).not.toContain('undone');
    expect(await directory(objects).collection('undone')).toMatchObject({ code: 'unknown_collection' });
    await runInDurableObject(directory(objects), (_, { storage }) => {
      const left = storage.sql.exec("SELECT 1 FROM collections WHERE name = 'undone'").toArray();
      expect(left).toEqual([]);
    });
    await runInDurableObject(west, (_, { storage }) => storage.sql.exec('DROP TRIGGER broken'));
    // Other settings are no conflict: there was never such a collection.
    const made = await directory(objects).create('undone', wanted({ retentionDays: 30 }));
    expect(made).toMatchObject({ ok: true, value: { settings: { retentionDays: 30 } } });
  });

  it.each(['constructor', 'a-region-of-the-name-constructor'])(
    'has no region %s unless a member may be called so',
    async (name) => {
      const made = await directory(objects).create('members', wanted({ regions: ['east', name] }));
      if (name === 'constructor')
        expect(made).toMatchObject({
          code: 'invalid_request',
          detail: expect.stringContaining('settings.regions: constructor'),
        });
      else expect(made).toMatchObject({ ok: true });
    },
  );

  it('is refused where the runtime cannot keep its objects in the jurisdiction', async () => {
    const made = await runInDurableObject(directory(objects), (_, ctx) => {
      // Development goes on without the guarantee; nothing else does.
      const elsewhere = new Directory(ctx, { ...objects, FEDCAR_ENVIRONMENT: 'production' });
      return elsewhere.create('placed', wanted({ jurisdiction: 'eu' }));
    });
    expect(made).toMatchObject({ code: 'jurisdiction_unavailable', detail: expect.stringContaining('eu') });
    expect(await directory(objects).collection('placed')).toMatchObject({ code: 'unknown_collection' });
    expect(await directory(objects).create('placed', wanted({ jurisdiction: 'eu' }))).toMatchObject({
      ok: true,
    });
  });
});

describe('settings', () => {
  it('reach the coordinator and all regions, and count at once', async () => {
    await collection('changes', {}, REGIONS);
    const east = regionOf('changes', 'east');
    await east.addFeedback([{ query: 'old', item: 'a', relevant: true }]);
    await runInDurableObject(east, (_, { storage }) => {
      storage.sql.exec('UPDATE records SET at = at - ?', 40 * DAY_MS);
    });
    const changed = await update('changes', { retentionDays: 30, schedule: { everyHours: 7 } });
    expect(changed).toMatchObject({ ok: true, value: { settings: { retentionDays: 30 } } });
    expect(await directory(objects).collection('changes')).toEqual(changed);
    for (const stub of [hubStub('changes'), ...REGIONS.map((each) => regionOf('changes', each))]) {
      expect(await settingsOf(stub)).toMatchObject({
        retentionDays: 30,
        schedule: { everyHours: 7 },
        privacy: { epsilon: 4 },
      });
    }
    await runDurableObjectAlarm(east);
    const left = () =>
      runInDurableObject(east, (_, { storage }) => storage.sql.exec('SELECT n FROM records').toArray());
    await expect.poll(left).toEqual([]);
  });

  it('that are fixed stay, and the refusal names them', async () => {
    expect(await update('changes', { privacy: { unit: 'contributor' } })).toMatchObject({
      ok: false,
      code: 'setting_fixed',
      detail: expect.stringContaining('settings.privacy.unit: fixed'),
    });
    expect(await update('nowhere', {})).toMatchObject({ code: 'unknown_collection' });
  });

  it('that fit no collection are refused', async () => {
    expect(await update('changes', { feedback: { recordsPerContributor: 100 } })).toEqual({
      ok: false,
      code: 'invalid_request',
      detail: 'settings.feedback.recordsPerDay: 200 is above feedback.recordsPerContributor, 100',
    });
  });

  it('that contradict each other since an earlier version go on, and are not made anew', async () => {
    const training = { activeThreshold: 2, inactiveThreshold: 2 };
    const contradictory = CollectionSettings.parse({ regions: REGIONS, training });
    const refused = {
      ok: false,
      code: 'invalid_request',
      detail: expect.stringContaining(
        'settings.training.inactiveThreshold: 2 is not below training.activeThreshold, 2',
      ),
    };
    expect(await directory(objects).create('contradictory', contradictory)).toMatchObject(refused);
    await collection('contradictory', {}, REGIONS);
    expect(await update('contradictory', { training })).toMatchObject(refused);
    await runInDurableObject(directory(objects), (_, { storage }) => {
      const stored = JSON.stringify(contradictory);
      storage.sql.exec("UPDATE collections SET settings = ?, ready = 0 WHERE name = 'contradictory'", stored);
    });
    expect(await directory(objects).collection('contradictory')).toMatchObject({ ok: true });
    expect(await directory(objects).create('contradictory', contradictory)).toMatchObject({ ok: true });
    expect(await update('contradictory', { retentionDays: 30 })).toMatchObject({ ok: true });
    expect(await update('contradictory', { training: { inactiveThreshold: 3 } })).toMatchObject({
      ok: false,
    });
    expect(await update('contradictory', { training: { inactiveThreshold: 1 } })).toMatchObject({ ok: true });
  });

  it('stay while a run is on', async () => {
    await fill('changes', REGIONS);
    for (const name of REGIONS) await regionOf('changes', name).flush();
    const run = await start('changes');
    const refused = await update('changes', { schedule: { everyHours: 9 } });
    expect(refused).toMatchObject({ ok: false, code: 'run_in_progress' });
    await hubOf('changes').cancel(run);
    expect(await update('changes', { schedule: { everyHours: 9 } })).toMatchObject({ ok: true });
  });

  it('end a run that began while they were on their way', async () => {
    const run = await start('changes');
    const settings = CollectionSettings.parse({ regions: REGIONS, retentionDays: 31 });
    // Older than what the coordinator knows of its members: they stay.
    const members = { revision: -1, rosters: [], outside: [], problem: null };
    await runInDurableObject(hubStub('changes'), (hub) => hub.configure('changes', settings, members));
    expect(await finished('changes', run)).toMatchObject({
      state: 'cancelled',
      error: 'the settings of the collection changed',
    });
  });
});

describe('a privacy budget', () => {
  // Where releases read samples the main filter is an order, which depends on ε.
  const training = { samplingRate: 0.5 };
  const entry = (round: number, noiseMultiplier: number) => ({
    ...{ round, kind: 'train' as const, atMs: Date.now(), samplingRate: 0.5, noiseMultiplier, steps: 1 },
  });

  it('shrinks to what is spent at most, never grows, and is divided as it was', async () => {
    const made = await collection('budget', { privacy: { epsilon: 8, runEpsilon: 1, training } }, REGIONS);
    expect(await update('budget', { privacy: { epsilon: 9 } })).toMatchObject({ ok: true });
    await runInDurableObject(hubStub('budget'), (_, { storage }) => {
      const policy = policyOf({ ...made.privacy, epsilon: 9 }, made.retentionDays);
      expect(new LedgerStore(storage).charge(policy, entry(1, 2.5)).ok).toBe(true);
    });
    const spent = (await hubOf('budget').privacy()).epsilon;
    expect(spent).toBeGreaterThan(1);
    expect(await update('budget', { privacy: { epsilon: 9.5 } })).toMatchObject({ code: 'setting_fixed' });
    expect(await update('budget', { privacy: { epsilon: spent / 2 } })).toMatchObject({
      detail: expect.stringContaining('spent already'),
    });
    expect(await update('budget', { privacy: { epsilon: 2 } })).toMatchObject({ ok: true });
    expect(await hubOf('budget').privacy()).toMatchObject({ budget: 2, epsilon: spent });
    // The order that gets most of δ is that of the first promise: what is admitted now was admitted under it.
    expect(mainOrder(2, 1e-5)).not.toBe(mainOrder(9, 1e-5));
    await runInDurableObject(hubStub('budget'), (_, { storage }) => {
      const policy = policyOf({ ...made.privacy, epsilon: 2 }, made.retentionDays);
      const ledger = new LedgerStore(storage);
      expect(ledger.covering(policy)).toMatchObject({ epsilon: 2, order: mainOrder(9, 1e-5) });
      expect(ledger.charge(policy, entry(2, 0.5))).toMatchObject({ ok: false });
    });
  });

  it('keeps its division when the collection is deleted and made again', async () => {
    await directory(objects).remove('budget');
    await collection('budget', { privacy: { epsilon: 3, runEpsilon: 1 } }, REGIONS);
    await runInDurableObject(hubStub('budget'), (_, { storage }) => {
      // By itself it would go by the exact filter, since it reads every unit.
      const policy = { ...policyOf(CollectionSettings.parse({}).privacy, 365), epsilon: 3 };
      expect(policy.order).toBe('gaussian');
      const ledger = new LedgerStore(storage);
      expect(ledger.covering(policy).order).toBe(mainOrder(9, 1e-5));
      // The first versions wrote charges and not by what they went: by the order of their budget.
      new Values(storage).delete('ledgerOrder');
      expect(new LedgerStore(storage).covering(policy).order).toBe(mainOrder(3, 1e-5));
      storage.sql.exec('DELETE FROM ledger');
      expect(new LedgerStore(storage).covering(policy).order).toBe('gaussian');
    });
  });
});
