/**
 * Smoothing before quantisation (SmoothQuant, arXiv 2211.10438, eq. 4): a few input channels of a linear map are an
 * order of magnitude larger than the rest and would set the scale of every token. Such a map is shipped as
 * `W·diag(1/s)` with its input to be multiplied by `s`, so that neither side has outliers.
 */
import { type PlainBert, plainForward, type ReadTensor } from './plain-bert.ts';

/** How much of the difficulty moves from the input to the weight; measured in docs/decisions/0002. */
const MIGRATION = 0.6;
const CALIBRATION_TEXTS = 32;
const CALIBRATION_TOKENS = 16;

/** Maps whose input is a layer norm's output; the other two gain nothing (docs/decisions/0002). */
export function isSmoothed(linear: string): boolean {
  return /\.attention\.qkv$|\.intermediate$/.test(linear);
}

/**
 * For every smoothed map its `s` `[inputs]`, from the largest magnitude of each input channel over texts of
 * uniformly random tokens. The model's outlier channels do not depend on what is said, so no data is needed; the
 * draws are a fixed sequence, so that the same model makes the same artifact.
 */
export function smoothingFactors(
  model: PlainBert,
  read: ReadTensor,
  maxTokens: number,
): Map<string, Float32Array> {
  const largest = new Map<string, Float32Array>();
  const tokens = Math.min(CALIBRATION_TOKENS, maxTokens);
  let state = 1;
  for (let text = 0; text < CALIBRATION_TEXTS; text++) {
    const ids = Array.from({ length: tokens }, () => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return Math.floor((state / 2 ** 32) * model.vocabulary);
    });
    plainForward(model, read, ids, (linear, input) => {
      if (!isSmoothed(linear)) return;
      const seen = largest.get(linear) ?? new Float32Array(input.length / tokens);
      input.forEach((value, i) => {
        const channel = i % seen.length;
        seen[channel] = Math.max(seen[channel]!, Math.abs(value));
      });
      largest.set(linear, seen);
    });
  }
  return new Map([...largest].map(([linear, inputs]) => [linear, factors(inputs, read(`${linear}.weight`))]));
}

/** `weight` [out, inputs] with column j divided by `s[j]`. */
export function smoothWeight(weight: Float32Array, s: Float32Array): Float32Array {
  return weight.map((value, i) => value / s[i % s.length]!);
}

/** `s_j = max|W_j|^(1−m) / max|x_j|^m`, scaled to a geometric mean of 1. */
function factors(inputs: Float32Array, weight: Float32Array): Float32Array {
  const columns = new Float32Array(inputs.length);
  weight.forEach((value, i) => {
    const column = i % columns.length;
    columns[column] = Math.max(columns[column]!, Math.abs(value));
  });
  // A dead channel or column must not make a factor of 0 or infinity.
  const logs = Array.from(inputs, (input, j) => {
    return (
      (1 - MIGRATION) * Math.log(Math.max(columns[j]!, 1e-5)) - MIGRATION * Math.log(Math.max(input, 1e-5))
    );
  });
  const mean = logs.reduce((a, b) => a + b, 0) / logs.length;
  return Float32Array.from(logs, (log) => Math.exp(log - mean));
}
