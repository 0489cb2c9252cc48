/**
 * Key derivation and associated data of a round. Invariant: every key and every ciphertext is bound to (protocol
 * version, collection, round, parameters, sender, receiver), so that nothing of one place opens in another.
 */
import { type Bytes, fromHex, toBase64Url, utf8 } from '../crypto/bytes.ts';
import { canonicalJson } from '../crypto/canonical-json.ts';
import { hashJson } from '../crypto/hash.ts';
import { hkdf } from '../crypto/hkdf.ts';
import { type Advertisement, SECAGG_PROTOCOL } from '../protocol/secagg.ts';
import type { RoundContext } from './context.ts';

function bound(context: RoundContext, purpose: string, ...rest: string[]): Bytes {
  const { collection, round } = context.parameters;
  return utf8(canonicalJson([SECAGG_PROTOCOL, purpose, collection, round, context.parametersHash, ...rest]));
}

function derive(secret: Uint8Array, context: RoundContext, purpose: string, ...rest: string[]): Bytes {
  return hkdf(secret, fromHex(context.parametersHash), bound(context, purpose, ...rest), 32);
}

/** Seals the one parcel from `sender` to `receiver`. */
export function parcelKey(
  shared: Uint8Array,
  context: RoundContext,
  sender: string,
  receiver: string,
): Bytes {
  return derive(shared, context, 'parcel key', sender, receiver);
}

export function parcelAssociatedData(
  context: RoundContext,
  sender: string,
  receiver: string,
  hashes: { seedShareHash: string; keyShareHash: string },
): Bytes {
  return bound(context, 'parcel', sender, receiver, hashes.seedShareHash, hashes.keyShareHash);
}

/** The same for both: the member that comes first in the roster stands first. */
export function pairMaskKey(shared: Uint8Array, context: RoundContext, a: string, b: string): Bytes {
  const [low, high] = context.position(a) < context.position(b) ? [a, b] : [b, a];
  return derive(shared, context, 'pair mask', low, high);
}

export function selfMaskKey(seed: Uint8Array, context: RoundContext, member: string): Bytes {
  return derive(seed, context, 'self mask', member);
}

/** Part `part` of a member's surplus noise. */
export function surplusKey(seed: Uint8Array, context: RoundContext, member: string, part: number): Bytes {
  return derive(seed, context, 'surplus noise', member, String(part));
}

/** Commits a member to a seed of its surplus noise before it is known who survives. */
export function surplusHash(context: RoundContext, member: string, part: number, seed: string): string {
  return toBase64Url(hashJson(`${SECAGG_PROTOCOL} surplus`, [context.parametersHash, member, part, seed]));
}

/** Names one try at a round: what is signed in one says nothing in another. `hashes`: see `advertisementHash`. */
export function attemptOf(
  context: RoundContext,
  participants: readonly string[],
  hashes: readonly string[],
): string {
  const content = [context.parametersHash, participants, hashes];
  return toBase64Url(hashJson(`${SECAGG_PROTOCOL} attempt`, content));
}

export function advertisementHash(advertisement: Advertisement): string {
  return toBase64Url(hashJson(`${SECAGG_PROTOCOL} advertisement`, advertisement));
}

/** Commits a dealer to a share of its mask secret. Shares have 256 bits of entropy. */
export function keyShareHash(
  context: RoundContext,
  dealer: string,
  holder: string,
  share: Uint8Array,
): string {
  const content = [context.parametersHash, dealer, holder, toBase64Url(share)];
  return toBase64Url(hashJson(`${SECAGG_PROTOCOL} key share`, content));
}

/** Commits a dealer to a share of its seed and the blind that the share is checked with. */
export function seedShareHash(
  context: RoundContext,
  dealer: string,
  holder: string,
  share: Uint8Array,
  blind: Uint8Array,
): string {
  const content = [context.parametersHash, dealer, holder, toBase64Url(share), toBase64Url(blind)];
  return toBase64Url(hashJson(`${SECAGG_PROTOCOL} seed share`, content));
}

/** What the check of a dealer's seed shares is made of: all its commitments to them, in the roster's order. */
export function shareChallenge(
  context: RoundContext,
  dealer: string,
  attempt: string,
  hashes: readonly string[],
): Bytes {
  return hashJson(`${SECAGG_PROTOCOL} share challenge`, [context.parametersHash, attempt, dealer, hashes]);
}
