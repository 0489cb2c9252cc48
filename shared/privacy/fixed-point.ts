/**
 * Between real sums and the ring Z mod 2ᵇ, held as words mod 2³²: x = ⌊S/γ + r⌋ with a uniform dither r, γ = c/(100·√d).
 * For any fixed dither one unit moves x by at most Δ = c/γ + √d = 101·√d grid steps in L2, so that Δ² = 10,201·d is an
 * integer. γ follows from public values alone; wrapping is post-processing and costs accuracy only.
 */
import type { RandomSource } from './random-source.ts';

/** Grid steps in c, over √d. */
const STEPS_PER_NORM = 100;

/** The grid of a round. */
export interface Grid {
  /** d, coordinates of the vector. */
  readonly dimension: number;
  /** c, the L2 norm a unit may have. */
  readonly clipNorm: number;
  /** γ, real units a grid step. */
  readonly step: number;
  /** Δ², in squared grid steps. */
  readonly sensitivitySquared: number;
}

/**
 * The grid for vectors of `dimension` coordinates and units of L2 norm at most `clipNorm`.
 * @throws RangeError for a dimension outside 1 … 2²⁵ or a norm that is not positive
 */
export function roundGrid(dimension: number, clipNorm: number): Grid {
  if (!Number.isInteger(dimension) || dimension < 1 || dimension > 2 ** 25) {
    throw new RangeError(`dimension must be an integer from 1 to 2^25, got ${dimension}`);
  }
  if (!(clipNorm > 0 && Number.isFinite(clipNorm))) {
    throw new RangeError(`clip norm must be positive, got ${clipNorm}`);
  }
  return {
    dimension,
    clipNorm,
    step: clipNorm / (STEPS_PER_NORM * Math.sqrt(dimension)),
    sensitivitySquared: (STEPS_PER_NORM + 1) ** 2 * dimension,
  };
}

/**
 * Encodes a region's sum over its units.
 * @param sum d reals
 * @param dither drawn from, one word a coordinate
 * @throws RangeError for another length or a coordinate that is not finite
 */
export function encodeSum(
  sum: Float64Array | Float32Array,
  grid: Grid,
  dither: RandomSource,
): Uint32Array<ArrayBuffer> {
  checkLength(sum.length, grid);
  const ring = new Uint32Array(sum.length);
  for (let i = 0; i < ring.length; i++) {
    const value = sum[i]! / grid.step;
    if (!Number.isFinite(value)) throw new RangeError(`sum must be finite, coordinate ${i} is not`);
    ring[i] = Math.floor(value + dither.nextWord() * 2 ** -32);
  }
  return ring;
}

/**
 * Decodes a sum of encoded vectors: residues mod 2ᵇ taken between −2ᵇ⁻¹ and 2ᵇ⁻¹, times γ, divided by a denominator that
 * is fixed beforehand.
 * @param bits b
 * @throws RangeError for another length or a denominator that is not positive
 */
export function decodeSum(
  ring: Uint32Array,
  grid: Grid,
  bits: number,
  denominator: number,
): Float64Array<ArrayBuffer> {
  checkLength(ring.length, grid);
  if (!(denominator > 0)) throw new RangeError(`denominator must be positive, got ${denominator}`);
  const scale = grid.step / denominator;
  const above = 32 - bits;
  return Float64Array.from(ring, (residue) => ((residue << above) >> above) * scale);
}

function checkLength(length: number, { dimension }: Grid): void {
  if (length !== dimension) throw new RangeError(`vector must have ${dimension} coordinates, got ${length}`);
}
