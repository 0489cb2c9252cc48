/** The cron trigger: when it starts a run, when it does not and says why, and what it sets going again. */
import { env, runInDurableObject, SELF } from 'cloudflare:test';
import { describe, expect, it, vi } from 'vitest';
import { LedgerStore } from '../../durable-objects/ledger-store.ts';
import type { Schedule } from '../../shared/protocol/api/schedule.ts';
import { CollectionSettings } from '../../shared/protocol/settings.ts';
import { planNoise, policyOf } from '../../shared/round/noise-plan.ts';
import worker from '../../workers/index.ts';
import { collection, FEW_ITEMS, fill, finished, hubOf, hubStub, regionOf, start } from './objects.ts';

const HOUR = 3_600_000;
const REGIONS = ['east', 'west'];
/** A run that ends after its counting round, because nothing was asked often enough. */
const SHORT = {
  training: { seed: 7, activeThreshold: 1000 },
  privacy: { noise: 'off', aggregation: 'plain' },
};

/** What the platform does at `at`. */
async function cron(at: number): Promise<void> {
  const controller = { scheduledTime: at, cron: '*/15 * * * *', noRetry() {} };
  await worker.scheduled(controller as ScheduledController, env as never);
}

async function json(path: string): Promise<Record<string, unknown>> {
  const response = await SELF.fetch(`https://fedcar.test${path}`);
  expect(response.status).toBe(200);
  return await response.json();
}

/** What /v1/rounds and /v1/privacy say of the schedule; both say the same. */
async function scheduleOf(name: string): Promise<Schedule> {
  const rounds = await json(`/v1/collections/${name}/rounds`);
  const privacy = await json(`/v1/collections/${name}/privacy`);
  // Both are computed at their own moment.
  const [one, other] = [rounds.schedule, privacy.schedule] as { next_at: number | null; waiting: unknown }[];
  expect(one?.waiting).toEqual(other?.waiting);
  return one as Awaited<ReturnType<typeof scheduleOf>>;
}

const started = async (name: string) =>
  (await hubOf(name).runs(100)).filter(({ reason }) => reason === 'schedule').map(({ run }) => run);

const entriesOf = (name: string) =>
  runInDurableObject(hubStub(name), (_, { storage }) => new LedgerStore(storage).entries());

