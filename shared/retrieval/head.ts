/**
 * The head as it is served: unit rows in int8 with one scale each. A row starts at its passage's embedding from
 * the adapter-free encoder, so that an untrained head is maximum-inner-product search.
 */

/**
 * Quantises one row to int8 and returns the scale with which `scale · Σ q_i·row_i` is the cosine of q and the row
 * for a unit q. The scale makes the *quantised* row a unit vector, so cosines stay at most one.
 */
export function quantiseRow(row: Float32Array, into: Int8Array): number {
  let largest = 0;
  for (let i = 0; i < row.length; i++) largest = Math.max(largest, Math.abs(row[i]!));
  if (!(largest > 0) || !Number.isFinite(largest)) {
    into.fill(0);
    return 0;
  }
  const factor = 127 / largest;
  let squares = 0;
  for (let i = 0; i < row.length; i++) {
    const value = Math.round(row[i]! * factor);
    into[i] = value;
    squares += value * value;
  }
  return 1 / Math.sqrt(squares);
}

export function dot(a: Float32Array, b: Float32Array, bOffset = 0): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[bOffset + i]!;
  return sum;
}
