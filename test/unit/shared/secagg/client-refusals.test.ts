/** What a participant refuses after the invite, one by one; a refusal leaves its state as it was. */
import { describe, expect, it } from 'vitest';
import { fromBase64Url, toBase64Url, utf8 } from '../../../../shared/crypto/bytes.ts';
import { sha256 } from '../../../../shared/crypto/hash.ts';
import {
  type AdvertisementsMessage,
  type MaskersMessage,
  type ParcelsMessage,
  SECAGG_PROTOCOL,
  type SignaturesMessage,
  type SurvivorsMessage,
} from '../../../../shared/protocol/secagg.ts';
import { advertisementHash } from '../../../../shared/secagg/binding.ts';
import type { SecaggCode } from '../../../../shared/secagg/errors.ts';
import { signMessage, signParcel } from '../../../../shared/secagg/signing.ts';
import { cohort, seededRandom } from './cohort.ts';
import { Driver } from './driver.ts';

import { at, flipped, refuses, SIZE } from './waiting.ts';

const HEADER = {
  kind: 'consistency' as const,
  protocol: SECAGG_PROTOCOL as typeof SECAGG_PROTOCOL,
  keyShares: [],
};

describe('repeats and order', () => {
  it('gives the stored reply to the same message, and refuses another for the same step', async () => {
    for (const phase of ['advertise', 'share', 'checked', 'masked', 'consistency', 'unmask']) {
      const driver = await at(phase);
      const id = driver.ids[0]!;
      const message = driver.server.messageFor(id)!;
      const first = await driver.answer(id, message);
      driver.states.set(id, first.state);
      const again = await driver.answer(id, structuredClone(message));
      expect(again.reply).toEqual(first.reply);
      expect(again.state).toEqual(first.state);
      expect(again.frames).toEqual([]);
      const other = structuredClone(message) as unknown as Record<string, unknown>;
      if (message.kind === 'invite') other.chain = [message.roster];
      else if (message.kind === 'advertisements') other.participants = message.participants.slice(0, 4);
      else if (message.kind === 'parcels') other.sharers = message.sharers.slice(0, 4);
      else if (message.kind === 'maskers') other.maskers = message.maskers.slice(0, 4);
      else if (message.kind === 'survivors') other.survivors = message.survivors.slice(0, 3);
      else other.signatures = [];
      await refuses(driver.answer(id, other), 'conflict');
    }
  });
  it('anything before the invite, and steps out of order', async () => {
    const early = await at('share');
    early.states.clear();
    await refuses(early.answer(early.ids[0]!), 'out-of-order', 'no round');
    const driver = await at('consistency');
    driver.states = (await at('share')).states;
    await refuses(driver.answer(driver.ids[0]!), 'out-of-order', 'at step advertised');
  });
  it('messages of another round', async () => {
    for (const phase of ['share', 'checked', 'masked', 'consistency', 'unmask']) {
      const driver = await at(phase);
      const message = { ...driver.server.messageFor(driver.ids[0]!)!, parametersHash: 'f'.repeat(64) };
      await refuses(driver.answer(driver.ids[0]!, message), 'parameters', 'another round');
    }
  });
});

