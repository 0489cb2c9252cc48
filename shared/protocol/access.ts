/** Who may do what: scopes, tokens as an admin creates and sees them, entries of the audit log. */
import { z } from 'zod';
import { CollectionName } from './names.ts';

/** `admin` implies all others. */
export const SCOPES = ['query', 'feedback', 'ingest', 'train', 'admin'] as const;
export const Scope = z.enum(SCOPES);
export type Scope = z.infer<typeof Scope>;

export const TokenCreation = z.strictObject({
  /** For people: who or what bears it. */
  name: z.string().trim().min(1).max(100),
  scopes: z.array(Scope).min(1).max(SCOPES.length),
  /** The only collections it is good for; null: all, and what belongs to the whole deployment. */
  collections: z.array(CollectionName).min(1).max(100).nullable().default(null),
  /** null: the deployment's limit. */
  requests_per_minute: z.int().min(1).max(1_000_000).nullable().default(null),
  /** null: until it is revoked. */
  expires_in_days: z.int().min(1).max(3650).nullable().default(null),
});
export type TokenCreation = z.infer<typeof TokenCreation>;

/** What a token allows, as the edge remembers it for a few seconds. */
export interface Grant {
  id: string;
  scopes: Scope[];
  collections: string[] | null;
  /** Its own limit, or the deployment's. */
  requestsPerMinute: number;
  /** Milliseconds since 1970; null: never. */
  expiresAt: number | null;
  /** Until then the token has used up its requests over the whole deployment; null: it has not. */
  spentUntil: number | null;
}

/** A token as an admin sees it; its secret is nowhere. */
export interface TokenInfo extends Omit<Grant, 'spentUntil' | 'requestsPerMinute'> {
  name: string;
  requestsPerMinute: number | null;
  createdAt: number;
  revokedAt: number | null;
}

export interface AuditInput {
  at: number;
  /** `root` for the deployment's secret, `open` for development without one, else a token's id. */
  principal: string;
  /** Method and route, without what stood in its parameters. */
  action: string;
  collection: string | null;
  /** What the path names; null where that is a person. */
  target: string | null;
  requestId: string;
}

export interface AuditEntry extends AuditInput {
  id: number;
  /** Of the answer; null when it is not known, because the Worker ended before. */
  status: number | null;
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
