/**
 * The aggregation step: how a round's vectors become their sum. The first implementation is the plain sum, which
 * sees every vector; whatever replaces it must return the same integers.
 */
import { addInto } from '../crypto/ring.ts';

/** Where the vectors that participants uploaded lie. */
export interface UploadedVectors {
  /** Words of a participant's vector; null when it is not complete. */
  vector(participant: string): Uint32Array | null;
}

export interface Aggregation {
  readonly name: 'plain-sum';
  /** Sum mod 2³² over the contributors, `dimension` words. @throws RangeError when a vector is missing or too long. */
  sum(contributors: readonly string[], dimension: number, uploads: UploadedVectors): Uint32Array;
}

export const plainSum: Aggregation = {
  name: 'plain-sum',
  sum(contributors, dimension, uploads) {
    const total = new Uint32Array(dimension);
    for (const participant of contributors) {
      const words = uploads.vector(participant);
      if (words === null) throw new RangeError(`aggregation: the vector of ${participant} is not complete`);
      addInto(total, words);
    }
    return total;
  },
};