describe('a scheduled run', () => {
  it('waits for documents, starts when it is due, one at a time, and again after its hours', async () => {
    await collection('daily', { ...SHORT, schedule: { everyHours: 24 } }, REGIONS);
    const now = Date.now();
    await cron(now);
    expect(await started('daily')).toEqual([]);
    expect((await scheduleOf('daily')).waiting?.reason).toBe('no_documents');
    await fill('daily', REGIONS);
    // Rows are known to the coordinator a moment after the upload.
    for (const name of REGIONS) await regionOf('daily', name).flush();
    await cron(now);
    const [run] = await started('daily');
    expect(run).toBeDefined();
    await cron(now + 25 * HOUR);
    expect(await started('daily')).toHaveLength(1);
    const ended = await finished('daily', run as string);
    expect(ended).toMatchObject({
      state: 'failed',
      error: expect.stringContaining('too few training queries'),
    });
    await cron(now + 23 * HOUR);
    expect(await started('daily')).toHaveLength(1);
    const { next_at, waiting } = await scheduleOf('daily');
    expect(waiting).toBeNull();
    expect(next_at).toBe(ended.started_at + 24 * HOUR);
    await cron(now + 25 * HOUR);
    expect(await started('daily')).toHaveLength(2);
    await hubOf('daily').cancel((await started('daily'))[0] as string);
  });

  it('does not start in quiet hours', async () => {
    const clock = (at: number) => new Date(at).toISOString().slice(11, 16);
    const now = Date.now();
    const quietHours = { from: clock(now - HOUR), to: clock(now + 2 * HOUR) };
    await collection('quiet', { ...SHORT, schedule: { everyHours: 24, quietHours } }, REGIONS);
    await fill('quiet', REGIONS);
    for (const name of REGIONS) await regionOf('quiet', name).flush();
    await cron(now);
    expect(await started('quiet')).toEqual([]);
    const { next_at, waiting } = await scheduleOf('quiet');
    expect(waiting).toMatchObject({ reason: 'quiet_hours', detail: expect.stringContaining(quietHours.to) });
    expect(Math.abs((next_at ?? 0) - (now + 2 * HOUR))).toBeLessThanOrEqual(60_000);
    await cron((next_at as number) + 1000);
    const [run] = await started('quiet');
    expect(run).toBeDefined();
    await hubOf('quiet').cancel(run as string);
  });

  it('does not start what the budget does not allow, and says when it will', async () => {
    // A contributor pays for every run of the window; with events there is always room for new ones.
    const privacy = {
      epsilon: 2,
      runEpsilon: 2,
      aggregation: 'plain',
      unit: 'contributor',
      censusEpsilon: 0,
    };
    await collection('poor', { ...SHORT, privacy, schedule: { everyHours: 24 } }, REGIONS);
    await fill('poor', REGIONS);
    for (const name of REGIONS) await regionOf('poor', name).flush();
    const now = Date.now();
    const settings = CollectionSettings.parse({ privacy });
    const { releases } = planNoise(settings.privacy, settings.retentionDays);
    await runInDurableObject(hubStub('poor'), (_, { storage }) => {
      const ledger = new LedgerStore(storage);
      const policy = policyOf(settings.privacy, settings.retentionDays);
      for (const [round, release] of releases.entries()) {
        expect(ledger.charge(policy, { ...release, round, atMs: now - HOUR }).ok).toBe(true);
      }
    });
    await cron(now);
    expect(await started('poor')).toEqual([]);
    const { next_at, waiting } = await scheduleOf('poor');
    expect(waiting?.reason).toBe('privacy_budget');
    expect(waiting?.detail).toContain('does not allow another run: there is room again at');
    await cron(now + 26 * HOUR);
    expect(await started('poor')).toEqual([]);
    expect(next_at).toBe(now - HOUR + settings.retentionDays * 24 * HOUR + 1);
  });

  it('is never started where the schedule is off', async () => {
    await collection('off', { ...SHORT, schedule: { everyHours: 0 } }, REGIONS);
    await fill('off', REGIONS);
    await cron(Date.now() + 1000 * HOUR);
    expect(await started('off')).toEqual([]);
    expect(await scheduleOf('off')).toMatchObject({ next_at: null, waiting: null });
  });
});

describe('a census', () => {
  const few = { noise: 'on', censusEpsilon: 0.1, aggregation: 'secure' } as const;

  it('ends a run that has too few questions, for little, says how many it takes, and counts nobody twice', async () => {
    await collection('few', { ...SHORT, privacy: few, schedule: { everyHours: 24 } }, REGIONS);
    expect(await hubOf('few').start('test')).toMatchObject({ ok: false, code: 'no_documents' });
    await fill('few', REGIONS);
    for (const name of REGIONS) await regionOf('few', name).flush();
    const now = Date.now();
    await cron(now);
    expect(await started('few')).toEqual([]);
    await cron(now + 25 * HOUR);
    const [run] = await started('few');
    const ended = await finished('few', run as string);
    expect(ended).toMatchObject({
      state: 'postponed',
      error: expect.stringMatching(/questions .* more are needed/),
    });
    await cron(now + 60 * 24 * HOUR);
    const [again] = await started('few');
    expect(again).not.toBe(run);
    await finished('few', again as string);
    const [first, second] = await entriesOf('few');
    expect(second!.from).toBe(first!.atMs);
    const { epsilon, schedule } = await hubOf('few').privacy();
    expect(epsilon).toBeGreaterThan(0);
    expect(epsilon).toBeLessThanOrEqual(0.1);
    expect(schedule.census!.needed).toBeGreaterThan(schedule.census!.questions);
    expect(schedule.next_at).toBeGreaterThan(now + HOUR);
  });

  it('lets a run go on that has enough', async () => {
    const privacy = { ...few, epsilon: 100, runEpsilon: 100, censusEpsilon: 1 };
    await collection('enough', { ...SHORT, privacy }, REGIONS);
    await fill('enough', REGIONS);
    for (const name of REGIONS) {
      await regionOf('enough', name).flush();
      await regionOf('enough', name).addFeedback(
        Array.from({ length: 50 }, (_, i) => ({
          query: `question ${i}`,
          item: FEW_ITEMS[0]!.key,
          relevant: true,
        })),
      );
    }
    const { rounds, error } = await finished('enough', await start('enough'));
    expect(error).toContain('too few training queries');
    expect(rounds.map(({ kind }) => kind)).toEqual(['count', 'count']);
    expect((await entriesOf('enough')).map(({ kind }) => kind)).toEqual(['counts', 'counts']);
  });
});

