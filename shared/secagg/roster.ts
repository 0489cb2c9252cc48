/**
 * The trust root: a roster is what the collection's admin key signed, linked to its predecessor by hash. A
 * participant pins the admin key and the last roster it accepted; the coordinator can neither add members nor go back.
 * Rosters outlive the code that signed them: links of a chain may have any form there ever was, and only the last one
 * has to be in the present form and to keep the present rules.
 */
import { fromBase64Url, toBase64Url, toHex } from '../crypto/bytes.ts';
import { type Signer, verify } from '../crypto/ed25519.ts';
import { hashJson, labelled } from '../crypto/hash.ts';
import {
  type AnyRoster,
  type AnySignedRoster,
  type EarlierRoster,
  ROSTER_VERSION,
  Roster,
  type SignedRoster,
} from '../protocol/secagg.ts';
import { refuse } from './errors.ts';
import { leastColluders, operatorsOf } from './operators.ts';

/** What hashes and signatures of each version are made under. The first two took the round protocol's name of their time. */
const LABELS: Readonly<Record<number, string>> = {
  1: 'fedcar-secagg/1 roster',
  2: 'fedcar-secagg/2 roster',
  3: 'fedcar-roster/3',
  4: 'fedcar-roster/4',
};
/** Rosters of these versions do not say which they have; the later comes first. */
const UNNAMED = [2, 1] as const;

function versionsOf(roster: AnyRoster): readonly number[] {
  return 'version' in roster ? [roster.version] : UNNAMED;
}

const hashAs = (version: number, roster: AnyRoster): string => toHex(hashJson(LABELS[version]!, roster));
const signedAs = (version: number, roster: AnyRoster): Uint8Array =>
  labelled(`${LABELS[version]} signature`, roster);

/** Whether rounds may go by it; a roster in an earlier form only leads to one that they may go by. */
export function isPresent(roster: AnyRoster): roster is Roster {
  return 'version' in roster && roster.version === ROSTER_VERSION;
}

/** What its successor names it by. */
export function rosterHash(roster: AnyRoster): string {
  return hashAs(versionsOf(roster)[0]!, roster);
}

/** Whether a pin or a successor with this hash means the roster: where it does not say its version, under each. */
export function hasHash(roster: AnyRoster, hash: string): boolean {
  return versionsOf(roster).some((version) => hashAs(version, roster) === hash);
}

/** The least t that is above two thirds of n and, so that no two lists of survivors gather t signatures, (n + m)/2. */
export function defaultThreshold(members: number, colluders = 0): number {
  return Math.max(Math.floor((2 * members) / 3), Math.floor((members + colluders) / 2), colluders) + 1;
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
  if (m < leastColluders(roster, 0)) refuse('roster', tooFewColluders(roster));
  if (t > n) refuse('roster', `threshold: ${t} is above the ${n} members`);
  if (3 * t <= 2 * n) refuse('roster', `threshold: ${t} is not above two thirds of ${n}`);
  if (2 * t <= n + m) refuse('roster', `threshold: 2 · ${t} is not above ${n} members + ${m} colluders`);
  if (t <= m) refuse('roster', `threshold: ${t} is not above ${m} colluders`);
  if ((roster.epoch === 0) !== (roster.previous === null))
    refuse('roster', 'previous: null in epoch 0 and only there');
}

function tooFewColluders(roster: Roster): string {
  const { operator, members } = operatorsOf(roster)[0]!;
  return `colluders: ${roster.colluders} is below the ${members} members of ${operator}, which all may collude`;
}

/** For the holder of the admin key. */
export async function signRoster(roster: Roster, admin: Signer): Promise<SignedRoster> {
  checkRoster(Roster.parse(roster));
  return { roster, signature: toBase64Url(await admin.sign(signedAs(roster.version, roster))) };
}

/** As the first version was signed: for chains whose beginning was not kept. */
export async function signAsFirst(roster: EarlierRoster, admin: Signer): Promise<AnySignedRoster> {
  return { roster, signature: toBase64Url(await admin.sign(signedAs(1, roster))) };
}

/**
 * @returns the version that it was signed in
 * @throws ProtocolError unless the admin key (base64url) signed it and, in the present form, it keeps the rules
 */
export async function verifyRoster(
  { roster, signature }: AnySignedRoster,
  adminKey: string,
): Promise<number> {
  const key = fromBase64Url(adminKey, 32);
  const bytes = fromBase64Url(signature, 64);
  for (const version of versionsOf(roster)) {
    if (!(await verify(key, signedAs(version, roster), bytes))) continue;
    if (isPresent(roster)) checkRoster(roster);
    return version;
  }
  return refuse('roster', 'signature: not by the admin key');
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
  chain: readonly AnySignedRoster[],
  current: AnySignedRoster,
  collection: string,
  adminKey: string,
): Promise<RosterPin> {
  let at = pin;
  /** Whether a hash means the roster accepted last. */
  let isLast = (hash: string): boolean => hash === pin?.hash;
  for (const signed of [...chain, current]) {
    const { roster } = signed;
    const { epoch, previous } = roster;
    if (signed !== current && pin !== null && epoch < pin.epoch) continue;
    if (roster.collection !== collection) refuse('roster', `collection: ${roster.collection}`);
    const version = await verifyRoster(signed, adminKey);
    if (at !== null && !(epoch === at.epoch && hasHash(roster, at.hash))) {
      if (epoch !== at.epoch + 1) refuse('roster', `epoch: ${epoch} does not follow ${at.epoch}`);
      if (previous === null || !isLast(previous))
        refuse('roster', `previous: epoch ${epoch} does not name the roster accepted before`);
    }
    at = { epoch, hash: hashAs(version, roster) };
    isLast = (hash) => hasHash(roster, hash);
  }
  return at!;
}

/** What a participant may want a human to approve before it takes part. */
export function rosterChanges(before: AnyRoster, after: AnyRoster): { added: string[]; removed: string[] } {
  const name = ({ id, key }: AnyRoster['members'][number]) => `${id} ${key}`;
  const known = new Set(before.members.map(name));
  const now = new Set(after.members.map(name));
  return {
    added: after.members.filter((member) => !known.has(name(member))).map(({ id }) => id),
    removed: before.members.filter((member) => !now.has(name(member))).map(({ id }) => id),
  };
}
