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
const settings = (aggregation: string, training: object = BRIEF) => ({
  schedule: { everyHours: 0, secureDeadlineMs: 20_000, minParticipants: 3 },
  training: { ...training, seed: 7 },
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

/** `evictOnce` evicts the object at the first sight of a place; never twice in a row, or its alarm waits ever longer. */
function evictions() {
  const seen = new Set<string>();
  const spared = new Set<string>();
  const evictOnce = (place: string) => {
    const id = alarmed().id.toString();
    if (seen.has(place) || spared.has(id)) return void spared.delete(id);
    seen.add(place);
    spared.add(id);
    alarmed().abort('evicted by the test');
  };
  return { seen, evictOnce };
}

async function train(name: string, aggregation: string, tick: () => unknown = () => {}, training?: object) {
  await collection(name, settings(aggregation, training), REGIONS);
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
        const { seen, evictOnce } = evictions();
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

  it('knows in a later pass what it made of questions in an earlier one', async () => {
    // Rates at which a pass teaches enough that the next one leaves questions out.
    const optimiser = { adapterRate: 1e-3, headRate: 0.05, decay: 'constant' };
    const phases = [{ train: 'adapter-and-head', passes: 3, batch: 4, optimiser }];
    const training = { phases, tokenDropout: 0 };
    await withFixedDither(async () => {
      const calm = await train('calm-passes', 'plain', () => {}, training);
      const rounds = calm.run.rounds.filter(({ kind }) => kind === 'train');
      expect(rounds.length).toBeGreaterThan(5);
      const { seen, evictOnce } = evictions();
      const inRegion = (original: Participant['step']) =>
        function (this: Participant) {
          const job = new Values(alarmed().storage).get<Job>('job');
          if (job?.spec.kind === 'train' && job.phase === 'work') evictOnce(`${alarmed().id} ${job.spec.id}`);
          return original.call(this);
        };
      await watchingAlarms(() =>
        replaced(Participant.prototype, 'step', inRegion, async () => {
          const tick = () =>
            hubStub('rough-passes')
              .tick(Date.now())
              .catch(() => {});
          const rough = await train('rough-passes', 'plain', tick, training);
          expect(seen.size).toBeGreaterThan(rounds.length);
          expect(rough.content).toEqual(calm.content);
        }),
      );
      // Some were answered well enough to be left out now and then.
      const answered = await runInDurableObject(regionOf('calm-passes', 'east'), (_, { storage }) =>
        storage.sql.exec<{ n: number }>('SELECT count(*) AS n FROM records WHERE error < 0.4').one(),
      );
      expect(answered.n).toBeGreaterThan(0);
    });
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
