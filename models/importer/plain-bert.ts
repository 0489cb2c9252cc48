/**
 * BERT's forward pass in plain loops over the layout's fp32 tensors, one text at a time: what the importer looks at
 * to see how large the inputs of each linear map become. Slow, and independent of the engine's graph.
 */
import type { ModelManifest } from '../manifest.ts';
import type { BertShape } from './bert-layout.ts';

/** A tensor of the layout by its artifact name. */
export type ReadTensor = (name: string) => Float32Array;

export interface PlainBert
  extends Pick<BertShape, 'width' | 'layers' | 'heads' | 'intermediate' | 'vocabulary'> {
  layerNormEpsilon: number;
  pooling: ModelManifest['pooling'];
}

/** Called with the input `[tokens, inputs]` of every linear map, by the map's artifact name (without `.weight`). */
export type Observer = (linear: string, input: Float32Array) => void;

/** The last layer's mean, or its first token, `[width]`, not normalised, for `ids` with [CLS] and [SEP]. */
export function plainForward(
  model: PlainBert,
  read: ReadTensor,
  ids: ArrayLike<number>,
  observe: Observer = () => {},
): Float32Array {
  const { width, layers } = model;
  const tokens = ids.length;
  const linear = (name: string, input: Float32Array) => {
    observe(name, input);
    return matmul(input, read(`${name}.weight`), read(`${name}.bias`), tokens);
  };
  const norm = (name: string, input: Float32Array) =>
    layerNorm(input, read(`${name}.gamma`), read(`${name}.beta`), model.layerNormEpsilon);

  let x = norm('embeddings.norm', embed(read, ids, width));
  for (let i = 0; i < layers; i++) {
    const qkv = linear(`layer.${i}.attention.qkv`, x);
    const context = attention(qkv, tokens, width, model.heads);
    x = norm(`layer.${i}.attention.norm`, sum(x, linear(`layer.${i}.attention.output`, context)));
    const hidden = linear(`layer.${i}.intermediate`, x).map(gelu);
    x = norm(`layer.${i}.output.norm`, sum(x, linear(`layer.${i}.output`, hidden)));
  }
  if (model.pooling === 'cls') return x.slice(0, width);
  const mean = new Float32Array(width);
  for (let i = 0; i < x.length; i++) mean[i % width]! += x[i]! / tokens;
  return mean;
}

function embed(read: ReadTensor, ids: ArrayLike<number>, width: number): Float32Array {
  const [word, position, type] = ['word', 'position', 'type'].map((name) => read(`embeddings.${name}`));
  const x = new Float32Array(ids.length * width);
  for (let t = 0; t < ids.length; t++) {
    for (let j = 0; j < width; j++) {
      x[t * width + j] = word![ids[t]! * width + j]! + position![t * width + j]! + type![j]!;
    }
  }
  return x;
}

/** `input` [rows, inputs] times the transpose of `weight` [out, inputs], plus `bias` [out]. */
function matmul(input: Float32Array, weight: Float32Array, bias: Float32Array, rows: number): Float32Array {
  const out = bias.length;
  const inputs = weight.length / out;
  const result = new Float32Array(rows * out);
  for (let o = 0; o < out; o++) {
    for (let r = 0; r < rows; r++) {
      let total = bias[o]!;
      for (let i = 0; i < inputs; i++) total += input[r * inputs + i]! * weight[o * inputs + i]!;
      result[r * out + o] = total;
    }
  }
  return result;
}

/** Softmax attention of every head over `qkv` [tokens, 3·width]. */
function attention(qkv: Float32Array, tokens: number, width: number, heads: number): Float32Array {
  const size = width / heads;
  const context = new Float32Array(tokens * width);
  const scores = new Float64Array(tokens);
  for (let head = 0; head < heads; head++) {
    for (let t = 0; t < tokens; t++) {
      const query = t * 3 * width + head * size;
      for (let s = 0; s < tokens; s++) {
        const key = (3 * s + 1) * width + head * size;
        let dot = 0;
        for (let j = 0; j < size; j++) dot += qkv[query + j]! * qkv[key + j]!;
        scores[s] = dot / Math.sqrt(size);
      }
      const largest = Math.max(...scores);
      const weights = scores.map((score) => Math.exp(score - largest));
      const total = weights.reduce((a, b) => a + b, 0);
      for (let s = 0; s < tokens; s++) {
        const value = (3 * s + 2) * width + head * size;
        for (let j = 0; j < size; j++) {
          context[t * width + head * size + j]! += (weights[s]! / total) * qkv[value + j]!;
        }
      }
    }
  }
  return context;
}

function layerNorm(
  input: Float32Array,
  gamma: Float32Array,
  beta: Float32Array,
  epsilon: number,
): Float32Array {
  const width = gamma.length;
  const result = new Float32Array(input.length);
  for (let start = 0; start < input.length; start += width) {
    const row = input.subarray(start, start + width);
    const mean = row.reduce((a, b) => a + b, 0) / width;
    const variance = row.reduce((a, b) => a + (b - mean) ** 2, 0) / width;
    const factor = 1 / Math.sqrt(variance + epsilon);
    for (let j = 0; j < width; j++) result[start + j] = (row[j]! - mean) * factor * gamma[j]! + beta[j]!;
  }
  return result;
}

function sum(a: Float32Array, b: Float32Array): Float32Array {
  return a.map((value, i) => value + b[i]!);
}

function gelu(x: number): number {
  return 0.5 * x * (1 + erf(x / Math.SQRT2));
}

/** Abramowitz and Stegun 7.1.26, absolute error below 1.5e-7. */
function erf(x: number): number {
  const t = 1 / (1 + 0.3275911 * Math.abs(x));
  const polynomial =
    ((((1.061405429 * t - 1.453152027) * t + 1.421413741) * t - 0.284496736) * t + 0.254829592) * t;
  return Math.sign(x) * (1 - polynomial * Math.exp(-x * x));
}
