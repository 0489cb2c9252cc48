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
