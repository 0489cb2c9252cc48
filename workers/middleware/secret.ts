/**
 * The deployment's one secret, FEDCAR_ADMIN_TOKEN: the bearer token with every scope, with which the others are
 * made. Invariant: without it nothing under /v1 is served, except where FEDCAR_ENVIRONMENT says `development`.
 */
import { equalBytes, utf8 } from '../../shared/crypto/bytes.ts';
import { sha256 } from '../../shared/crypto/hash.ts';
import type { Env } from '../env.ts';
import { Problem } from '../problem.ts';

/** Shorter ones can be guessed. */
export const LEAST_SECRET = 16;

export type SecretState =
  | { kind: 'set'; secret: string }
  /** Development without a secret: everything is allowed. */
  | { kind: 'open' }
  | { kind: 'missing'; why: string };

export function secretState(env: Env): SecretState {
  // A secret that was piped into wrangler may end with a line break.
  const secret = env.FEDCAR_ADMIN_TOKEN?.trim() ?? '';
  if (secret.length >= LEAST_SECRET) return { kind: 'set', secret };
  if (secret !== '')
    return { kind: 'missing', why: `has ${secret.length} characters of at least ${LEAST_SECRET}` };
  return env.FEDCAR_ENVIRONMENT === 'development' ? { kind: 'open' } : { kind: 'missing', why: 'is not set' };
}

export function secretMissing(why: string): Problem {
  const detail = `The secret FEDCAR_ADMIN_TOKEN ${why}. Set it with: npx wrangler secret put FEDCAR_ADMIN_TOKEN`;
  return new Problem('secret_missing', detail);
}

/** Compares hashes, in time that says nothing about the secret. */
export function isSecret(secret: string, given: string): boolean {
  return equalBytes(sha256(utf8(secret)), sha256(utf8(given)));
}
