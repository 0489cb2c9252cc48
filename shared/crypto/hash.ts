/**
 * SHA-256 (FIPS 180-4) and hashes of JSON values under a label. Synchronous, because state machines hash inside a
 * step. Invariant: hashes under different labels never coincide, since a label holds no zero byte.
 */
import { sha256 as noble } from '@noble/hashes/sha2.js';
import { type Bytes, concatBytes, utf8 } from './bytes.ts';
import { canonicalJson } from './canonical-json.ts';

/** For short inputs; vectors go through `digest`. */
export function sha256(bytes: Uint8Array): Bytes {
  return noble(bytes) as Bytes;
}

/** SHA-256 by the platform: faster for large inputs. */
export async function digest(bytes: Uint8Array): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', bytes as Bytes));
}

/** What a hash or a signature under `label` covers: the label, a zero byte, the value as canonical JSON. */
export function labelled(label: string, value: unknown): Bytes {
  if (label.includes('\0')) throw new RangeError('label: holds a zero byte');
  return utf8(`${label}\0${canonicalJson(value)}`);
}

export function hashJson(label: string, value: unknown): Bytes {
  return sha256(labelled(label, value));
}

export function hashBytes(label: string, bytes: Uint8Array): Bytes {
  if (label.includes('\0')) throw new RangeError('label: holds a zero byte');
  return sha256(concatBytes(utf8(`${label}\0`), bytes));
}
