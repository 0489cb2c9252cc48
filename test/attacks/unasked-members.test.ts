/**
 * A coordinator that asks no more survivors for their shares than it needs. What it leaves out is in the sum all the
 * same, so that it has to be in those members' ledgers too.
 */
import { hostileHub } from './hostile-hub.ts';
import { attack } from './outcome.ts';

async function released(unasked: string[], kind: 'signatures' | 'maskers'): Promise<string> {
  const hub = await hostileHub({
    members: 5,
    withholds: (name, message) => message.kind === kind && unasked.includes(name),
  });
  try {
    const done = await hub.release(hub.round());
    const said = (what: string) =>
      hub.received.filter((each) => each.type === 'secagg' && each.message.kind === what).length;
    const charges = hub.members.map(({ ledger }) => ledger.entries().length);
    const sum = done ? `a sum over ${said('masked')}` : `nothing of ${said('masked')}`;
    return `${sum}, shares of ${said('unmask')}; charges ${charges}`;
  } finally {
    hub.close();
  }
}

attack('all five are asked', 'a sum over 5, shares of 5; charges 1,1,1,1,1', () =>
  released([], 'signatures'),
);
attack('one of five is not asked for its shares', 'a sum over 5, shares of 4; charges 1,1,1,1,1', () =>
  released(['clinic-b'], 'signatures'),
);
attack('too many are not asked for their shares', 'nothing of 5, shares of 3; charges 1,1,1,1,1', () =>
  released(['clinic-b', 'clinic-d'], 'signatures'),
);
attack('two of five are never asked for their vectors', 'nothing of 3, shares of 0; charges 1,0,1,0,1', () =>
  released(['clinic-b', 'clinic-d'], 'maskers'),
);
