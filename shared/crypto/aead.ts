/**
 * AES-256-GCM (NIST SP 800-38D) with a random 96-bit nonce in front of the ciphertext. Keys here seal one message
 * each. Invariant: whatever is wrong with a box, opening it fails with one and the same error.
 */
import { type Bytes, concatBytes } from './bytes.ts';
import type { RandomSource } from './random.ts';

export const NONCE_BYTES = 12;

/** Says nothing about the cause: key, nonce, tag, associated data and length are one case. */
export class DecryptionError extends Error {
  constructor() {
    super('decryption failed');
    this.name = 'DecryptionError';
  }
}

/** @returns nonce ‖ ciphertext ‖ tag. */
export async function seal(
  key: Uint8Array,
  plaintext: Uint8Array,
  associated: Uint8Array,
  random: RandomSource,
): Promise<Bytes> {
  const nonce = random(NONCE_BYTES);
  const imported = await crypto.subtle.importKey('raw', key as Bytes, 'AES-GCM', false, ['encrypt']);
  const algorithm = { name: 'AES-GCM', iv: nonce, additionalData: associated as Bytes };
  return concatBytes(
    nonce,
    new Uint8Array(await crypto.subtle.encrypt(algorithm, imported, plaintext as Bytes)),
  );
}

/** @throws DecryptionError */
export async function open(key: Uint8Array, box: Uint8Array, associated: Uint8Array): Promise<Bytes> {
  const nonce = box.slice(0, NONCE_BYTES);
  try {
    const imported = await crypto.subtle.importKey('raw', key as Bytes, 'AES-GCM', false, ['decrypt']);
    const algorithm = { name: 'AES-GCM', iv: nonce, additionalData: associated as Bytes };
    return new Uint8Array(await crypto.subtle.decrypt(algorithm, imported, box.slice(NONCE_BYTES)));
  } catch {
    throw new DecryptionError();
  }
}
