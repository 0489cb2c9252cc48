/**
 * What is known before looking, applied to a noised sum: rows of similar documents move alike, and they move along
 * directions in which documents differ and the sums so far were seen to. Noise is spread evenly over all rows and
 * directions, so weighting both takes away more of it than of what was learned. Reads released sums and document
 * embeddings only (post-processing), and costs no privacy.
 */
import { type Eigen, symmetricEigen } from './symmetric-eigen.ts';

/** How far likeness between documents, and directions, weigh: eigenvalues of mean one to these powers … */
const ROW_POWER = 0.5;
const DIRECTION_POWER = 0.25;
/** … with this added to each, so that nothing is taken away wholly. */
const FLOOR = 0.3;
/** Share of the directions' weights that comes from the sums themselves; the documents give the rest. */
const SEEN = 0.3;
/** Below this part of the largest eigenvalue a direction is arithmetic noise. */
const RANK_TOLERANCE = 1e-10;

/** Documents of the rows, less their mean, [rows, width], and how they spread. */
export interface Likeness {
  readonly deviations: Float64Array;
  readonly width: number;
  /** Of deviationsᵀ·deviations. */
  readonly spread: Eigen;
  /** Whether they differ by more than rounding: documents that are all the same say nothing. */
  readonly differ: boolean;
}

/** @throws RangeError for embeddings that are not rows of `width`, or fewer than two */
export function likenessOf(embeddings: Float32Array, width: number): Likeness {
  const rows = embeddings.length / width;
  if (!Number.isInteger(rows) || rows < 2) {
    throw new RangeError(`embeddings must be two rows of ${width} or more, got ${embeddings.length} values`);
  }
  const deviations = centred(embeddings, width);
  const spread = symmetricEigen(gram(deviations, deviations, width), width);
  const squares = embeddings.reduce((all, value) => all + value * value, 0);
  return { deviations, width, spread, differ: spread.values[0]! > RANK_TOLERANCE * squares };
}

/**
 * `L·S·P` for the sum S [rows, width]. L weighs rows by the likeness of their documents, P directions; both have the
 * length of an identity, so that a learning rate means the same with and without them.
 * @param variance of the noise in each coordinate of `sum`
 */
export function smoothed(sum: Float64Array, variance: number, likeness: Likeness): Float64Array {
  const { width } = likeness;
  if (sum.length !== likeness.deviations.length) {
    throw new RangeError(
      `the sum has ${sum.length} coordinates, its rows' documents ${likeness.deviations.length}`,
    );
  }
  if (!likeness.differ) return sum.slice();
  return multiplied(alongRows(sum, likeness), directionWeights(sum, variance, likeness), width);
}

/** L·S without a [rows, rows] matrix: L is FLOOR^p but in the span of the documents. */
function alongRows(sum: Float64Array, { deviations, width, spread }: Likeness): Float64Array {
  const rows = sum.length / width;
  const total = spread.values.reduce((all, value) => all + Math.max(0, value), 0);
  const flat = FLOOR ** ROW_POWER;
  let squares = rows * flat * flat;
  // (dᵀd)⁻¹ · (weights − flat), as seen from the documents: U = d·V·s^(−1/2).
  const inner = spread.values.map((value) => {
    if (value <= RANK_TOLERANCE * spread.values[0]!) return 0;
    const weight = ((rows * value) / total + FLOOR) ** ROW_POWER;
    squares += weight * weight - flat * flat;
    return (weight - flat) / value;
  });
  const length = Math.sqrt(rows / squares);
  const seen = gram(deviations, sum, width);
  const turned = multiplied(sandwich(spread.vectors, inner, width), seen, width);
  const out = multiplied(deviations, turned, width);
  for (let i = 0; i < out.length; i++) out[i] = length * (out[i]! + flat * sum[i]!);
  return out;
}

/** P, [width, width]. */
function directionWeights(sum: Float64Array, variance: number, { width, spread }: Likeness): Float64Array {
  const { kept, seen } = aboveNoise(centred(sum, width), variance, width);
  const documents = spread.values.map((value) => Math.max(0, value));
  const base = sandwich(spread.vectors, documents, width);
  const known = documents.reduce((all, value) => all + value, 0);
  const share = seen > 0 ? SEEN : 0;
  const mixed = base.map((x, i) => {
    const own = share === 0 ? 0 : (share * width * kept[i]!) / seen;
    return own + ((1 - share) * width * x) / known;
  });
  const { values, vectors } = symmetricEigen(mixed, width);
  const weights = values.map((value) => (Math.max(0, value) + FLOOR) ** DIRECTION_POWER);
  const length = Math.sqrt(width / weights.reduce((all, weight) => all + weight * weight, 0));
  return sandwich(
    vectors,
    weights.map((weight) => length * weight),
    width,
  );
}

