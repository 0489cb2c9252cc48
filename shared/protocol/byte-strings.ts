/** Byte strings of fixed lengths in JSON: base64url without padding, one spelling each. */
import { z } from 'zod';

/** What the last character may be, by the bytes that are left over from threes: the one spelling without spare bits. */
const LAST = ['[A-Za-z0-9_-]', '[AQgw]', '[AEIMQUYcgkosw048]'] as const;

const base64Url = (bytes: number) => {
  const before = Math.ceil((bytes * 4) / 3) - 1;
  return z
    .string()
    .regex(new RegExp(`^[A-Za-z0-9_-]{${before}}${LAST[bytes % 3]}$`), `${bytes} bytes in base64url`);
};

export const Bytes32 = base64Url(32);
export const Signature = base64Url(64);
/** Nonce, two shares of 32 bytes, tag. */
export const SealedShares = base64Url(12 + 64 + 16);
