/** Ed25519 (RFC 8032) over WebCrypto: the registered identities of participants and the collection's admin key. */
import { type Bytes, concatBytes, fromBase64Url, fromHex } from './bytes.ts';
import type { RandomSource } from './random.ts';

/** RFC 8410: the DER prefix of a PKCS #8 Ed25519 seed. */
const PKCS8_PREFIX = fromHex('302e020100300506032b657004220420');
const ALGORITHM = { name: 'Ed25519' };

/** Signs for one participant; the secret may live in a key store that gives nothing else away. */
export interface Signer {
  /** The 32-byte public key. */
  readonly key: Bytes;
  sign(message: Uint8Array): Promise<Bytes>;
}

/** @throws RangeError unless `seed` has 32 bytes. */
export async function signerFromSeed(seed: Uint8Array): Promise<Signer> {
  if (seed.length !== 32) throw new RangeError(`Ed25519 seed: expected 32 bytes, got ${seed.length}`);
  const encoded = concatBytes(PKCS8_PREFIX, seed);
  const secret = await crypto.subtle.importKey('pkcs8', encoded, ALGORITHM, true, ['sign']);
  const jwk = (await crypto.subtle.exportKey('jwk', secret)) as JsonWebKey;
  return {
    key: fromBase64Url(jwk.x ?? '', 32),
    sign: async (message) => new Uint8Array(await crypto.subtle.sign('Ed25519', secret, message as Bytes)),
  };
}

export async function generateSigner(random: RandomSource): Promise<{ seed: Bytes; signer: Signer }> {
  const seed = random(32);
  return { seed, signer: await signerFromSeed(seed) };
}

/** False for a wrong signature and for a key or signature that is none. */
export async function verify(key: Uint8Array, message: Uint8Array, signature: Uint8Array): Promise<boolean> {
  if (key.length !== 32 || signature.length !== 64) return false;
  try {
    const imported = await crypto.subtle.importKey('raw', key as Bytes, ALGORITHM, true, ['verify']);
    return await crypto.subtle.verify('Ed25519', imported, signature as Bytes, message as Bytes);
  } catch {
    return false;
  }
}
