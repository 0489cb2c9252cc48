/**
 * A coordinator that gives a member again and again what it has refused: the member asks at ever longer pauses instead of
 * several times a second, and takes part at once in the next round that it can join.
 */
import { hostileHub, type Member } from './hostile-hub.ts';
import { attack } from './outcome.ts';

const HOUR_MS = 3_600_000;

/** How often the member asks within an hour, where all that it does besides takes no time. */
async function asked({ participant }: Member): Promise<number> {
  let times = 0;
  for (let at = 0; at < HOUR_MS && times < 10_000; times++) at += (await participant.step()) ?? HOUR_MS;
  return times;
}

attack(
  'a round that members have joined before, for an hour, and then one that they can join',
  '65 times in an hour, 65 of them refused; then all are ready',
  async () => {
    const hub = await hostileHub({ aggregation: 'plain' });
    try {
      if (!(await hub.release(hub.round()))) throw new Error('the first round has to be released');
      await hub.forget();
      await hub.work(hub.round());
      hub.received.length = 0;
      const times = await asked(hub.members[0]!);
      const refused = hub.received.filter(({ type }) => type === 'failed').length;
      const ready = await hub.work(hub.round({ id: 'run.1', serial: 2 }));
      const then = ready ? 'all are ready' : 'somebody is not';
      return `${times} times in an hour, ${refused} of them refused; then ${then}`;
    } finally {
      hub.close();
    }
  },
);

attack('to wait for 285,000 years', 'asks again after 3600 s', async () => {
  // Longer than a timer takes, which would then not wait at all.
  const hub = await hostileHub({ aggregation: 'plain', waitMs: Number.MAX_SAFE_INTEGER });
  try {
    const after = await hub.members[0]!.participant.step();
    return `asks again after ${(after ?? 0) / 1000} s`;
  } finally {
    hub.close();
  }
});
