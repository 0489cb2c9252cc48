/** Where random bytes come from: an argument everywhere, so that tests replay exactly. */
import type { Bytes } from './bytes.ts';

/** Returns `length` fresh bytes that nobody can predict. */
export type RandomSource = (length: number) => Bytes;

/** `getRandomValues` fills at most 65,536 bytes a call. */
const QUOTA = 65_536;

export const systemRandom: RandomSource = (length) => {
  const out = new Uint8Array(length);
  for (let at = 0; at < length; at += QUOTA) crypto.getRandomValues(out.subarray(at, at + QUOTA));
  return out;
};
