/**
 * One bit a coordinate for rows that are searched without being read: RaBitQ (Gao and Long, SIGMOD 2024). A row's
 * difference from a centre is rotated at random and its signs are kept, with two factors that make the estimate of a
 * cosine unbiased over rotations. The best by estimate are then ranked exactly. At width 384 a row takes 48 bytes and two
 * factors. The query's coordinates stay as they are: sums of eight of them by the byte of their signs are looked up, which
 * takes less time than the paper's 4 bits do without vector instructions, and is exact (docs/decisions/0021).
 */
import { best, type RowScore } from '../retrieval/scores.ts';

/** Rows ranked exactly where all lie in memory; where each takes a read, candidates.ts says how many. */
export const CANDIDATES = 200;

/** Passes of the rotation; three mix all coordinates with each other. */
const PASSES = 4;

/**
 * A rotation of `width` coordinates, in time width · log width: signs flipped at random, then a Hadamard transform of
 * the first and of the last coordinates by turns, of as many as the largest power of two.
 */
export class Rotation {
  readonly width: number;
  readonly #signs: readonly Float32Array[];
  readonly #block: number;

  /** @throws RangeError unless the width is a multiple of 8 */
  constructor(width: number, seed: number) {
    if (width < 8 || width % 8 !== 0) throw new RangeError(`width: a multiple of 8 is needed, got ${width}`);
    this.width = width;
    this.#block = 2 ** Math.floor(Math.log2(width));
    let state = (seed ^ 0x9e3779b9) >>> 0;
    // Xorshift: what is needed is that no direction of the data is special.
    const bit = () => {
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      return (state >>> 16) & 1;
    };
    this.#signs = Array.from({ length: PASSES }, () =>
      Float32Array.from({ length: width }, () => (bit() === 1 ? 1 : -1)),
    );
  }

  /** Rotates in place. Vector: width floats. */
  rotate(vector: Float32Array): void {
    for (const [pass, signs] of this.#signs.entries()) {
      for (let i = 0; i < vector.length; i++) vector[i]! *= signs[i]!;
      const from = pass % 2 === 0 ? 0 : vector.length - this.#block;
      hadamard(vector.subarray(from, from + this.#block));
    }
  }
}

/** The orthonormal Walsh–Hadamard transform, in place. Length: a power of two. */
function hadamard(values: Float32Array): void {
  const { length } = values;
  for (let half = 1; half < length; half *= 2) {
    for (let from = 0; from < length; from += 2 * half) {
      for (let i = from; i < from + half; i++) {
        const a = values[i]!;
        const b = values[i + half]!;
        values[i] = a + b;
        values[i + half] = a - b;
      }
    }
  }
  const norm = 1 / Math.sqrt(length);
  for (let i = 0; i < length; i++) values[i]! *= norm;
}

/** What codes are made and read with; the same for all codes of a table. */
export interface CodeSpace {
  rotation: Rotation;
  /** Near the mean of the rows: width floats, and its own rotation. */
  centre: Float32Array;
  rotatedCentre: Float32Array;
}

export function codeSpace(centre: Float32Array, seed: number): CodeSpace {
  const rotation = new Rotation(centre.length, seed);
  const rotatedCentre = centre.slice();
  rotation.rotate(rotatedCentre);
  return { rotation, centre, rotatedCentre };
}

/** Codes of rows, one after another. Cosine ≈ ⟨q, c⟩ + shift + scale · Σ ±(rotated q − c). */
export interface Codes {
  /** Width / 8 bytes a row; the lowest bit is the first coordinate's. */
  signs: Uint8Array;
  scales: Float32Array;
  /** ⟨row − c, c⟩. */
  shifts: Float32Array;
}

export function blankCodes(rows: number, width: number): Codes {
  return {
    signs: new Uint8Array((rows * width) / 8),
    scales: new Float32Array(rows),
    shifts: new Float32Array(rows),
  };
}

/** Writes the code of the row of this number. Row: a unit vector, width floats. */
export function encodeRow({ rotation, centre }: CodeSpace, codes: Codes, row: number, vector: Float32Array) {
  const { width } = rotation;
  if (vector.length !== width)
    throw new RangeError(`vector: ${vector.length} floats where the width is ${width}`);
  const rest = vector.map((value, i) => value - centre[i]!);
  let shift = 0;
  let squares = 0;
  for (let i = 0; i < width; i++) {
    shift += rest[i]! * centre[i]!;
    squares += rest[i]! * rest[i]!;
  }
  rotation.rotate(rest);
  const at = (row * width) / 8;
  codes.signs.fill(0, at, at + width / 8);
  let sum = 0;
  for (let i = 0; i < width; i++) {
    sum += Math.abs(rest[i]!);
    if (rest[i]! >= 0) codes.signs[at + (i >> 3)]! |= 1 << (i & 7);
  }
  // ⟨rest, x⟩ / ⟨rest, sign(rest)⟩ times ⟨x, sign(rest)⟩: the projection on the signs, stretched to be unbiased.
  codes.scales[row] = sum > 0 ? squares / sum : 0;
  codes.shifts[row] = shift;
}

/** A query as codes are compared with it. */
export interface CodeQuery {
  /** [width / 8, 256]: Σ ± of eight coordinates, by the byte of their signs. */
  tables: Float32Array;
  /** ⟨q, c⟩. */
  offset: number;
  /** Deviation of an estimate, by the row's scale. */
  deviation: number;
}

/** √(1 − 2/π): what the signs of a direction at random miss of it. */
const MISSED_BY_SIGNS = Math.sqrt(1 - 2 / Math.PI);

/** @param query a unit vector, width floats */
export function codeQuery({ rotation, centre, rotatedCentre }: CodeSpace, query: Float32Array): CodeQuery {
  const { width } = rotation;
  if (query.length !== width)
    throw new RangeError(`query: ${query.length} floats where the width is ${width}`);
  const rotated = query.slice();
  rotation.rotate(rotated);
  let offset = 0;
  let squares = 0;
  for (let i = 0; i < width; i++) {
    offset += query[i]! * centre[i]!;
    rotated[i]! -= rotatedCentre[i]!;
    squares += rotated[i]! ** 2;
  }
  const tables = new Float32Array(width * 32);
  for (let byte = 0; byte < width / 8; byte++) {
    const table = tables.subarray(byte * 256, byte * 256 + 256);
    for (let i = 0; i < 8; i++) table[0]! -= rotated[byte * 8 + i]!;
    // With its highest bit set a byte has one coordinate more on the other side.
    for (let i = 0; i < 8; i++) {
      const twice = 2 * rotated[byte * 8 + i]!;
      for (let signs = 0; signs < 1 << i; signs++) table[signs + (1 << i)] = table[signs]! + twice;
    }
  }
  return { tables, offset, deviation: MISSED_BY_SIGNS * Math.sqrt(squares) };
}

/** Estimates the cosines of the query with the first `scores.length` rows. */
export function estimateScores(codes: Codes, { tables, offset }: CodeQuery, scores: Float32Array): void {
  const { signs, scales, shifts } = codes;
  const bytes = tables.length / 256;
  const even = bytes & ~3;
  for (let row = 0, at = 0; row < scores.length; row++) {
    // Four accumulators break the dependency chain of one.
    let a = 0;
    let b = 0;
    let c = 0;
    let d = 0;
    let table = 0;
    const end = at + even;
    for (; at < end; at += 4, table += 1024) {
      a += tables[table + signs[at]!]!;
      b += tables[table + 256 + signs[at + 1]!]!;
      c += tables[table + 512 + signs[at + 2]!]!;
      d += tables[table + 768 + signs[at + 3]!]!;
    }
    for (const last = at + bytes - even; at < last; at++, table += 256) a += tables[table + signs[at]!]!;
    scores[row] = offset + shifts[row]! + scales[row]! * (a + b + (c + d));
  }
}

/**
 * The `k` best of the `candidates` that are best by estimate, by their exact scores; best first.
 * @param exact score of a row: it is read for the candidates only
 */
export function rankCandidates(
  estimates: Float32Array,
  k: number,
  exact: (row: number) => number,
  candidates = CANDIDATES,
): RowScore[] {
  return best(estimates, Math.max(k, candidates))
    .map(({ row }) => ({ row, score: exact(row) }))
    .sort((x, y) => y.score - x.score || x.row - y.row)
    .slice(0, k);
}
