/** What a round asks of its objects: bounds on statements and alarms, so that they do not grow back unseen. */
import { runInDurableObject } from 'cloudflare:test';
import { expect, it, vi } from 'vitest';
import { Coordinator } from '../../durable-objects/coordinator/coordinator.ts';
import { Region } from '../../durable-objects/region/region.ts';
import { BRIEF, collection, fill, finished, hubOf, hubStub, replaced, start } from './objects.ts';

const MEMBERS = ['east', 'south', 'west'];
const NAME = 'round-cost';

/** A run's statements, by their text, and the alarms of its regions. */
async function costOf(passes: number) {
  const phases = BRIEF.phases.map((phase) => ({ ...phase, passes }));
  const settings = {
    training: { phases, seed: 7 },
    schedule: { everyHours: 0, minParticipants: MEMBERS.length },
    gate: { probeTolerance: 1, margin: -1 },
    privacy: { noise: 'off', aggregation: 'secure' },
  };
  const name = `${NAME}-${passes}`;
  await collection(name, settings, MEMBERS);
  await fill(name, MEMBERS);
  const statements: string[] = [];
  let alarms = 0;
  let looking = false;
  const prototype = await runInDurableObject(
    hubStub(name) as DurableObjectStub<Coordinator>,
    (_, { storage }) => Object.getPrototypeOf(storage.sql) as SqlStorage,
  );
  const counting = (original: SqlStorage['exec']) =>
    function (this: SqlStorage, statement: string, ...bindings: unknown[]) {
      if (!looking) statements.push(statement);
      return original.call(this, statement, ...bindings);
    } as SqlStorage['exec'];
  const ringing = (original: Region['alarm']) =>
    function (this: Region) {
      alarms += 1;
      return original.call(this);
    };
  // How often the test looks whether the run has ended depends on how long it takes.
  const unseen = <A, R>(original: (asked: A) => R) =>
    function (this: Coordinator, asked: A): R {
      looking = true;
      try {
        return original.call(this, asked);
      } finally {
        looking = false;
      }
    };
  let rounds = 0;
  const { prototype: hub } = Coordinator;
  await replaced(prototype, 'exec', counting, () =>
    replaced(Region.prototype, 'alarm', ringing, () =>
      replaced(hub, 'run', unseen, () =>
        replaced(hub, 'certificate', unseen, async () => {
          const run = await finished(name, await start(name));
          rounds = run.rounds.length;
          const version = run.version ?? 0;
          await vi.waitUntil(async () => (await hubOf(name).certificate(version))?.missing.length === 0, {
            timeout: 60_000,
          });
        }),
      ),
    ),
  );
  return { statements, alarms, rounds };
}

it('a round of three regions takes a bounded number of statements and alarms, and reads nothing over and over', async () => {
  // Two runs that differ in three train rounds: what a run costs besides is not a round's.
  const short = await costOf(1);
  const long = await costOf(4);
  expect(long.rounds - short.rounds).toBe(3);
  const perRound = (count: (of: typeof long) => number) => (count(long) - count(short)) / 3;
  const matching = (pattern: RegExp) =>
    perRound(({ statements }) => statements.filter((each) => pattern.test(each)).length);
  const figures = {
    all: perRound(({ statements }) => statements.length),
    values: matching(/SELECT value FROM kv/),
    revisions: matching(/SELECT revision/),
    alarms: perRound(({ alarms }) => alarms) / MEMBERS.length,
  };
  // Measured: 410, 40, 47, 0.7; when participants polled after each report, 455, 34, 44, 3.3; when every event asked
  // the database what was known besides, 712, 48, 199, 3.
  expect(figures.all).toBeLessThan(430);
  expect(figures.values).toBeLessThan(42);
  expect(figures.revisions).toBeLessThan(54);
  expect(figures.alarms).toBeLessThan(2);
});
