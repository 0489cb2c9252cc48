/**
 * Parameters that a participant works with are finite and of ordinary size. Clipping holds for them whatever they say
 * (models/graph); beyond these bounds fp32 would lose what it is computed from. Fixed by the protocol, far from what
 * training reaches: rows start at length one.
 */
import type { Parameters } from '../protocol/parameters.ts';
import type { TrainRound } from '../protocol/rounds.ts';

/** Of a row of the head, L2. */
export const ROW_LENGTH = { least: 2 ** -10, most: 2 ** 10 };
/** Of the adapter, L2. */
export const ADAPTER_LENGTH = 2 ** 16;
export const MOST_TEMPERATURE = 1000;

/** @param fixed rows that compete and do not learn, [rows, width]. @throws RangeError that names what is out of bounds */
export function checkParameters(
  { temperature }: Pick<TrainRound, 'temperature'>,
  { adapter, head }: Pick<Parameters, 'adapter' | 'head'>,
  fixed: Float32Array,
  width: number,
): void {
  if (!(temperature > 0 && temperature <= MOST_TEMPERATURE)) {
    throw new RangeError(`temperature: ${temperature} where at most ${MOST_TEMPERATURE} is agreed`);
  }
  const size = lengthOf(adapter);
  if (!(size <= ADAPTER_LENGTH)) {
    throw new RangeError(`adapter: of length ${size} where at most ${ADAPTER_LENGTH} is agreed`);
  }
  checkRows('head', head, width);
  checkRows('fixed', fixed, width);
}

/**
 * How much longer projecting may make a gradient: fp32 rounds directions, and far less than clipping leaves for rounding
 * (`CLIP_SLACK`).
 */
const MOST_STRETCH = 2 ** -14;

/**
 * Directions along which sums leave, [k, width]: orthonormal, so that no gradient is longer along them than it was
 * clipped to. ‖D‖² is at most the largest row sum of |DDᵀ| (Gershgorin).
 * @throws RangeError that says how long they make a gradient
 */
export function checkDirections(directions: Float32Array, width: number): void {
  if (directions.length % width !== 0)
    throw new RangeError(`directions: ${directions.length} values, not rows of ${width}`);
  const rows = Array.from({ length: directions.length / width }, (_, k) =>
    Float64Array.from(directions.subarray(k * width, (k + 1) * width)),
  );
  const sums = new Float64Array(rows.length);
  for (const [i, a] of rows.entries()) {
    for (let j = 0; j <= i; j++) {
      const b = rows[j]!;
      let product = 0;
      for (let at = 0; at < width; at++) product += a[at]! * b[at]!;
      sums[i]! += Math.abs(product);
      if (j < i) sums[j]! += Math.abs(product);
    }
  }
  const stretch = Math.sqrt(sums.reduce((most, sum) => (sum <= most ? most : sum), 0));
  if (!(stretch <= 1 + MOST_STRETCH)) {
    throw new RangeError(`directions: may make a gradient ${stretch} times as long, where 1 is agreed`);
  }
}

function checkRows(name: string, rows: Float32Array, width: number): void {
  for (let at = 0; at < rows.length; at += width) {
    const length = lengthOf(rows.subarray(at, at + width));
    if (length >= ROW_LENGTH.least && length <= ROW_LENGTH.most) continue;
    const { least, most } = ROW_LENGTH;
    throw new RangeError(
      `${name}: row ${at / width} is of length ${length} where ${least} to ${most} is agreed`,
    );
  }
}

/** L2; not a number where a value is not one. */
function lengthOf(values: Float32Array): number {
  let squares = 0;
  for (const value of values) squares += value * value;
  return Math.sqrt(squares);
}