describe('advertisements', () => {
  const refused = async (
    code: SecaggCode,
    detail: string,
    change: (m: AdvertisementsMessage) => void | Promise<void>,
  ) => {
    const driver = await at('share');
    const message = structuredClone(driver.server.messageFor(driver.ids[0]!)) as AdvertisementsMessage;
    await change(message);
    // A coordinator that lies about an advertisement lies about its hash as well.
    message.hashes = message.participants.map((id, i) => {
      const told = message.advertisements.find(({ sender }) => sender === id);
      return told === undefined ? (message.hashes[i] ?? message.hashes[0]!) : advertisementHash(told);
    });
    await refuses(driver.answer(driver.ids[0]!, message), code, detail);
  };
  it('hashes that are not those of the advertisements, or not one for each', async () => {
    const driver = await at('share');
    const message = driver.server.messageFor(driver.ids[0]!) as AdvertisementsMessage;
    const [first, ...others] = message.hashes;
    const send = (hashes: string[]) => driver.answer(driver.ids[0]!, { ...message, hashes });
    await refuses(send([flipped(first!), ...others]), 'malformed', "not that of region-000's");
    await refuses(send(others), 'malformed', 'not one for each');
  });
  it('fewer participants than the threshold', () =>
    refused('below-threshold', '3 is below 4', (m) => {
      m.participants = m.participants.slice(0, 3);
    }));
  it('a list without itself, out of order, doubled or with a stranger', async () => {
    await refused('malformed', 'region-000 is missing', (m) => void m.participants.shift());
    await refused('malformed', 'order', (m) => void m.participants.reverse());
    await refused('malformed', 'order', (m) => void m.participants.push('region-004'));
    await refused('malformed', 'not in the roster', (m) => void m.participants.push('stranger'));
  });
  it('advertisements of others than the participants', () =>
    refused('malformed', 'not those', (m) => void m.advertisements.pop()));
  it('a forged advertisement', () =>
    refused('forged', 'region-002', (m) => {
      m.advertisements[2]!.maskKey = flipped(m.advertisements[2]!.maskKey);
    }));
  it('a peer that signed other parameters', async () => {
    // The coordinator told region-001 another sampling rate; its signature is genuine.
    const other = Driver.open(await cohort(SIZE), { samplingRate: 0.9 });
    const { reply } = await other.answer(other.ids[1]!);
    await refused('parameters', 'region-001 signed other parameters', (m) => {
      m.advertisements[1] = reply as AdvertisementsMessage['advertisements'][number];
    });
  });
  it('its own advertisement with keys that it did not send', async () => {
    const other = await at('advertise');
    const { reply } = await other.answer(other.ids[0]!, undefined, { random: seededRandom('another draw') });
    await refused('forged', 'not the keys it advertised', (m) => {
      m.advertisements[0] = reply as AdvertisementsMessage['advertisements'][number];
    });
  });
  it('two members with one key, and a key of small order', async () => {
    const driver = await at('advertise');
    const { reply } = await driver.answer(driver.ids[2]!);
    const advertise = async (id: string, cipherKey: string) => {
      const { signature: _, ...unsigned } = reply as AdvertisementsMessage['advertisements'][number];
      const changed = { ...unsigned, sender: id, cipherKey, maskKey: toBase64Url(sha256(utf8(id))) };
      return signMessage(driver.group.signers.get(id)!, changed);
    };
    await refused('bad-key', 'region-003', async (m) => {
      m.advertisements[3] = await advertise('region-003', m.advertisements[1]!.cipherKey);
    });
    // Of small order; and the same point as another's in a second spelling, with the unused bit set or above the modulus.
    const twin = fromBase64Url(
      (reply as AdvertisementsMessage['advertisements'][number]).cipherKey,
      32,
    ).slice();
    twin[31]! |= 0x80;
    const above = new Uint8Array(32).fill(0xff);
    above[0] = 0xf6;
    above[31] = 0x7f;
    for (const key of [new Uint8Array(32), twin, above]) {
      await refused('bad-key', 'region-003: a key cannot be used', async (m) => {
        m.advertisements[3] = await advertise('region-003', toBase64Url(key));
      });
    }
  });
});

describe('parcels', () => {
  const parcelsFor = async () => {
    const driver = await at('checked');
    return { driver, message: structuredClone(driver.server.messageFor(driver.ids[0]!)) as ParcelsMessage };
  };
  it('fewer sharers than the threshold, strangers, or without itself', async () => {
    const { driver, message } = await parcelsFor();
    const send = (sharers: string[]) => driver.answer(driver.ids[0]!, { ...message, sharers });
    await refuses(send(message.sharers.slice(0, 3)), 'below-threshold', '3 is below 4');
    await refuses(send(message.sharers.slice(1)), 'malformed', 'missing');
    await refuses(send([...message.sharers, 'stranger']), 'malformed', 'not in the roster');
    await refuses(send(message.sharers.slice(0, 4)), 'malformed', 'not those of the sharers');
  });
  it('a sharer that did not advertise', async () => {
    const group = await cohort(SIZE);
    const driver = await Driver.open(group).until('share', new Set(['region-004']));
    await driver.step();
    const message = driver.server.messageFor('region-000') as ParcelsMessage;
    await refuses(
      driver.answer('region-000', { ...message, sharers: [...message.sharers, 'region-004'] }),
      'malformed',
      'region-004 missed an earlier phase',
    );
  });
  it('another round’s or collection’s parcels: nobody is accused', async () => {
    const { driver, message } = await parcelsFor();
    for (const change of [{ round: 'run-1:2' }, { taskHash: '9'.repeat(64) }]) {
      // The very same keys and randomness, so that only the binding differs.
      const other = await Driver.open(driver.group, change).until('checked');
      const parcels = (other.server.messageFor(driver.ids[0]!) as ParcelsMessage).parcels;
      await refuses(driver.answer(driver.ids[0]!, { ...message, parcels }), 'forged', 'parcel of region-001');
    }
  });
  it('a parcel that the coordinator changed: no secret is given away for it', async () => {
    const fields = ['box', 'seedShareHash', 'keyShareHash', 'challenge', 'check', 'signature'] as const;
    for (const field of fields) {
      const { driver, message } = await parcelsFor();
      message.parcels[1]![field] = flipped(message.parcels[1]![field]);
      await refuses(driver.answer(driver.ids[0]!, message), 'forged', 'parcel of region-002');
    }
    const { driver, message } = await parcelsFor();
    message.parcels[1] = { ...message.parcels[0]!, from: 'region-002' };
    await refuses(driver.answer(driver.ids[0]!, message), 'forged', 'parcel of region-002');
  });
  it('proves that a parcel is bad which its dealer signed, and goes on', async () => {
    const fields = ['box', 'seedShareHash', 'keyShareHash', 'challenge', 'check'] as const;
    for (const field of fields) {
      const { driver, message } = await parcelsFor();
      const me = driver.ids[0]!;
      const { from, signature: _, ...parcel } = message.parcels[1]!;
      const bad = { ...parcel, [field]: flipped(parcel[field]) };
      const { attempt } = driver.server.state();
      const signer = driver.group.signers.get(from)!;
      const signature = await signParcel(signer, driver.context, attempt, from, me, bad);
      message.parcels[1] = { from, ...bad, signature };
      const { reply, state } = await driver.answer(me, message);
      const secret = driver.states.get(me)!.secrets!.receive[from]!;
      expect(reply).toMatchObject({ kind: 'checked', accused: [{ dealer: 'region-002', secret }] });
      expect(Object.keys(state.held)).toEqual(['region-000', 'region-001', 'region-003', 'region-004']);
      expect(state.secrets!.receive).toEqual({});
    }
  });
});

