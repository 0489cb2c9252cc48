/** A Worker of another account is invited to a collection with weak terms: it takes them if its variables say so. */
import { vi } from 'vitest';
import type { Allowed } from '../../../shared/participant/weak-terms.ts';
import type { Participants } from '../../../shared/protocol/api/participant.ts';
import { call, guestRegion } from '../../workerd/guest-regions.ts';
import { collection } from '../../workerd/objects.ts';
import { attack } from '../outcome.ts';

let hubs = 0;

/** What the hub and the guest's own operator see of it. */
async function invited(privacy: object, allowed: Allowed): Promise<string> {
  const hub = `hub-${++hubs}`;
  await collection(hub, { regionsTrain: false, privacy }, ['hall']);
  const path = `/v1/collections/${hub}/participants`;
  const { invitation } = await call<{ invitation: string }>('POST', `${path}/invitations`, { name: 'guest' });
  const stub = await guestRegion(hub, 'east', { regions: ['east'] }, { invitation, allowed });
  const join = await vi.waitUntil(async () => (await stub.stats()).join, { timeout: 60_000 });
  const { participants } = await call<Participants>('GET', path);
  const state = participants.find(({ name }) => name === 'guest')?.state;
  return `${state}; ${join.problem ?? 'takes part'}`;
}

const refused = (variable: string) => new RegExp(`^invited; .*${variable} takes part all the same$`);

attack('the defaults', 'enrolled; takes part', () => invited({}, {}));
attack('no noise', refused('FEDCAR_JOIN_ALLOW_NO_NOISE=1'), () => invited({ noise: 'off' }, {}));
attack('no noise, asked for', 'enrolled; takes part', () => invited({ noise: 'off' }, { noNoise: true }));
attack('ε = 100', refused('FEDCAR_JOIN_MAX_EPSILON=100'), () => invited({ epsilon: 100 }, {}));
attack('nobody to collude', refused('FEDCAR_JOIN_MIN_COLLUDERS=0'), () => invited({ colluders: 0 }, {}));
attack('a coordinator that sees every vector', refused('FEDCAR_JOIN_ALLOW_PLAIN=1'), () =>
  invited({ aggregation: 'plain' }, {}),
);
attack('another unit', /^invited; .*protects a contributor, and this deployment a record$/, () =>
  invited({ unit: 'contributor' }, {}),
);
