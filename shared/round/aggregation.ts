/**
 * The aggregation step: how a round's vectors become their sum. The first implementation is the plain sum, which
 * sees every vector; whatever replaces it must return the same integers.
 */
import { addPacked } from '../crypto/packed-ring.ts';

/** Where the vectors that participants uploaded lie. */
export interface UploadedVectors {
  /** A participant's vector, packed; null when it is not complete. */
  vector(participant: string): Uint8Array | null;
}

export interface Aggregation {
  readonly name: 'plain-sum';
  /** Sum over the contributors, `dimension` words, of which `bits` count. @throws RangeError when a vector is missing */
  sum(
    contributors: readonly string[],
    ring: { dimension: number; bits: number },
    uploads: UploadedVectors,
  ): Uint32Array;
}

export const plainSum: Aggregation = {
  name: 'plain-sum',
  sum(contributors, { dimension, bits }, uploads) {
    const total = new Uint32Array(dimension);
    for (const participant of contributors) {
      const bytes = uploads.vector(participant);
      if (bytes === null) throw new RangeError(`aggregation: the vector of ${participant} is not complete`);
      addPacked(total, bytes, bits);
    }
    return total;
  },
};