describe('who is to mask', () => {
  const maskersFor = async () => {
    const driver = await at('masked');
    return { driver, message: structuredClone(driver.server.messageFor(driver.ids[0]!)) as MaskersMessage };
  };
  it('fewer than the threshold, strangers, or without itself', async () => {
    const { driver, message } = await maskersFor();
    const send = (maskers: string[]) => driver.answer(driver.ids[0]!, { ...message, maskers });
    await refuses(send(message.maskers.slice(0, 3)), 'below-threshold', '3 is below 4');
    await refuses(send(message.maskers.slice(1)), 'malformed', 'missing');
    await refuses(send([...message.maskers, 'stranger']), 'malformed', 'not in the roster');
  });
  it('one that did not share, or whose parcel was bad', async () => {
    const { driver, message } = await maskersFor();
    const me = driver.ids[0]!;
    const state = driver.states.get(me)!;
    driver.states.set(me, { ...state, sharers: state.sharers.slice(0, 4) });
    await refuses(driver.answer(me, message), 'malformed', 'region-004 missed an earlier phase');
    const { 'region-002': _, ...held } = state.held;
    driver.states.set(me, { ...state, held });
    await refuses(driver.answer(me, message), 'malformed', 'the parcel of region-002 is bad');
  });
  it('charges before anything is made of the vector, and nothing for a message that it refuses', async () => {
    const { driver, message } = await maskersFor();
    const me = driver.ids[0]!;
    const order: string[] = [];
    const trust = { ...driver.environment(me).trust, charge: () => void order.push('charge') };
    const putFrame = () => void order.push('frame');
    const short = { ...message, maskers: message.maskers.slice(0, 3) };
    await refuses(driver.answer(me, short, { trust, putFrame }), 'below-threshold');
    expect(order).toEqual([]);
    await driver.answer(me, message, { trust, putFrame });
    expect(order).toEqual(['charge', 'frame']);
    const spent = {
      ...trust,
      charge() {
        throw new RangeError('spent');
      },
    };
    await expect(driver.answer(me, message, { trust: spent, putFrame })).rejects.toThrow('spent');
    expect(order).toEqual(['charge', 'frame']);
  });
  it('a vector of another length is the caller’s mistake', async () => {
    const { driver, message } = await maskersFor();
    const input = { dimension: 4, read: () => new Uint32Array(4) };
    await expect(driver.answer(driver.ids[0]!, message, { input })).rejects.toThrow(RangeError);
    const short = { dimension: 5, read: () => new Uint32Array(4) };
    await expect(driver.answer(driver.ids[0]!, message, { input: short })).rejects.toThrow(RangeError);
    await expect(driver.answer(driver.ids[0]!, message, { input: undefined })).rejects.toThrow(TypeError);
  });
});

