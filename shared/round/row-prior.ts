/**
 * Few queries say little about a row: it is served as the mean of the direction that it learned and of its passage's
 * embedding, weighted by numbers of queries, as means are adapted by maximum a posteriori estimation (Gauvain and Lee
 * 1994, "Maximum a posteriori estimation for multivariate Gaussian mixture observations of Markov chains").
 */

/**
 * @param head [rows, width], rows of any length but zero
 * @param start unit embeddings of the rows' passages, [rows, width]; zeros where a passage is gone
 * @param counts queries that asked for each row
 * @param strength queries that a passage's embedding counts for; 0 leaves the head as it is
 * @returns [rows, width]
 */
export function withRowPrior(
  head: Float32Array,
  start: Float32Array,
  counts: Float32Array,
  strength: number,
): Float32Array {
  if (strength === 0) return head;
  const width = head.length / counts.length;
  const served = new Float32Array(head.length);
  counts.forEach((count, row) => {
    const at = row * width;
    const learned = head.subarray(at, at + width);
    const weight = count / Math.hypot(...learned);
    for (let i = 0; i < width; i++) {
      served[at + i] = (weight * learned[i]! + strength * start[at + i]!) / (count + strength);
    }
  });
  return served;
}
