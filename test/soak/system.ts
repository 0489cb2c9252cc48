/** The deployment that the soak torments: a collection with documents and questions enough to train on. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Runs } from '../../shared/protocol/api/run.ts';
import { DOCUMENTS, Hub, RECORDS, type Site } from '../federation/processes.ts';

export const REGIONS = ['east', 'north', 'west'];
export const COLLECTION = 'soak';
const PATH = `/v1/collections/${COLLECTION}`;

const TRAINING = {
  phases: [
    {
      train: 'head',
      rounds: 'local',
      passes: 1,
      optimiser: { kind: 'momentum', momentum: 0, headRate: 1, decay: 'constant', warmup: 0 },
    },
  ],
};

/** Started, with its collection, which trains with secure sums. */
export async function prepareHub(site: Site, name: string): Promise<Hub> {
  const hub = new Hub(site, name);
  await hub.start();
  await hub.call('POST', '/v1/collections', {
    name: COLLECTION,
    settings: {
      regions: REGIONS,
      training: TRAINING,
      heldOutShare: 0.25,
      gate: { probeTolerance: 1, margin: -1 },
      schedule: { everyHours: 0, secureDeadlineMs: 5_000 },
      privacy: { noise: 'off' },
    },
  });
  await hub.call('POST', `${PATH}/items`, { items: DOCUMENTS });
  for (const [index, region] of REGIONS.entries()) {
    const records = RECORDS.filter((_, record) => record % REGIONS.length === index);
    await hub.call('POST', `${PATH}/feedback`, { records, region });
  }
  return hub;
}

/** Starts a run, or says which one is on. */
export async function startRun(hub: Hub): Promise<void> {
  await hub.call('POST', `${PATH}/rounds`, {}).catch(() => {});
}

/** Waits until no run is on, with the cron trigger now and then. @returns those that did not end well */
export async function runsEnd(hub: Hub, ms: number): Promise<string[]> {
  const until = Date.now() + ms;
  for (;;) {
    const { runs } = await hub.call<Runs>('GET', `${PATH}/rounds?limit=100`);
    if (!runs.some(({ state }) => state === 'running'))
      return runs
        .filter(({ state }) => state === 'failed')
        .map(({ run, error }) => `run ${run} failed: ${error}`);
    if (Date.now() > until) return [`run ${runs[0]?.run} did not end within ${ms / 1000} s`];
    hub.tick();
    await sleep(1_000);
  }
}
