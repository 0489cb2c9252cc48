/**
 * A participant's view of its coordinator. One implementation speaks Durable Object RPC; every call may be
 * repeated.
 */
import type { Instruction, ParticipantMessage, RowEntry, VectorChunk } from '../protocol/rounds.ts';

export interface Ack {
  /** False when the round is over or another one runs: drop the work. */
  current: boolean;
}

export interface CoordinatorPort {
  poll(participant: string): Promise<Instruction>;
  report(message: Exclude<ParticipantMessage, { type: 'poll' }>): Promise<Ack>;
  putChunk(header: VectorChunk, bytes: Uint8Array): Promise<Ack>;
  /** One frame of the masked vector, after the message that announces it. */
  putFrame(participant: string, round: string, bytes: Uint8Array): Promise<Ack>;
  /** A part of stored parameters or of a snapshot; null when it is gone. */
  statePart(key: string, part: number): Promise<Uint8Array | null>;
  /** Changes of the row table after `after`, in order, at most `limit`. */
  rowsSince(after: number, limit: number): Promise<RowEntry[]>;
  /** Base embeddings of rows, [rows, width]. */
  rowEmbeddings(rows: number[]): Promise<Float32Array>;
}
