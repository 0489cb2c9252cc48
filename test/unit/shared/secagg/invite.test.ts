/** Whose invitation a participant takes: the admin key's roster, its chain, parameters that it approves of. */
import { describe, expect, it } from 'vitest';
import { toBase64Url } from '../../../../shared/crypto/bytes.ts';
import { labelled } from '../../../../shared/crypto/hash.ts';
import type { InviteMessage } from '../../../../shared/protocol/secagg.ts';
import type { SecaggCode } from '../../../../shared/secagg/errors.ts';
import {
  checkRoster,
  defaultThreshold,
  rosterChanges,
  rosterHash,
  signRoster,
} from '../../../../shared/secagg/roster.ts';
import { type Cohort, cohort, parametersFor, trustOf } from './cohort.ts';

import { at, refuses } from './waiting.ts';

describe('invite', () => {
  const invite = async (change: (message: InviteMessage, group: Cohort) => unknown) => {
    const driver = await at('advertise');
    const message = structuredClone(driver.server.messageFor(driver.ids[0]!)) as InviteMessage;
    return { driver, message: (await change(message, driver.group)) ?? message };
  };
  const refused = async (code: SecaggCode, detail: string, change: Parameters<typeof invite>[0]) => {
    const { driver, message } = await invite(change);
    await refuses(driver.answer(driver.ids[0]!, message), code, detail);
  };
  /** A roster with changes, signed by `signer` (default: the admin), and parameters that fit it. */
  const reroster = async (message: InviteMessage, group: Cohort, change: object, signer = group.admin) => {
    const roster = { ...message.roster.roster, ...change };
    message.roster = { ...(await signRoster(roster, signer)) };
    message.parameters = parametersFor(message.roster);
  };

  it('a roster that the admin key did not sign', () =>
    refused('roster', 'admin key', (m, g) => reroster(m, g, {}, g.signers.get('region-001')!)));
  it('a roster changed after signing', () =>
    refused('roster', 'admin key', (m) => {
      m.roster.roster.colluders = 1;
    }));
  it.each([
    ['a threshold of two thirds', { threshold: 3 }, 'two thirds'],
    ['a threshold above the members', { threshold: 6 }, 'above the 5 members'],
    ['more colluders than the threshold bears', { colluders: 3 }, '2 · 4'],
  ])('%s, although the admin signed it', (_name, change, detail) =>
    refused('roster', detail, async (m, g) => {
      m.roster.roster = { ...m.roster.roster, ...change };
      const signature = await g.admin.sign(labelled('fedcar-roster/4 signature', m.roster.roster));
      m.roster.signature = toBase64Url(signature);
      m.parameters = parametersFor(m.roster);
    }),
  );
  it('a roster of another collection', () =>
    refused('roster', 'collection', async (m, g) => {
      await reroster(m, g, { collection: 'other' });
      m.parameters.collection = 'help';
    }));
  it('parameters of another collection', () =>
    refused('parameters', 'collection', (m, g) => reroster(m, g, { collection: 'other' })));
  it('parameters of another roster', () =>
    refused('parameters', 'rosterHash', (m) => {
      m.parameters.rosterHash = 'c'.repeat(64);
    }));
  it.each(['threshold', 'colluders'] as const)('parameters with another %s than the roster', (field) =>
    refused('parameters', field, (m) => {
      m.parameters[field] += 1;
    }),
  );
  it('a roster without itself', () =>
    refused('roster', 'region-000', async (m, g) => {
      const members = m.roster.roster.members.slice(1);
      await reroster(m, g, { members });
    }));
  it('a roster with another key under its name', () =>
    refused('roster', 'region-000', async (m, g) => {
      const members = m.roster.roster.members.map((member, i) =>
        i === 0 ? { ...member, key: 'A'.repeat(43) } : member,
      );
      await reroster(m, g, { members });
    }));
  it('another protocol version', () =>
    refused('version', 'fedcar-secagg/2', (m) => ({ ...m, protocol: 'fedcar-secagg/2' })));
  it('a field that the protocol does not have', () =>
    refused('malformed', '', (m) => ({ ...m, examples: 12 })));
  it('what it does not approve of', async () => {
    const driver = await at('advertise');
    const trust = { ...trustOf(driver.group), approve: () => 'samplingRate: 0.2 is above 0.1' };
    await refuses(driver.answer(driver.ids[0]!, undefined, { trust }), 'parameters', 'above 0.1');
  });
  it.each([
    ['an older roster', { epoch: 1, hash: 'd'.repeat(64) }, 'does not follow 1'],
    ['another roster of the same epoch', { epoch: 0, hash: 'd'.repeat(64) }, 'does not follow 0'],
  ])('%s than it has pinned', async (_name, pin, detail) => {
    const driver = await at('advertise');
    await refuses(
      driver.answer(driver.ids[0]!, undefined, { trust: { ...trustOf(driver.group), pin } }),
      'roster',
      detail,
    );
  });
  it('a later roster whose chain is missing or broken; accepts it with its chain', async () => {
    const driver = await at('advertise');
    const { group } = driver;
    const first = group.roster;
    const pin = { epoch: 0, hash: rosterHash(first.roster) };
    const second = await signRoster(
      { ...first.roster, epoch: 1, previous: pin.hash, colluders: 1 },
      group.admin,
    );
    const third = await signRoster(
      { ...first.roster, epoch: 2, previous: rosterHash(second.roster) },
      group.admin,
    );
    const astray = await signRoster({ ...first.roster, epoch: 1, previous: 'e'.repeat(64) }, group.admin);
    const base = driver.server.messageFor(driver.ids[0]!) as InviteMessage;
    const trust = { ...trustOf(group), pin };
    const send = (roster: typeof first, chain: (typeof first)[]) =>
      driver.answer(driver.ids[0]!, { ...base, roster, chain, parameters: parametersFor(roster) }, { trust });
    await refuses(send(third, []), 'roster', 'epoch: 2 does not follow 0');
    await refuses(send(astray, []), 'roster', 'does not name');
    const { state } = await send(third, [first, second]);
    expect(state.pin).toEqual({ epoch: 2, hash: rosterHash(third.roster) });
  });
});

it('thresholds at the edge: two thirds are too few, one more is enough; colluders count twice', async () => {
  const { roster } = (await cohort(6)).roster;
  const check = (change: Partial<typeof roster>) => () => checkRoster({ ...roster, ...change });
  expect(check({ threshold: 4 })).toThrow('two thirds');
  expect(check({ threshold: 5, colluders: 3 })).not.toThrow();
  expect(check({ threshold: 5, colluders: 4 })).toThrow('2 · 5');
  expect([2, 3, 4, 5, 6, 8, 32].map((n) => defaultThreshold(n))).toEqual([2, 3, 3, 4, 5, 6, 22]);
  expect(check({ members: [...roster.members].reverse() })).toThrow('order');
  expect(check({ members: roster.members.map((member) => ({ ...member, key: 'A'.repeat(43) })) })).toThrow(
    'one key',
  );
  expect(check({ epoch: 1 })).toThrow('previous');
  const [first, ...others] = roster.members;
  const after = { ...roster, members: [{ ...first!, key: 'A'.repeat(43) }, ...others.slice(1)] };
  expect(rosterChanges(roster, after)).toEqual({
    added: ['region-000'],
    removed: ['region-000', 'region-001'],
  });
});