describe('a run by hand', () => {
  it('is refused before it starts where the budget is spent, with the date', async () => {
    const privacy = { noise: 'on', aggregation: 'plain', epsilon: 2, runEpsilon: 2 };
    await collection('spent', { ...SHORT, privacy, schedule: { everyHours: 24 } }, REGIONS);
    await fill('spent', REGIONS);
    for (const name of REGIONS) await regionOf('spent', name).flush();
    const now = Date.now();
    await runInDurableObject(hubStub('spent'), (_, { storage }) => {
      storage.sql.exec(
        "INSERT INTO runs (run, state, reason, started_at, ended_at) VALUES ('r0', 'failed', 'schedule', ?, ?)",
        ...[now - 2 * HOUR, now],
      );
      const ledger = new LedgerStore(storage);
      const settings = CollectionSettings.parse({ privacy: { ...privacy, censusEpsilon: 0 } });
      const policy = policyOf(settings.privacy, settings.retentionDays);
      for (const [round, release] of planNoise(settings.privacy, 365).releases.entries())
        ledger.charge(policy, { ...release, round, atMs: now - HOUR });
    });
    const response = await SELF.fetch('https://fedcar.test/v1/collections/spent/rounds', { method: 'POST' });
    expect(response.status).toBe(409);
    const problem = (await response.json()) as Record<string, unknown>;
    expect(problem.code).toBe('budget_spent');
    expect(problem.detail).toMatch(/questions until .* have paid for 1 runs .*; the next run is planned for/);
    expect(problem.detail).toMatch(/; ε [12]\.\d\d of it went to 1 run that published no version; /);
    expect(await hubOf('spent').runs(9)).toHaveLength(1);
    const { lost, epsilon } = await hubOf('spent').privacy();
    expect(lost).toEqual({ runs: 1, epsilon });
  });
});

describe('the watchdog', () => {
  it('has regions publish the index that the coordinator does not have', async () => {
    await collection('stale', { ...SHORT, schedule: { everyHours: 0 } }, REGIONS);
    await fill('stale', REGIONS);
    await hubOf('stale').refresh();
    const before = await hubOf('stale').manifest();
    expect(before.regions).toHaveLength(REGIONS.length);
    await runInDurableObject(hubStub('stale'), (_, { storage }) => storage.sql.exec('DELETE FROM manifests'));
    expect((await hubOf('stale').pointer())?.index.bytes).toBeNull();
    await cron(Date.now());
    await vi.waitFor(async () => expect((await hubOf('stale').manifest()).regions).toEqual(before.regions), {
      timeout: 30_000,
    });
    expect((await hubOf('stale').pointer())?.index.bytes).toBeGreaterThan(0);
  });

  it('wakes regions once a day, so that they delete what is too old', async () => {
    await collection('idle', { ...SHORT, retentionDays: 1, schedule: { everyHours: 0 } }, REGIONS);
    await fill('idle', REGIONS);
    const count = () =>
      runInDurableObject(
        regionOf('idle', 'east'),
        (_, { storage }) => storage.sql.exec<{ n: number }>('SELECT count(*) AS n FROM records').one().n,
      );
    await runInDurableObject(regionOf('idle', 'east'), async (_, { storage }) => {
      storage.sql.exec('UPDATE records SET at = 0');
      await storage.deleteAlarm();
    });
    expect(await count()).toBeGreaterThan(0);
    await cron(Date.now());
    await vi.waitFor(async () => expect(await count()).toBe(0), { timeout: 30_000 });
  });
});
