/** Rounds that a coordinator dates so that their charges do not count, or lock a budget for years. */

import { hostileHub } from './hostile-hub.ts';
import { attack } from './outcome.ts';

const DAY = 86_400_000;

async function dated(byMs: number): Promise<string> {
  const hub = await hostileHub();
  try {
    const released = await hub.release(hub.round({ startedAt: Date.now() + byMs }));
    const codes = hub.received.flatMap((message) => (message.type === 'failed' ? [message.code] : []));
    const charges = hub.members.map(({ ledger }) => ledger.entries().length);
    return `${released ? 'released' : `not released, ${[...new Set(codes)]}`}; charges ${charges}`;
  } finally {
    hub.close();
  }
}

attack('a round of now', 'released; charges 1,1,1', () => dated(0));
attack('a round dated twenty years ahead', 'not released, not_as_agreed; charges 0,0,0', () =>
  dated(20 * 365 * DAY),
);
attack('a round dated an hour ahead', 'not released, not_as_agreed; charges 0,0,0', () => dated(DAY / 24));
attack('a round that was opened this morning', 'released; charges 1,1,1', () => dated(-DAY / 2));
attack(
  'a round dated back by nearly a year, whose window of charges ends where that of today begins',
  'not released, not_as_agreed; charges 0,0,0',
  () => dated(-364 * DAY),
);
attack('a round dated back by two days', 'not released, not_as_agreed; charges 0,0,0', () => dated(-2 * DAY));
attack('a round dated back beyond the retention time', 'not released, not_as_agreed; charges 0,0,0', () =>
  dated(-400 * DAY),
);
