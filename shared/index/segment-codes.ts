/**
 * One-bit codes of a segment's rows (codes.ts), as they are kept beside it: what is searched in its place where its rows do
 * not fit. The centre is the mean of its own rows. Layout: centre (f32, width), scales and shifts (f32, passages), signs
 * (width / 8 bytes a passage). All little-endian.
 */
import { freeBuffer } from '../free-buffer.ts';
import {
  blankCodes,
  type CodeSpace,
  type Codes,
  codeQuery,
  codeSpace,
  encodeRow,
  estimateScores,
} from './codes.ts';
import type { SegmentRows } from './segment.ts';

/** All codes are made and read with this rotation. */
const SEED = 1;

export interface SegmentCodes {
  space: CodeSpace;
  codes: Codes;
}

/** @param width a multiple of 8 */
export function encodeSegmentCodes({ scales, values }: SegmentRows, width: number): Uint8Array {
  const passages = scales.length;
  const centre = new Float32Array(width);
  const row = (passage: number): Float32Array => {
    const scale = scales[passage]!;
    return Float32Array.from({ length: width }, (_, i) => scale * values[passage * width + i]!);
  };
  for (let passage = 0; passage < passages; passage++) {
    const scale = scales[passage]! / passages;
    for (let i = 0; i < width; i++) centre[i]! += scale * values[passage * width + i]!;
  }
  const space = codeSpace(centre, SEED);
  const codes = blankCodes(passages, width);
  for (let passage = 0; passage < passages; passage++) encodeRow(space, codes, passage, row(passage));
  const bytes = new Uint8Array(4 * (width + 2 * passages) + codes.signs.length);
  const floats = new Float32Array(bytes.buffer, 0, width + 2 * passages);
  floats.set(centre);
  floats.set(codes.scales, width);
  floats.set(codes.shifts, width + passages);
  bytes.set(codes.signs, floats.byteLength);
  return bytes;
}

/** @throws TypeError when the bytes are not the codes of so many rows */
export function readSegmentCodes(input: Uint8Array, passages: number, width: number): SegmentCodes {
  const due = 4 * (width + 2 * passages) + (passages * width) / 8;
  if (input.length !== due) throw new TypeError(`segment codes: ${input.length} bytes where ${due} are due`);
  const bytes = input.byteOffset % 4 === 0 ? input : input.slice();
  const floats = new Float32Array(bytes.buffer, bytes.byteOffset, width + 2 * passages);
  return {
    space: codeSpace(floats.slice(0, width), SEED),
    codes: {
      scales: floats.subarray(width, width + passages),
      shifts: floats.subarray(width + passages),
      signs: bytes.subarray(floats.byteLength),
    },
  };
}

/** Estimates the cosines of a query with the rows, and how far each estimate deviates. */
export function estimateSegment(
  { space, codes }: SegmentCodes,
  query: Float32Array,
  scores: Float32Array,
  deviations: Float32Array,
): void {
  const coded = codeQuery(space, query);
  estimateScores(codes, coded, scores);
  for (let row = 0; row < deviations.length; row++) deviations[row] = codes.scales[row]! * coded.deviation;
  freeBuffer(coded.tables);
}
