/**
 * Symmetric int8 with one scale per output row: `value ≈ code · scale`, codes in −127…127. −128 is never used, so
 * that negating a row negates its codes.
 */

export interface QuantisedRows {
  /** `[rows, columns]`. */
  codes: Int8Array;
  /** `[rows]`, positive also for a row of zeros. */
  scales: Float32Array;
}

const LIMIT = 127;

/** Quantises `values` `[rows, columns]`; throws a RangeError that names the row when a value is not finite. */
export function quantiseRows(values: Float32Array, rows: number, columns: number): QuantisedRows {
  if (values.length !== rows * columns) {
    throw new RangeError(`quantiseRows: ${values.length} values do not make [${rows}, ${columns}]`);
  }
  const codes = new Int8Array(values.length);
  const scales = new Float32Array(rows);
  for (let row = 0; row < rows; row++) {
    const start = row * columns;
    const slice = values.subarray(start, start + columns);
    const largest = largestMagnitude(slice);
    if (!Number.isFinite(largest))
      throw new RangeError(`quantiseRows: row ${row} has a value that is not finite`);
    const scale = Math.fround(largest > 0 ? largest / LIMIT : 1);
    scales[row] = scale;
    for (let i = 0; i < columns; i++) codes[start + i] = encode(slice[i]!, scale);
  }
  return { codes, scales };
}

function encode(value: number, scale: number): number {
  return Math.max(-LIMIT, Math.min(LIMIT, Math.round(value / scale)));
}

/** NaN when any value is NaN. */
function largestMagnitude(values: Float32Array): number {
  let largest = 0;
  for (const value of values) {
    if (Number.isNaN(value)) return value;
    largest = Math.max(largest, Math.abs(value));
  }
  return largest;
}
