/**
 * A coordinator that says what no honest one says, to the shipped member: lists, keys, parcels, rosters and versions, each
 * where it is due. Every message is refused, with the reason.
 */
import { describe } from 'vitest';
import { toBase64Url } from '../../shared/crypto/bytes.ts';
import { subtractInto } from '../../shared/crypto/ring.ts';
import {
  type AdvertisementsMessage,
  type MaskersMessage,
  type ParcelsMessage,
  type RoundParameters,
  SECAGG_PROTOCOL,
  type ServerMessage,
  type SignaturesMessage,
  type SignedRoster,
  type SurvivorsMessage,
} from '../../shared/protocol/secagg.ts';
import { advertisementHash } from '../../shared/secagg/binding.ts';
import { clientStep } from '../../shared/secagg/client-step.ts';
import { decodeFrame } from '../../shared/secagg/frames.ts';
import { type RosterPin, rosterHash, signRoster } from '../../shared/secagg/roster.ts';
import { signMessage } from '../../shared/secagg/signing.ts';
import { parametersFor, plainSum, seededRandom, trustOf } from '../unit/shared/secagg/cohort.ts';
import type { Driver } from '../unit/shared/secagg/driver.ts';
import { at } from '../unit/shared/secagg/waiting.ts';
import { attack, refusalOf } from './outcome.ts';

/** What the coordinator says in each phase. */
interface Said {
  share: AdvertisementsMessage;
  checked: ParcelsMessage;
  masked: MaskersMessage;
  consistency: SurvivorsMessage;
  unmask: SignaturesMessage;
}

/** A refusal of the first member of five, t = 4, to what the coordinator has for it at `phase` with a change. */
function refuses<P extends keyof Said>(
  name: string,
  expected: RegExp,
  phase: P,
  change: (message: Said[P], driver: Driver) => unknown,
): void {
  attack(name, expected, async () => {
    const driver = await at(phase);
    const id = driver.ids[0]!;
    const message = structuredClone(driver.server.messageFor(id)) as Said[P] & ServerMessage;
    const other = await change(message, driver);
    return refusalOf(driver.answer(id, other ?? message));
  });
}

describe('survivors', () => {
  const listed = (driver: Driver, survivors: number[], dropped: number[]) => ({
    survivors: survivors.map((place) => driver.ids[place]!),
    dropped: dropped.map((place) => driver.ids[place]!),
  });
  refuses(
    'a member that is both alive and dropped, for both kinds of share',
    /^refused, survivors: /,
    'consistency',
    (m, driver) => ({ ...m, ...listed(driver, [0, 1, 2, 3, 4], [4]) }),
  );
  refuses(
    'three of five',
    /^refused, below-threshold: survivors: 3 is below 4/,
    'consistency',
    (m, driver) => ({ ...m, ...listed(driver, [0, 1, 2], [3, 4]) }),
  );
  attack('another list to a member that signed one', /^refused, conflict: survivors/, async () => {
    const driver = await at('consistency');
    const id = driver.ids[0]!;
    const first = driver.server.messageFor(id)!;
    driver.states.set(id, (await driver.answer(id, first)).state);
    return refusalOf(driver.answer(id, { ...first, ...listed(driver, [0, 1, 2, 3, 4], []) }));
  });
  refuses(
    'signatures before any list',
    /^refused, out-of-order: signatures/,
    'consistency',
    ({ protocol, parametersHash }) => ({ kind: 'signatures', protocol, parametersHash, signatures: [] }),
  );
  refuses('too few signatures', /^refused, below-threshold: signatures: 2 is below 4/, 'unmask', (m) => {
    m.signatures = m.signatures.slice(0, 2);
  });
  attack('a vector taken out of the sum of all', 'what is left is masked', async () => {
    const driver = await at('masked');
    const answers = await driver.answers();
    await driver.step(() => true, answers);
    await driver.until('done');
    const hidden = driver.ids[4]!;
    const rest = driver.sum();
    const frame = decodeFrame(driver.context, hidden, answers.get(hidden)!.frames[0]!);
    subtractInto(rest, new Uint32Array(frame.payload.slice().buffer));
    const wanted = plainSum(5, driver.ids.slice(0, 4));
    return rest.some((word, i) => word === wanted[i]) ? 'obtained' : 'what is left is masked';
  });
});

describe('keys and parcels', () => {
  refuses("another's key in the place of a peer's", /^refused, forged: /, 'share', (m) => {
    m.advertisements[1]!.cipherKey = toBase64Url(seededRandom('middle')(32));
  });
  refuses('three participants of five', /^refused, below-threshold: participants: 3/, 'share', (m) => {
    m.participants = m.participants.slice(0, 3);
  });
  refuses("a peer's key with the unused bit set", /^refused, bad-key: /, 'share', async (m, driver) => {
    const twin = Uint8Array.from(Buffer.from(m.advertisements[1]!.cipherKey, 'base64url'));
    twin[31]! |= 0x80;
    const { signature: _, ...unsigned } = m.advertisements[3]!;
    const signer = driver.group.signers.get(driver.ids[3]!)!;
    m.advertisements[3] = await signMessage(signer, { ...unsigned, cipherKey: toBase64Url(twin) });
    m.hashes[3] = advertisementHash(m.advertisements[3]);
  });
  refuses("one parcel as everyone's", /^refused, forged: parcel of region-002/, 'checked', (m) => {
    m.parcels = m.parcels.map(({ from }) => ({ ...m.parcels[0]!, from }));
  });
  refuses('three that are to mask', /^refused, below-threshold: maskers: 3 is below 4/, 'masked', (m) => {
    m.maskers = m.maskers.slice(0, 3);
  });
  refuses('an earlier version', /^refused, version: expected fedcar-secagg\/\d+, got /, 'share', (m) => {
    Object.assign(m, { protocol: 'fedcar-secagg/1' });
  });
});

describe('rosters', () => {
  const invited = async (
    make: (
      driver: Driver,
    ) => Promise<{ roster: SignedRoster; pin?: RosterPin; change?: Partial<RoundParameters> }>,
  ) => {
    const driver = await at('advertise');
    const { roster, pin = null, change = {} } = await make(driver);
    const parameters = parametersFor(roster, change);
    const invite = { kind: 'invite', protocol: SECAGG_PROTOCOL, parameters, roster, chain: [] };
    const trust = { ...trustOf(driver.group), pin };
    return refusalOf(clientStep(null, invite, driver.environment(driver.ids[0]!, { trust })));
  };
  const next = ({ group }: Driver) => ({
    ...group.roster.roster,
    epoch: 1,
    previous: rosterHash(group.roster.roster),
  });
  attack('changed, under the signature of the one before', /^refused, roster: /, () =>
    invited(async (driver) => ({
      roster: { roster: next(driver), signature: driver.group.roster.signature },
    })),
  );
  attack('older than the one that was followed last', /^refused, roster: /, () =>
    invited(async (driver) => {
      const { roster } = await signRoster(next(driver), driver.group.admin);
      return { roster: driver.group.roster, pin: { epoch: 1, hash: rosterHash(roster) } };
    }),
  );
  attack('with a lower threshold in the parameters', /^refused, parameters: /, () =>
    invited(async ({ group }) => ({ roster: group.roster, change: { threshold: 3 } })),
  );
});
