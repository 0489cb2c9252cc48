/**
 * A participant's view of its coordinator. One implementation speaks Durable Object RPC, one HTTP (http-port.ts);
 * every call may be repeated.
 */
import type { RequestSignature } from '../crypto/request-signature.ts';
import type { Ack, Arrived } from '../protocol/fl.ts';
import type { Outcome } from '../protocol/objects.ts';
import type { Instruction, ParticipantMessage, RowEntry, VectorChunk } from '../protocol/rounds.ts';
import type { AnySignedRoster } from '../protocol/secagg.ts';

export interface CoordinatorPort {
  poll(participant: string): Promise<Instruction>;
  /** @param andNext the answer brings the next instruction, and is held for it like that of a poll */
  report(message: Exclude<ParticipantMessage, { type: 'poll' }>, andNext?: boolean): Promise<Ack>;
  putChunk(header: VectorChunk, bytes: Uint8Array): Promise<Ack>;
  /** Which pieces of this round's vector have come in. */
  arrived(participant: string, round: string): Promise<Arrived>;
  /** One frame of the masked vector, after the message that announces it; `andNext` as of `report`. */
  putFrame(participant: string, round: string, bytes: Uint8Array, andNext?: boolean): Promise<Ack>;
  /** A part of stored parameters or of a snapshot; null when it is gone. */
  statePart(key: string, part: number): Promise<Uint8Array | null>;
  /** Changes of the row table after `after`, in order, at most `limit`. */
  rowsSince(after: number, limit: number): Promise<RowEntry[]>;
  /** Base embeddings of rows, [rows, width]. */
  rowEmbeddings(rows: number[]): Promise<Float32Array>;
}

/** What a participant may ask for in a signed request. */
export const SIGNED_METHODS = [
  'pollFor',
  'report',
  'putChunk',
  'putFrame',
  'arrived',
  'statePart',
  'rowsSince',
  'rowEmbeddings',
  'rostersAfter',
] as const;
export type SignedMethod = (typeof SIGNED_METHODS)[number];
/** The method's own answer, or why the signature is refused. */
export type SignedResult<M extends SignedMethod> = Outcome<Awaited<ReturnType<Hub[M]>>>;

/** What the edge asks of the coordinator for participants that come over HTTP. */
export interface Hub extends Omit<CoordinatorPort, 'report' | 'putFrame'> {
  /** @param waitMs how long the answer may be held for the next instruction; undefined: it brings none */
  report(message: Exclude<ParticipantMessage, { type: 'poll' }>, waitMs?: number): Promise<Ack>;
  putFrame(participant: string, round: string, bytes: Uint8Array, waitMs?: number): Promise<Ack>;
  /** Takes a signed request for its participant's; a second time it is refused. */
  admit(request: RequestSignature): Promise<Outcome<string>>;
  /** `admit`, and what the request asks for if it is admitted, in one call. */
  signed<M extends SignedMethod>(
    request: RequestSignature,
    method: M,
    args: Parameters<Hub[M]>,
  ): Promise<SignedResult<M>>;
  /** `poll` that is held for up to `waitMs` while a run is on and has nothing for this participant. */
  pollFor(participant: string, waitMs: number): Promise<Instruction>;
  /** Signed rosters after an epoch, oldest first. */
  rostersAfter(epoch: number): Promise<AnySignedRoster[]>;
}
