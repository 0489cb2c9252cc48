/** Objects may vanish from memory at any place: what they do does not depend on it. */
import { runInDurableObject } from 'cloudflare:test';
import { describe, expect, it, vi } from 'vitest';
import type { ActiveRun } from '../../durable-objects/coordinator/run-store.ts';
import { Runner } from '../../durable-objects/coordinator/runner.ts';
import { Region } from '../../durable-objects/region/region.ts';
import { Values } from '../../durable-objects/values.ts';
import { Participant } from '../../shared/participant/participant.ts';
import type { Job } from '../../shared/participant/shard-store.ts';
import {
  alarmed,
  BRIEF,
  collection,
  contentOf,
  fill,
  finished,
  HALVES,
  hubStub,
  regionOf,
  replaced,
  start,
  watchingAlarms,
} from './objects.ts';

const REGIONS = ['east', 'south', 'west'];
/** The short form evicts under the secure sum alone. */
const FULL = process.env.FEDCAR_FULL === '1';
const settings = (aggregation: string) => ({
  schedule: { everyHours: 0, secureDeadlineMs: 20_000, minParticipants: 3 },
  training: { ...BRIEF, seed: 7 },
  heldOutShare: 0.25,
  gate: { probeTolerance: 1, margin: -1 },
  privacy: { noise: 'off', aggregation },
});

/** Every region draws halves, also when it is made anew. */
function withFixedDither(body: () => Promise<void>): Promise<void> {
  const flush = Region.prototype.flush;
  return replaced(
    Region.prototype,
    'flush',
    () =>
      function (this: Region) {
        this.random = HALVES;
        return flush.call(this);
      },
    body,
  );
}

async function train(name: string, aggregation: string, tick: () => unknown = () => {}) {
  await collection(name, settings(aggregation), REGIONS);
  await fill(name, REGIONS);
  const run = await finished(name, await start(name), tick);
  expect(run).toMatchObject({ error: null, state: 'published' });
  return { run, content: await contentOf(name, 1) };
}

describe('a run whose objects are evicted at every phase', () => {
  for (const aggregation of FULL ? ['plain', 'secure'] : ['secure']) {
    it(`learns the same, bit for bit (${aggregation} sum)`, async () => {
      await withFixedDither(async () => {
        const calm = await train(`calm-${aggregation}`, aggregation);
        expect(calm.content.active).toContain(1);
        const seen = new Set<string>();
        const spared = new Set<string>();
        /** Evicts the object at the first sight of a phase; never twice in a row, or its alarm waits ever longer. */
        const evictOnce = (phase: string) => {
          const id = alarmed().id.toString();
          if (seen.has(phase) || spared.has(id)) return void spared.delete(id);
          seen.add(phase);
          spared.add(id);
          alarmed().abort('evicted by the test');
        };
        const inRegion = (original: Participant['step']) =>
          function (this: Participant) {
            const job = new Values(alarmed().storage).get<Job>('job');
            const begun = job !== null && job.cursor > 0 ? ' begun' : '';
            evictOnce(`region ${job === null ? 'idle' : `${job.spec.kind} ${job.phase}${begun}`}`);
            return original.call(this);
          };
        const inCoordinator = (original: Runner['advance']) =>
          function (this: Runner) {
            const run = new Values(alarmed().storage).get<ActiveRun>('run');
            if (run !== null) evictOnce(`hub ${run.securePhase ?? run.round?.phase ?? run.stage}`);
            return original.call(this);
          };
        await watchingAlarms(() =>
          replaced(Participant.prototype, 'step', inRegion, () =>
            replaced(Runner.prototype, 'advance', inCoordinator, async () => {
              const name = `rough-${aggregation}`;
              // The cron trigger finds what lost its alarm.
              const tick = () =>
                hubStub(name)
                  .tick(Date.now())
                  .catch(() => {});
              const rough = await train(name, aggregation, tick);
              expect(rough.content).toEqual(calm.content);
              expect(rough.run.rounds.map(({ loss }) => loss)).toEqual(
                calm.run.rounds.map(({ loss }) => loss),
              );
            }),
          ),
        );
        const last = aggregation === 'plain' ? 'upload' : 'secure';
        const phases = ['count', 'train', 'gate'].flatMap((kind) => [`${kind} work`, `${kind} ${last}`]);
        const inHub = ['prepare', 'open', ...(aggregation === 'plain' ? ['released'] : ['advertise'])];
        const expected = [
          ...phases.map((phase) => `region ${phase}`),
          ...inHub.map((phase) => `hub ${phase}`),
        ];
        expect([...seen]).toEqual(expect.arrayContaining(expected));
      });
    });
  }

  it.runIf(FULL)('gives the same snapshot whether sums are plain or secure', async () => {
    expect(await contentOf('calm-secure', 1)).toEqual(await contentOf('calm-plain', 1));
  });

  it('keeps nothing of a job when the run is over', async () => {
    for (const name of REGIONS) {
      const stub = regionOf('rough-secure', name);
      // A region hears of the run's end when it asks next.
      await vi.waitFor(
        async () => {
          const blobs = await runInDurableObject(stub, (_, { storage }) =>
            storage.sql.exec<{ n: number }>("SELECT count(*) AS n FROM blobs WHERE name LIKE 'job/%'").one(),
          );
          expect(blobs.n).toBe(0);
        },
        { timeout: 60_000, interval: 100 },
      );
    }
  });
});
