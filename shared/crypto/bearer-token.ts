/**
 * Bearer tokens: `fc_<id>_<secret>`, an identifier that may be shown and 256 random bits that may not. Only the
 * SHA-256 of the secret is kept; its entropy makes a slow hash needless.
 */
import { toBase64Url, toHex, utf8 } from './bytes.ts';
import { hashBytes } from './hash.ts';
import type { RandomSource } from './random.ts';

const FORM = /^fc_([0-9a-f]{16})_([A-Za-z0-9_-]{43})$/;

export interface MintedToken {
  id: string;
  /** What the bearer shows. It exists nowhere else. */
  text: string;
  /** Hexadecimal; what the directory keeps. */
  hash: string;
}

export function mintToken(random: RandomSource): MintedToken {
  const id = toHex(random(8));
  const secret = toBase64Url(random(32));
  return { id, text: `fc_${id}_${secret}`, hash: hashSecret(secret) };
}

/** Null for what cannot be a token. */
export function readToken(text: string): { id: string; hash: string } | null {
  const [, id, secret] = FORM.exec(text) ?? [];
  return id === undefined || secret === undefined ? null : { id, hash: hashSecret(secret) };
}

function hashSecret(secret: string): string {
  return toHex(hashBytes('fedcar bearer token', utf8(secret)));
}
