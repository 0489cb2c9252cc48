/**
 * The trust root: a roster is what the collection's admin key signed, linked to its predecessor by hash. A
 * participant pins the admin key and the last roster it accepted; the coordinator can neither add members nor go back.
 */
import { fromBase64Url, toBase64Url, toHex } from '../crypto/bytes.ts';
import { type Signer, verify } from '../crypto/ed25519.ts';
import { hashJson, labelled } from '../crypto/hash.ts';
import { Roster, SECAGG_PROTOCOL, type SignedRoster } from '../protocol/secagg.ts';
import { refuse } from './errors.ts';

const SIGNATURE_LABEL = `${SECAGG_PROTOCOL} roster signature`;

export function rosterHash(roster: Roster): string {
  return toHex(hashJson(`${SECAGG_PROTOCOL} roster`, roster));
}

/** t = ⌊2n/3⌋ + 1. */
export function defaultThreshold(members: number): number {
  return Math.floor((2 * members) / 3) + 1;
}

/**
 * The rules that privacy rests on.
 * t > 2n/3 and 2t > n + m: no two lists of survivors can both gather t signatures, for m signers may sign twice
 * and everyone else signs once. t > m: colluders alone restore nothing and h = t − m participants are honest.
 */
export function checkRoster(roster: Roster): void {
  const { members, threshold: t, colluders: m } = roster;
  const n = members.length;
  for (let i = 1; i < n; i++) {
    if (members[i - 1]!.id >= members[i]!.id)
      refuse('roster', `members: ${members[i]!.id} is not in order of ids`);
  }
  if (new Set(members.map(({ key }) => key)).size !== n) refuse('roster', 'members: two have one key');
  if (t > n) refuse('roster', `threshold: ${t} is above the ${n} members`);
  if (3 * t <= 2 * n) refuse('roster', `threshold: ${t} is not above two thirds of ${n}`);
  if (2 * t <= n + m) refuse('roster', `threshold: 2 · ${t} is not above ${n} members + ${m} colluders`);
  if (t <= m) refuse('roster', `threshold: ${t} is not above ${m} colluders`);
  if ((roster.epoch === 0) !== (roster.previous === null))
    refuse('roster', 'previous: null in epoch 0 and only there');
}

/** For the holder of the admin key. */
export async function signRoster(roster: Roster, admin: Signer): Promise<SignedRoster> {
  checkRoster(Roster.parse(roster));
  return { roster, signature: toBase64Url(await admin.sign(labelled(SIGNATURE_LABEL, roster))) };
}

/** @throws ProtocolError unless the roster is well formed and the admin key (base64url) signed it. */
export async function verifyRoster(signed: SignedRoster, adminKey: string): Promise<void> {
  const message = labelled(SIGNATURE_LABEL, signed.roster);
  const genuine = await verify(fromBase64Url(adminKey, 32), message, fromBase64Url(signed.signature, 64));
  if (!genuine) refuse('roster', 'signature: not by the admin key');
  checkRoster(signed.roster);
}

/** The last roster that a participant accepted. */
export interface RosterPin {
  readonly epoch: number;
  readonly hash: string;
}

/**
 * Follows `chain` and then `current` from a pin (null: first use, the admin key alone decides). What the chain tells of
 * the time before the pin is passed over: it is the same for members with different pins.
 * @returns the new pin; save it with the round's state.
 * @throws ProtocolError when a link is missing, older, of another collection, or not signed.
 */
export async function followChain(
  pin: RosterPin | null,
  chain: readonly SignedRoster[],
  current: SignedRoster,
  collection: string,
  adminKey: string,
): Promise<RosterPin> {
  let at = pin;
  for (const signed of [...chain, current]) {
    const { epoch, previous } = signed.roster;
    if (signed !== current && pin !== null && epoch < pin.epoch) continue;
    if (signed.roster.collection !== collection) refuse('roster', `collection: ${signed.roster.collection}`);
    await verifyRoster(signed, adminKey);
    const hash = rosterHash(signed.roster);
    if (at !== null && !(epoch === at.epoch && hash === at.hash)) {
      if (epoch !== at.epoch + 1) refuse('roster', `epoch: ${epoch} does not follow ${at.epoch}`);
      if (previous !== at.hash)
        refuse('roster', `previous: epoch ${epoch} does not name the roster accepted before`);
    }
    at = { epoch, hash };
  }
  return at!;
}

/** What a participant may want a human to approve before it takes part. */
export function rosterChanges(before: Roster, after: Roster): { added: string[]; removed: string[] } {
  const name = ({ id, key }: Roster['members'][number]) => `${id} ${key}`;
  const known = new Set(before.members.map(name));
  const now = new Set(after.members.map(name));
  return {
    added: after.members.filter((member) => !known.has(name(member))).map(({ id }) => id),
    removed: before.members.filter((member) => !now.has(name(member))).map(({ id }) => id),
  };
}
