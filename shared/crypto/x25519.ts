/**
 * X25519 (RFC 7748) over WebCrypto, with secrets as bytes because they are shared with Shamir's scheme. An all-zero
 * shared secret (a peer's key of small order) is refused.
 */
import { type Bytes, concatBytes, fromHex, toHex } from './bytes.ts';
import type { RandomSource } from './random.ts';

/** RFC 8410: the DER prefix of a PKCS #8 X25519 secret. */
const PKCS8_PREFIX = fromHex('302e020100300506032b656e04220420');
const BASE_POINT = Uint8Array.of(9, ...new Uint8Array(31));
const ALGORITHM = { name: 'X25519' };

/** The canonical u-coordinates of points of order 1, 2, 4 and 8, on the curve and its twist. */
const SMALL_ORDER = [
  '00'.repeat(32),
  `01${'00'.repeat(31)}`,
  'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
  '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157',
  `ec${'ff'.repeat(30)}7f`,
];

/** Whether a public key is the one spelling of its point (below 2²⁵⁵ − 19), and that point of large order. */
export function isUsableKey(key: Uint8Array): boolean {
  const top = key[31]!;
  if (top > 0x7f) return false;
  const aboveModulus = top === 0x7f && key[0]! >= 0xed && key.subarray(1, 31).every((byte) => byte === 0xff);
  return !aboveModulus && !SMALL_ORDER.includes(toHex(key));
}

/** One secret, imported once, for many agreements. */
export interface AgreementKey {
  readonly key: CryptoKey;
}

export async function importAgreementKey(secret: Uint8Array): Promise<AgreementKey> {
  if (secret.length !== 32) throw new RangeError(`X25519 secret: expected 32 bytes, got ${secret.length}`);
  const encoded = concatBytes(PKCS8_PREFIX, secret);
  return { key: await crypto.subtle.importKey('pkcs8', encoded, ALGORITHM, false, ['deriveBits']) };
}

/**
 * The raw shared secret: never a key by itself, always the input of HKDF.
 * @throws RangeError when the peer's key is of the wrong length or of small order.
 */
export async function agree(own: AgreementKey, peerKey: Uint8Array): Promise<Bytes> {
  if (peerKey.length !== 32) throw new RangeError(`X25519 key: expected 32 bytes, got ${peerKey.length}`);
  let shared: Bytes;
  try {
    const peer = await crypto.subtle.importKey('raw', peerKey as Bytes, ALGORITHM, true, []);
    // The Workers types rename the specification's `public`.
    const algorithm = { name: 'X25519', public: peer } as unknown as SubtleCryptoDeriveKeyAlgorithm;
    shared = new Uint8Array(await crypto.subtle.deriveBits(algorithm, own.key, 256));
  } catch {
    throw new RangeError('X25519 key: not usable');
  }
  // The specification lets the platform refuse this; not every one does.
  if (shared.every((byte) => byte === 0)) throw new RangeError('X25519 key: not usable');
  return shared;
}

/** The public key is the product with the base point, so that no key format is needed to get it. */
export async function publicKey(own: AgreementKey): Promise<Bytes> {
  return agree(own, BASE_POINT);
}

export async function generateKeyPair(random: RandomSource): Promise<{ secret: Bytes; key: Bytes }> {
  const secret = random(32);
  return { secret, key: await publicKey(await importAgreementKey(secret)) };
}
