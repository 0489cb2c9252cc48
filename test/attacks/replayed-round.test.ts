/**
 * A coordinator that gives out one serial again and again, to have several sums for one charge: with each, the noise of
 * what is released averages out. Plain sums alike.
 */
import { afterAll, beforeAll, describe } from 'vitest';
import type { CountRound } from '../../shared/protocol/rounds.ts';
import { type HostileHub, hostileHub } from './hostile-hub.ts';
import { attack } from './outcome.ts';

const AGAIN: [string, Partial<CountRound>][] = [
  ['the very same round', {}],
  ['the same serial at another moment', { startedAt: Date.now() + 5000 }],
  ['the same serial under another name', { id: 'run.7' }],
  ['an older serial under another name', { id: 'run.8', serial: 0 }],
];

describe.each(['secure', 'plain'] as const)('of %s sums', (aggregation) => {
  let hub: HostileHub;
  beforeAll(async () => {
    hub = await hostileHub({ aggregation });
    if (!(await hub.release(hub.round()))) throw new Error('the first round has to be released');
    await hub.forget();
  });
  afterAll(() => hub.close());

  for (const [name, more] of AGAIN) {
    attack(
      `${name}, given out again after members dropped it (${aggregation})`,
      'not released; clinic-a serial_used, clinic-b serial_used, clinic-c serial_used; 1 charge each',
      async () => {
        const released = await hub.release(hub.round(more));
        await hub.forget();
        const said = hub.received.flatMap((m) => (m.type === 'failed' ? [`${m.participant} ${m.code}`] : []));
        const charges = new Set(hub.members.map(({ ledger }) => ledger.entries().length));
        return `${released ? 'released' : 'not released'}; ${said.join(', ')}; ${[...charges]} charge each`;
      },
    );
  }

  attack(`a round under the next serial (${aggregation})`, 'released; 2 charges each', async () => {
    const released = await hub.release(hub.round({ id: 'run.1', serial: 2 }));
    const charges = new Set(hub.members.map(({ ledger }) => ledger.entries().length));
    return `${released ? 'released' : 'not released'}; ${[...charges]} charges each`;
  });
});

attack(
  'a round given out again whose work was done and which was never charged',
  'not released; serial_used; 0 charges',
  async () => {
    const hub = await hostileHub();
    try {
      await hub.work(hub.round());
      await hub.forget();
      const released = await hub.release(hub.round());
      const codes = new Set(
        hub.received.flatMap((message) => (message.type === 'failed' ? [message.code] : [])),
      );
      const charges = hub.members.reduce((sum, { ledger }) => sum + ledger.entries().length, 0);
      return `${released ? 'released' : 'not released'}; ${[...codes]}; ${charges} charges`;
    } finally {
      hub.close();
    }
  },
);
