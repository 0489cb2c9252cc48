/** Regions that are away, alarms that are lost, messages that come twice, runs that are cancelled. */
import { runInDurableObject } from 'cloudflare:test';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { Coordinator } from '../../durable-objects/coordinator/coordinator.ts';
import type { ActiveRun } from '../../durable-objects/coordinator/run-store.ts';
import { Runner } from '../../durable-objects/coordinator/runner.ts';
import { directory } from '../../durable-objects/names.ts';
import { Region } from '../../durable-objects/region/region.ts';
import { Values } from '../../durable-objects/values.ts';
import type { ParticipantMessage } from '../../shared/protocol/rounds.ts';
import { CollectionSettings } from '../../shared/protocol/settings.ts';
import {
  activeRun,
  BRIEF,
  collection,
  FEW_RECORDS,
  fill,
  finished,
  hubOf,
  hubStub,
  objects,
  regionOf,
  replaced,
  start,
  stored,
} from './objects.ts';

const REGIONS = ['east', 'north', 'south', 'west'];
const settings = (aggregation = 'secure', phaseDeadlineMs = 600_000) => ({
  training: { ...BRIEF, seed: 7 },
  heldOutShare: 0.25,
  gate: { probeTolerance: 1, margin: -1 },
  schedule: { everyHours: 0, phaseDeadlineMs, secureDeadlineMs: 2_000 },
  privacy: { noise: 'off', aggregation },
});

/** A region answers wake-ups by `answer` instead, and sleeps through its alarms; the others are as they are. */
function sleeping(name: string, answer: () => Promise<void>, body: () => Promise<void>): Promise<void> {
  const asleep = (self: Region) =>
    new Values((self as unknown as { ctx: DurableObjectState }).ctx.storage).get<{ name: string }>('identity')
      ?.name === name;
  return replaced(
    Region.prototype,
    'wake',
    (wake) =>
      function (this: Region) {
        return asleep(this) ? answer() : wake.call(this);
      },
    () =>
      replaced(
        Region.prototype,
        'alarm',
        (alarm) =>
          async function (this: Region) {
            if (!asleep(this)) await alarm.call(this);
          },
        body,
      ),
  );
}

beforeAll(async () => {
  for (const name of ['throws', 'silent', 'vanishes', 'straggler', 'plain']) {
    await collection(name, settings(name === 'plain' ? 'plain' : 'secure'), REGIONS);
    await fill(name, REGIONS);
  }
});

describe('a region that is away', () => {
  const contributors = async (name: string) => {
    const run = await finished(name, await start(name));
    expect(['published', 'rejected'], JSON.stringify(run)).toContain(run.state);
    return run.rounds.map((round) => round.contributors);
  };

  it('does not hold up rounds when it can not be reached', async () => {
    const throws = () => Promise.reject(new Error('away'));
    await sleeping('west', throws, async () => {
      expect(await contributors('throws')).toEqual([3, 3, 3]);
    });
    // … and is back in the next run.
    expect(await contributors('throws')).toEqual([4, 4, 4]);
  });

  it('costs one wait, not one a round, when it never answers', async () => {
    const before = Date.now();
    await sleeping(
      'west',
      () => new Promise(() => {}),
      async () => {
        expect(await contributors('silent')).toEqual([3, 3, 3]);
      },
    );
    // One wait for the wake-up, and one while rows are brought up to date at most.
    expect(Date.now() - before).toBeLessThan(25_000);
  });

  it('is left out of a secure sum that it joined and left', async () => {
    let gone = false;
    // Ready, and from then on nothing of it arrives.
    const report = (original: Coordinator['report']) =>
      async function (this: Coordinator, message: unknown, waitMs?: number) {
        const { participant, type } = message as ParticipantMessage;
        if (participant !== 'south' || type !== 'secagg') return original.call(this, message, waitMs);
        gone = true;
        throw new Error('gone');
      };
    await replaced(Coordinator.prototype, 'report', report, async () => {
      const counts = await contributors('vanishes');
      expect(counts[0]).toBe(3);
      expect(gone).toBe(true);
    });
  });
});

