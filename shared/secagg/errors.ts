/** What a peer did wrong, as a closed set of codes. What a caller did wrong is a TypeError or RangeError. */
import type { z } from 'zod';

export type SecaggCode =
  /** Not a message of this protocol: shape, lengths, lists that repeat or name strangers. */
  | 'malformed'
  /** Another protocol version. */
  | 'version'
  /** Another collection, round, or parameters than those agreed to. */
  | 'parameters'
  /** A roster that is not signed by the admin key, breaks the chain, or fails its own rules. */
  | 'roster'
  /** Terms that the admin key did not sign, or others than the invitation names. */
  | 'terms'
  /** A signature that does not hold, or a sender that is not who it says. */
  | 'forged'
  /** Two participants with one key, or a key that cannot be used. */
  | 'bad-key'
  /** A different message for a step that was answered. */
  | 'conflict'
  /** A message for a step that is over. */
  | 'late'
  /** A message for a step that has not begun. */
  | 'out-of-order'
  /** Fewer participants than the threshold. */
  | 'below-threshold'
  /** Survivors and dropped overlap, or do not make up those who were to mask. */
  | 'survivors'
  /** A frame that is not the one announced. */
  | 'frame'
  /** A share that is not the one that was dealt. */
  | 'bad-share'
  /** A parcel that was called bad and is good. */
  | 'false-accusation'
  /** Ended by the caller. */
  | 'cancelled';

export class ProtocolError extends Error {
  readonly code: SecaggCode;
  readonly detail: string;

  constructor(code: SecaggCode, detail: string) {
    super(`${code}: ${detail}`);
    this.name = 'ProtocolError';
    this.code = code;
    this.detail = detail;
  }
}

export function refuse(code: SecaggCode, detail: string): never {
  throw new ProtocolError(code, detail);
}

/** Parses a peer's message; a message of another protocol version is told apart from a malformed one. */
export function parseMessage<S extends z.ZodType>(schema: S, protocol: string, value: unknown): z.infer<S> {
  const claimed = (value as { protocol?: unknown } | null)?.protocol;
  if (typeof claimed === 'string' && claimed !== protocol)
    refuse('version', `expected ${protocol}, got ${claimed}`);
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  return refuse('malformed', `${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'invalid'}`);
}
