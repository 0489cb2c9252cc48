/**
 * The mask generator: AES-256-CTR (NIST SP 800-38A) of zeros under a key of 256 random bits, counter from zero.
 * Random access by word, so that a vector can be masked in chunks. One key makes one stream, once.
 */
import type { Bytes } from './bytes.ts';

export interface MaskKey {
  readonly key: CryptoKey;
}

/** Four 32-bit words a block of AES. */
const WORDS_PER_BLOCK = 4;

let zeros = new Uint8Array(0);

/** Encrypting copies its input, so one buffer of zeros serves all calls. */
function zeroBytes(length: number): Bytes {
  if (zeros.length < length) zeros = new Uint8Array(length);
  return zeros.subarray(0, length);
}

export async function importMaskKey(key: Uint8Array): Promise<MaskKey> {
  if (key.length !== 32) throw new RangeError(`mask key: expected 32 bytes, got ${key.length}`);
  return { key: await crypto.subtle.importKey('raw', key as Bytes, 'AES-CTR', false, ['encrypt']) };
}

/**
 * Words `first … first + count − 1` of the stream.
 * @param stream the upper half of the counter, for keys that make several streams
 * @throws RangeError unless `first` lies on a block's boundary (a multiple of 4).
 */
export async function maskWords(
  mask: MaskKey,
  first: number,
  count: number,
  stream = 0,
): Promise<Uint32Array> {
  if (first % WORDS_PER_BLOCK !== 0) throw new RangeError(`first: expected a multiple of 4, got ${first}`);
  const counter = new Uint8Array(16);
  const view = new DataView(counter.buffer);
  view.setBigUint64(0, BigInt(stream));
  view.setBigUint64(8, BigInt(first / WORDS_PER_BLOCK));
  const algorithm = { name: 'AES-CTR', counter, length: 64 };
  return new Uint32Array(await crypto.subtle.encrypt(algorithm, mask.key, zeroBytes(4 * count)));
}
