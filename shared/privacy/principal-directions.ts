/**
 * Projection of head-row gradients onto the leading principal directions of the documents' own embeddings, which are
 * public here: fewer coordinates carry noise, and an L2 norm never grows. Directions come from the second moment about
 * zero; they are orthonormal, and the same on every machine that runs the same arithmetic on the same embeddings.
 */
import { symmetricEigen } from './symmetric-eigen.ts';

/** Below this part of the largest eigenvalue a direction is arithmetic noise. */
const RANK_TOLERANCE = 1e-10;

/**
 * Up to `count` leading directions, [k, width] row-major, k ≤ min(count, rank). Of a direction and its negative the one
 * whose largest component is positive.
 * @param embeddings [C, width]
 * @throws RangeError for sizes that do not fit
 */
export function principalDirections(
  embeddings: Float32Array,
  width: number,
  count: number,
): Float32Array<ArrayBuffer> {
  if (embeddings.length % width !== 0) {
    throw new RangeError(`embeddings must be rows of ${width}, got ${embeddings.length} values`);
  }
  if (!Number.isInteger(count) || count < 1 || count > width) {
    throw new RangeError(`count must be an integer from 1 to ${width}, got ${count}`);
  }
  const moment = new Float64Array(width * width);
  for (let start = 0; start < embeddings.length; start += width) {
    for (let i = 0; i < width; i++) {
      const x = embeddings[start + i]!;
      for (let j = 0; j <= i; j++) moment[i * width + j]! += x * embeddings[start + j]!;
    }
  }
  for (let i = 0; i < width; i++) for (let j = 0; j < i; j++) moment[j * width + i] = moment[i * width + j]!;
  const { values, vectors } = symmetricEigen(moment, width);
  let kept = 0;
  while (kept < count && values[kept]! > RANK_TOLERANCE * values[0]!) kept += 1;
  const directions = new Float32Array(kept * width);
  for (let k = 0; k < kept; k++) {
    const row = vectors.subarray(k * width, (k + 1) * width);
    const largest = row.reduce((best, x) => (Math.abs(x) > Math.abs(best) ? x : best), 0);
    for (let j = 0; j < width; j++) directions[k * width + j] = largest < 0 ? -row[j]! : row[j]!;
  }
  return directions;
}

/** Coordinates of rows [C, width] along the directions [k, width]: [C, k]. */
export function projectRows(
  rows: Float32Array | Float64Array,
  directions: Float32Array,
  width: number,
): Float64Array<ArrayBuffer> {
  const count = directions.length / width;
  const projected = new Float64Array((rows.length / width) * count);
  for (let i = 0; i < projected.length; i++) {
    const row = Math.floor(i / count) * width;
    const direction = (i % count) * width;
    let sum = 0;
    for (let j = 0; j < width; j++) sum += rows[row + j]! * directions[direction + j]!;
    projected[i] = sum;
  }
  return projected;
}

/** The way back, [C, k] to [C, width]: the transpose. */
export function expandRows(
  projected: Float32Array | Float64Array,
  directions: Float32Array,
  width: number,
): Float64Array<ArrayBuffer> {
  const count = directions.length / width;
  const rows = new Float64Array((projected.length / count) * width);
  for (let i = 0; i < projected.length; i++) {
    const row = Math.floor(i / count) * width;
    const direction = (i % count) * width;
    for (let j = 0; j < width; j++) rows[row + j]! += projected[i]! * directions[direction + j]!;
  }
  return rows;
}