describe('alarms', () => {
  it('come by the deadline that stragglers get once half are done, and a poll after it ends the wait', async () => {
    // South hears that there is work, and never begins.
    await sleeping(
      'south',
      () => Promise.resolve(),
      async () => {
        const run = await start('straggler');
        const round = async () => (await activeRun('straggler'))?.round ?? null;
        const ready = async () =>
          Object.values((await round())?.participants ?? {}).filter(({ phase }) => phase === 'ready').length;
        await vi.waitUntil(async () => (await ready()) === 3, { timeout: 60_000, interval: 50 });
        const { deadlineAt, startedAt } = (await round())!;
        expect(deadlineAt).toBeLessThan(startedAt + 120_000);
        await runInDurableObject(hubStub('straggler'), async (hub: Coordinator, { storage }) => {
          expect(await storage.getAlarm()).toBeLessThanOrEqual(deadlineAt);
          // As if the time were over and the alarm late.
          await storage.setAlarm(Date.now() + 600_000);
          const values = new Values(storage);
          const state = values.get<ActiveRun>('run')!;
          values.set('run', { ...state, round: { ...state.round, deadlineAt: Date.now() } });
          await hub.poll('east');
        });
        const ended = await finished('straggler', run);
        expect(ended).toMatchObject({ state: 'published', rounds: [{ contributors: 3 }, {}, {}] });
      },
    );
  });

  it('that are lost are set again by the cron trigger', async () => {
    const run = await start('plain');
    const drop = async () => {
      for (const stub of [hubStub('plain'), ...REGIONS.map((name) => regionOf('plain', name))]) {
        await runInDurableObject(stub as DurableObjectStub<Region>, (_, { storage }) =>
          storage.deleteAlarm(),
        );
      }
    };
    await drop();
    expect(await hubOf('plain').run(run)).toMatchObject({ state: 'running' });
    await directory(objects).tick(Date.now());
    expect(await finished('plain', run)).toMatchObject({ state: 'published' });
  });

  it('that failed five times start counting anew', async () => {
    await runInDurableObject(hubStub('plain'), async (hub: Coordinator, { storage }) => {
      await storage.deleteAlarm();
      await hub.alarm({ retryCount: 5, isRetry: true, scheduledTime: 0 });
      expect(await storage.getAlarm()).toBeGreaterThan(Date.now() + 30_000);
      await storage.deleteAlarm();
    });
  });

  it('end a run whose next step can not be made, and say why', async () => {
    await runInDurableObject(hubStub('plain'), async (hub: Coordinator) => {
      const started = await hub.start('test');
      if (!started.ok) throw new Error(started.detail);
      const { run } = started.value;
      await hub.alarm();
      const active = new Values((hub as unknown as { ctx: DurableObjectState }).ctx.storage);
      const state = active.get<ActiveRun>('run') as ActiveRun;
      // A released round whose vectors are gone.
      const round = { ...state.round, phase: 'released', participants: { east: { phase: 'ready' } } };
      active.set('run', { ...state, round });
      await hub.alarm();
      expect(await hub.run(run)).toMatchObject({
        state: 'failed',
        error: 'aggregation: the vector of east is not complete',
      });
    });
  });
});

