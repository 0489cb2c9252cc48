/**
 * The fast Fourier transform of power-of-two length in double precision, in place: iterative radix 2, decimation in time.
 */

/** A complex vector as two arrays of one length. */
export interface ComplexVector {
  readonly re: Float64Array;
  readonly im: Float64Array;
}

/**
 * Replaces `vector` by Σ_n x_n exp(−2πi·kn/N).
 * @throws RangeError unless the length is a power of two
 */
export function transform({ re, im }: ComplexVector): void {
  const length = re.length;
  if (length !== im.length || length === 0 || (length & (length - 1)) !== 0) {
    throw new RangeError(`length must be a power of two, got ${length}`);
  }
  for (let i = 1, j = 0; i < length; i++) {
    let bit = length >> 1;
    for (; j & bit; bit >>= 1) j ^= bit;
    j ^= bit;
    if (i < j) {
      [re[i], re[j]] = [re[j]!, re[i]!];
      [im[i], im[j]] = [im[j]!, im[i]!];
    }
  }
  const cosines = Float64Array.from({ length: length >> 1 }, (_, k) => Math.cos((2 * Math.PI * k) / length));
  const sines = Float64Array.from({ length: length >> 1 }, (_, k) => -Math.sin((2 * Math.PI * k) / length));
  for (let half = 1; half < length; half <<= 1) {
    const stride = length / (2 * half);
    for (let start = 0; start < length; start += 2 * half) {
      for (let k = 0; k < half; k++) {
        const wRe = cosines[k * stride]!;
        const wIm = sines[k * stride]!;
        const a = start + k;
        const b = a + half;
        const tRe = re[b]! * wRe - im[b]! * wIm;
        const tIm = re[b]! * wIm + im[b]! * wRe;
        re[b] = re[a]! - tRe;
        im[b] = im[a]! - tIm;
        re[a] = re[a]! + tRe;
        im[a] = im[a]! + tIm;
      }
    }
  }
}
