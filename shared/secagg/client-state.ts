/**
 * A participant's round as plain JSON, to be kept in its own store and nowhere else: it holds secrets until the
 * unmasking answer is made. Invariant: an answer stands in `replies` before it leaves, and is never made twice.
 */

import type { Signer } from '../crypto/ed25519.ts';
import { packedLength, unpack, WHOLE_BYTES } from '../crypto/packed-ring.ts';
import type { RandomSource } from '../crypto/random.ts';
import type { ClientMessage, Roster, RoundParameters, ServerMessage } from '../protocol/secagg.ts';
import type { RosterPin } from './roster.ts';

export type ClientStep = 'advertised' | 'shared' | 'checked' | 'masked' | 'signed' | 'revealed';

export interface ClientState {
  version: 1;
  /** Counts saves, for compare-and-set. */
  revision: number;
  step: ClientStep;
  self: string;
  parameters: RoundParameters;
  roster: Roster;
  /** To be pinned by the caller. */
  pin: RosterPin;
  /**
   * Base64url; null once shares were revealed. `receive`: of the keys that each neighbour's parcel is sealed to. Sharing
   * uses the cipher secret up and draws the seed; opening the parcels uses the receiving secrets up, and masking draws
   * the seeds of the surplus noise.
   */
  secrets: {
    cipher: string | null;
    mask: string;
    seed: string | null;
    receive: Record<string, string>;
    surplus: string[];
  } | null;
  /** Digest of the advertisements that this member goes by; empty before it has seen them. */
  attempt: string;
  /** Public keys of this member and its neighbours who take part. */
  peers: Record<string, { cipherKey: string; maskKey: string }>;
  participants: string[];
  sharers: string[];
  maskers: string[];
  survivors: string[];
  dropped: string[];
  /** Shares held for others and for itself. Signing keeps the one kind that the reveal needs, which empties it. */
  held: Record<string, { seedShare: string | null; keyShare: string | null }>;
  /** The answer to each message, and the hash of the message that it answers. */
  replies: Partial<Record<ServerMessage['kind'], { request: string; reply: ClientMessage }>>;
}

/** Coordinates of the noised vector, read in pieces. */
export interface VectorSource {
  readonly dimension: number;
  /** A copy of coordinates `first … first + count − 1`. */
  read(first: number, count: number): Uint32Array | Promise<Uint32Array>;
}

export interface ClientTrust {
  readonly collection: string;
  /** The collection's Ed25519 admin key, base64url. */
  readonly adminKey: string;
  /** Null on first use. */
  readonly pin: RosterPin | null;
  /**
   * Compares the parameters with what this participant computes (model, task, q, z, c, γ, d) and may ask for local
   * approval of a roster's additions. Returns why not, or null.
   */
  approve(parameters: RoundParameters, roster: Roster): string | null | Promise<string | null>;
  /**
   * Puts on record what the round costs, before the masked vector is made; it lasts when the call returns. May be called
   * again. Throws when the vector must not leave.
   */
  charge(): void | Promise<void>;
}

export interface ClientEnvironment {
  readonly self: string;
  readonly signer: Signer;
  readonly random: RandomSource;
  readonly trust: ClientTrust;
  /** Needed for `parcels` only: the vector, and where its masked frames are kept before the answer is. */
  readonly input?: VectorSource;
  readonly putFrame?: (index: number, frame: Uint8Array) => void | Promise<void>;
}

export interface ClientStepResult {
  state: ClientState;
  reply: ClientMessage;
}

/** Over a vector packed to `bits`; pieces begin at multiples of `WHOLE_BYTES`. */
export function packedSource(vector: Uint8Array, bits: number, dimension: number): VectorSource {
  const read = (first: number, count: number) => {
    if (first % WHOLE_BYTES !== 0)
      throw new RangeError(`first: expected a multiple of ${WHOLE_BYTES}, got ${first}`);
    const from = packedLength(first, bits);
    return unpack(vector.subarray(from, from + packedLength(count, bits)), bits, count);
  };
  return { dimension, read };
}
