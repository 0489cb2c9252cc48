/**
 * Short names of public keys that people compare by eye or over the phone: the first 80 bits of a SHA-256 in base 32
 * (RFC 4648, lower case), in groups of four. Enough against a chosen second key, since the key is fixed first.
 */
import { hashBytes } from './hash.ts';

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567';

/** Such as `k7dm-2xqa-…`, four groups of four characters. */
export function fingerprint(key: Uint8Array): string {
  const hash = hashBytes('fedcar key fingerprint', key);
  let text = '';
  for (let i = 0; i < 16; i++) {
    const bit = 5 * i;
    const pair = (hash[bit >> 3]! << 8) | hash[(bit >> 3) + 1]!;
    text += ALPHABET[(pair >> (11 - (bit & 7))) & 31];
    if (i % 4 === 3 && i < 15) text += '-';
  }
  return text;
}