/**
 * What of a sum's spread over directions exceeds the noise, and so was learned: Σ max(0, λ − variance)·v·vᵀ over the
 * eigenvalues of movedᵀ·moved / rows, and its trace. Where rows are fewer than directions λ comes from moved·movedᵀ, which
 * has the same but for zeros: v = movedᵀ·u / √(λ·rows).
 * @param moved [rows, width]
 */
function aboveNoise(
  moved: Float64Array,
  variance: number,
  width: number,
): { kept: Float64Array; seen: number } {
  const rows = moved.length / width;
  const isWide = rows < width;
  const size = isWide ? rows : width;
  const sides = isWide ? transposed(moved, width) : moved;
  const { values, vectors } = symmetricEigen(
    gram(sides, sides, size).map((x) => x / rows),
    size,
  );
  const above = values.map((value) => Math.max(0, value - variance));
  const seen = above.reduce((all, value) => all + value, 0);
  if (!isWide) return { kept: sandwich(vectors, above, width), seen };
  const shares = above.map((value, i) => (value === 0 ? 0 : value / (values[i]! * rows)));
  const inner = sandwich(vectors, shares, rows);
  return { kept: gram(moved, product(inner, moved, rows, width), width, true), seen };
}

/** [width, rows] of [rows, width]. */
function transposed(a: Float64Array, width: number): Float64Array {
  const rows = a.length / width;
  return Float64Array.from(a, (_, at) => a[(at % rows) * width + Math.floor(at / rows)]!);
}

/** Rows less their mean. */
function centred(rows: Float32Array | Float64Array, width: number): Float64Array {
  const mean = new Float64Array(width);
  for (let i = 0; i < rows.length; i++) mean[i % width]! += rows[i]! / (rows.length / width);
  return Float64Array.from(rows, (value, i) => value - mean[i % width]!);
}

/**
 * aᵀ·b for a and b [rows, width], four rows at a time: a pass over the result, which fits no near cache, serves four.
 * @param symmetric whether the result is known to be: then half of it is computed
 */
function gram(a: Float64Array, b: Float64Array, width: number, symmetric = a === b): Float64Array {
  const out = new Float64Array(width * width);
  const even = a.length - (a.length % (4 * width));
  for (let at = 0; at < even; at += 4 * width) {
    const [second, third, fourth] = [at + width, at + 2 * width, at + 3 * width] as const;
    for (let i = 0; i < width; i++) {
      const [w, x, y, z] = [a[at + i]!, a[second + i]!, a[third + i]!, a[fourth + i]!];
      const to = i * width;
      for (let j = symmetric ? i : 0; j < width; j++)
        out[to + j]! += w * b[at + j]! + x * b[second + j]! + y * b[third + j]! + z * b[fourth + j]!;
    }
  }
  for (let at = even; at < a.length; at += width) {
    for (let i = 0; i < width; i++) {
      const x = a[at + i]!;
      for (let j = symmetric ? i : 0; j < width; j++) out[i * width + j]! += x * b[at + j]!;
    }
  }
  if (symmetric)
    for (let i = 0; i < width; i++) for (let j = 0; j < i; j++) out[i * width + j] = out[j * width + i]!;
  return out;
}

/** a·b for a [rows, width] and b [width, width]. */
const multiplied = (a: Float64Array, b: Float64Array, width: number): Float64Array =>
  product(a, b, width, width);

/** a·b for a [rows, inner] and b [inner, width], four terms at a time. */
function product(a: Float64Array, b: Float64Array, inner: number, width: number): Float64Array {
  const out = new Float64Array((a.length / inner) * width);
  for (let at = 0, to = 0; at < a.length; at += inner, to += width) {
    let i = 0;
    for (; i + 4 <= inner; i += 4) {
      const [w, x, y, z] = [a[at + i]!, a[at + i + 1]!, a[at + i + 2]!, a[at + i + 3]!];
      const from = i * width;
      const [second, third, fourth] = [from + width, from + 2 * width, from + 3 * width] as const;
      for (let j = 0; j < width; j++)
        out[to + j]! += w * b[from + j]! + x * b[second + j]! + y * b[third + j]! + z * b[fourth + j]!;
    }
    for (; i < inner; i++) {
      const x = a[at + i]!;
      for (let j = 0; j < width; j++) out[to + j]! += x * b[i * width + j]!;
    }
  }
  return out;
}

/** Vᵀ·diag(values)·V for eigenvectors in rows. */
function sandwich(vectors: Float64Array, values: Float64Array, width: number): Float64Array {
  const scaled = vectors.map((x, i) => x * values[Math.floor(i / width)]!);
  return gram(scaled, vectors, width, true);
}
