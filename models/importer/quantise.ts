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
/** Far above fp32's subnormals, which are imprecise and flushed to zero by some processors. */
const SMALLEST_SCALE = 1e-30;

/** Quantises finite `values` `[rows, columns]`. Throws a RangeError when their number is another. */
export function quantiseRows(values: Float32Array, rows: number, columns: number): QuantisedRows {
  if (values.length !== rows * columns) {
    throw new RangeError(`quantiseRows: ${values.length} values do not make [${rows}, ${columns}]`);
  }
  const codes = new Int8Array(values.length);
  const scales = new Float32Array(rows);
  for (let row = 0; row < rows; row++) {
    const start = row * columns;
    const slice = values.subarray(start, start + columns);
    const largest = slice.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    const scale = Math.fround(Math.max(largest / LIMIT, SMALLEST_SCALE));
    scales[row] = scale;
    for (let i = 0; i < columns; i++) codes[start + i] = encode(slice[i]!, scale);
  }
  return { codes, scales };
}

function encode(value: number, scale: number): number {
  return Math.max(-LIMIT, Math.min(LIMIT, Math.round(value / scale)));
}