describe('survivors', () => {
  const refused = async (code: SecaggCode, detail: string, change: (m: SurvivorsMessage) => void) => {
    const driver = await at('consistency');
    const message = structuredClone(driver.server.messageFor(driver.ids[0]!)) as SurvivorsMessage;
    expect(message).toMatchObject({ dropped: ['region-004'] });
    change(message);
    await refuses(driver.answer(driver.ids[0]!, message), code, detail);
  };
  it('a member both alive and dropped', () =>
    refused('survivors', 'region-003 is both', (m) => void m.dropped.unshift('region-003')));
  it('a member in neither list', () =>
    refused('survivors', 'region-004 was to mask', (m) => void m.dropped.pop()));
  it('fewer than the threshold', () =>
    refused('below-threshold', '3 is below 4', (m) => void m.dropped.unshift(m.survivors.pop()!)));
  it('itself among the dropped', () =>
    refused('survivors', 'region-000 masked', (m) => {
      m.dropped = ['region-000'];
      m.survivors = ['region-001', 'region-002', 'region-003', 'region-004'];
    }));
  it('a member that was not to mask', async () => {
    const group = await cohort(SIZE);
    const driver = await Driver.open(group).until('masked', new Set(['region-004']));
    await driver.step();
    const message = driver.server.messageFor('region-000') as SurvivorsMessage;
    await refuses(
      driver.answer('region-000', { ...message, dropped: ['region-004'] }),
      'survivors',
      'was not to mask',
    );
  });
});

describe('signatures', () => {
  const signaturesFor = async () => {
    const driver = await at('unmask');
    return {
      driver,
      message: structuredClone(driver.server.messageFor(driver.ids[0]!)) as SignaturesMessage,
    };
  };
  it('fewer than the threshold, doubled, or of the dropped', async () => {
    const { driver, message } = await signaturesFor();
    const send = (signatures: SignaturesMessage['signatures']) =>
      driver.answer(driver.ids[0]!, { ...message, signatures });
    await refuses(send(message.signatures.slice(1)), 'below-threshold', '3 is below 4');
    await refuses(send([...message.signatures.slice(1), message.signatures[3]!]), 'malformed', 'order');
    const ghost = { from: 'region-004', signature: message.signatures[3]!.signature };
    await refuses(send([...message.signatures.slice(0, 3), ghost]), 'malformed', 'no surviving');
  });
  it('a signature over another list of survivors: the coordinator told a peer something else', async () => {
    const { driver, message } = await signaturesFor();
    const { parametersHash } = message;
    const { attempt } = driver.server.state();
    const lie = { survivors: driver.ids, dropped: [] };
    const { signature } = await signMessage(
      driver.group.signers.get('region-002')!,
      { ...HEADER, parametersHash, attempt, sender: 'region-002' },
      lie,
    );
    message.signatures[2] = { from: 'region-002', signature };
    await refuses(driver.answer(driver.ids[0]!, message), 'forged', 'region-002');
  });
  it('a signature of an earlier attempt over the same lists', async () => {
    const { driver, message } = await signaturesFor();
    const { parametersHash } = message;
    const { survivors } = driver.server.state();
    const dropped = ['region-004'];
    const { signature } = await signMessage(
      driver.group.signers.get('region-002')!,
      { ...HEADER, parametersHash, attempt: 'A'.repeat(43), sender: 'region-002' },
      { survivors, dropped },
    );
    message.signatures[2] = { from: 'region-002', signature };
    await refuses(driver.answer(driver.ids[0]!, message), 'forged', 'region-002');
  });
  it('reveals exactly one share a member, never both, and keeps no secret', async () => {
    const { driver, message } = await signaturesFor();
    const { reply, state } = await driver.answer(driver.ids[0]!, message);
    if (reply.kind !== 'unmask') throw new TypeError('expected an unmask message');
    const signed = driver.server.state().messages.consistency[driver.ids[0]!]!;
    const seeds = reply.seedShares.map(({ of }) => of);
    const keys = signed.keyShares.map(({ of }) => of);
    expect(seeds).toEqual(['region-000', 'region-001', 'region-002', 'region-003']);
    expect(keys).toEqual(['region-004']);
    expect(state.secrets).toBeNull();
    expect(state.held).toEqual({});
    const before = driver.states.get(driver.ids[0]!)!;
    const left = JSON.stringify(state);
    for (const secret of [before.secrets!.seed!, before.secrets!.mask]) {
      expect(left).not.toContain(secret);
    }
    // The other kind was forgotten when the lists were signed.
    const held = Object.values(before.held);
    expect(held.map(({ keyShare }) => keyShare)).toEqual([null, null, null, null]);
    for (const { seedShare } of held) expect(left).toContain(seedShare);
  });
});