describe('what comes twice', () => {
  it('is the same bytes: the vector is drawn once', async () => {
    const sent = new Map<string, Set<string>>();
    let dropped = 0;
    const upload = (original: Coordinator['putChunk']) =>
      async function (this: Coordinator, header: unknown, bytes: Uint8Array) {
        const { participant, round, chunk } = header as Record<string, string>;
        const key = `${round} ${participant} ${chunk}`;
        const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes as BufferSource)).join();
        sent.set(key, (sent.get(key) ?? new Set()).add(digest));
        const ack = await original.call(this, header, bytes);
        // The first answer of every round is lost.
        if (dropped < 3 && !JSON.stringify([...sent.keys()]).includes(`lost ${round}`)) {
          dropped += 1;
          sent.set(`lost ${round}`, new Set(['lost']));
          throw new Error('the answer was lost');
        }
        return ack;
      };
    const { Coordinator: type } = await import('../../durable-objects/coordinator/coordinator.ts');
    await replaced(type.prototype, 'putChunk', upload, async () => {
      const run = await start('plain');
      const wake = () => directory(objects).tick(Date.now());
      expect((await finished('plain', run, wake)).rounds).toHaveLength(3);
    });
    expect(dropped).toBe(3);
    expect([...sent.values()].every((digests) => digests.size === 1)).toBe(true);
  });

  it('changes nothing: register, items, feedback, settings, activation', async () => {
    const [first, second] = [await hubOf('plain').pointer(), await hubOf('plain').pointer()];
    expect(second).toEqual(first);
    const again = await regionOf('plain', 'east').addFeedback(FEW_RECORDS.slice(0, 3));
    expect(again).toMatchObject({ value: { accepted: 0, duplicates: 3 } });
    await collection('plain', settings('plain'), REGIONS);
    const { version } = first as { version: number };
    await hubOf('plain').activate(version);
    await hubOf('plain').activate(version);
    expect(await hubOf('plain').pointer()).toEqual(first);
    const rows = await hubStub('plain').rowsSince(0, 100);
    expect(rows.length).toBeGreaterThan(0);
    await runInDurableObject(regionOf('plain', 'east'), async (_, { storage }) =>
      new Values(storage).set('registered', 0),
    );
    await regionOf('plain', 'east').flush();
    expect(await hubStub('plain').rowsSince(0, 100)).toEqual(rows);
  });
});

describe('cancelling', () => {
  it('works at every stage and leaves nothing behind', async () => {
    const stages = new Set<string>();
    for (const stage of ['prepare', 'count', 'train', 'gate']) {
      const halt = (original: Runner['advance']) =>
        async function (this: Runner) {
          const active = await activeRun('plain').catch(() => null);
          return active?.stage === stage && active.round !== null ? null : original.call(this);
        };
      await replaced(Runner.prototype, 'advance', halt, async () => {
        const run = await start('plain');
        const isThere = async () => (await activeRun('plain'))?.stage === stage;
        if (stage !== 'prepare') await vi.waitUntil(isThere, { timeout: 30_000 });
        stages.add((await activeRun('plain'))?.stage ?? 'none');
        expect(await hubOf('plain').cancel(run)).toMatchObject({ value: { state: 'cancelled' } });
        expect(await hubOf('plain').cancel(run)).toMatchObject({ value: { state: 'cancelled' } });
      });
      expect(await stored(hubStub('plain'), 'run')).toBeNull();
    }
    expect(stages).toEqual(new Set(['prepare', 'count', 'train', 'gate']));
    const kept = await runInDurableObject(hubStub('plain'), (_, { storage }) =>
      ['run/', 'upload/', 'secagg/'].filter((prefix) =>
        storage.sql
          .exec<{ name: string }>('SELECT name FROM blobs')
          .toArray()
          .some(({ name }) => name.startsWith(prefix)),
      ),
    );
    expect(kept).toEqual([]);
  });

  it('of two starts at once one is refused', async () => {
    const both = await Promise.all([hubOf('plain').start('a'), hubOf('plain').start('b')]);
    expect(both.filter(({ ok }) => ok)).toHaveLength(1);
    const run = both.find((outcome) => outcome.ok);
    if (run?.ok) await hubOf('plain').cancel(run.value.run);
  });
});

describe('settings', () => {
  it.each([
    [{ regions: ['a', 'a'] }, 'settings.regions: a is there twice'],
    [{ regions: ['a', 'b', 'c'], privacy: { threshold: 2 } }, 'not above two thirds of 3'],
    [{ regions: ['a', 'b', 'c'], privacy: { colluders: 3 } }, '3 colluders'],
    [{ regions: ['a'], privacy: { epsilon: 1e-9, delta: 1e-12 } }, 'reaches epsilon'],
  ])('that no collection can have are refused, and leave the name free: %j', async (input, detail) => {
    const made = await directory(objects).create('refused', CollectionSettings.parse(input));
    expect(made).toMatchObject({
      ok: false,
      code: 'invalid_request',
      detail: expect.stringContaining(detail),
    });
    expect(await directory(objects).collection('refused')).toMatchObject({ code: 'unknown_collection' });
  });
});
