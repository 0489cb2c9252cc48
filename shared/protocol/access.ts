/** Who may do what: scopes, and what a token allows. */
import { z } from 'zod';

/** `admin` implies all others. */
export const SCOPES = ['query', 'feedback', 'ingest', 'train', 'admin'] as const;
export const Scope = z.enum(SCOPES);
export type Scope = z.infer<typeof Scope>;

/** What a token allows, as the edge remembers it for a few seconds. */
export interface Grant {
  id: string;
  scopes: Scope[];
  collections: string[] | null;
  /** The only pages that may call with it; null: it is not bound to any. */
  origins: string[] | null;
  /** Its own limit, or the deployment's. */
  requestsPerMinute: number;
  /** Milliseconds since 1970; null: never. */
  expiresAt: number | null;
  /** Until then the token has used up its requests over the whole deployment; null: it has not. */
  spentUntil: number | null;
}

const DEFAULT_PER_MINUTE = 600;

/** Requests a minute of a token without a limit of its own. @throws RangeError for a variable that is no number. */
export function requestsPerMinute(env: { FEDCAR_REQUESTS_PER_MINUTE?: string }): number {
  const text = env.FEDCAR_REQUESTS_PER_MINUTE;
  if (text === undefined || text.trim() === '') return DEFAULT_PER_MINUTE;
  const number = Number(text);
  if (Number.isInteger(number) && number >= 1) return number;
  throw new RangeError(`FEDCAR_REQUESTS_PER_MINUTE: a whole number from 1 on, not ${JSON.stringify(text)}`);
}
