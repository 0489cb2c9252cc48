/** Vectors of a plain sum as they come in from participants, in pieces, in the Coordinator's SQLite. */
import { packedLength } from '../../shared/crypto/packed-ring.ts';
import { PART_BYTES, partCount } from '../../shared/protocol/parameters.ts';
import type { RoundSpec } from '../../shared/protocol/rounds.ts';
import type { ParticipantPhase } from '../../shared/round/round-machine.ts';
import type { Blobs } from '../sql.ts';

export const UPLOADS = 'upload/';

/** Whether a piece is one of the round's vector: of a secure sum none is, and each has one length. */
export function isPieceOf(spec: RoundSpec | null, chunk: number, length: number): boolean {
  if (spec?.aggregation !== 'plain') return false;
  const all = packedLength(spec.dimension, spec.bits);
  return chunk < partCount(all) && length === Math.min(PART_BYTES, all - chunk * PART_BYTES);
}

export class Uploads {
  readonly #blobs: Blobs;

  constructor(blobs: Blobs) {
    this.#blobs = blobs;
  }

  /** Keeps a piece, unless the vector was called ready. @returns whether it is one of the round's */
  store(
    spec: RoundSpec | null,
    participant: string,
    chunk: number,
    bytes: Uint8Array,
    phase: ParticipantPhase,
  ): boolean {
    if (!isPieceOf(spec, chunk, bytes.length)) return false;
    if (phase !== 'ready') this.#blobs.putPart(UPLOADS + participant, chunk, bytes);
    return true;
  }

  chunksOf(participant: string): number[] {
    return this.#blobs.partNumbers(UPLOADS + participant);
  }

  /** As it was uploaded; null unless all of it is here. */
  vector(participant: string, { dimension, bits }: RoundSpec): Uint8Array | null {
    const bytes = this.#blobs.get(UPLOADS + participant);
    return bytes?.length === packedLength(dimension, bits) ? bytes : null;
  }

  clear(): void {
    this.#blobs.deletePrefix(UPLOADS);
  }
}
