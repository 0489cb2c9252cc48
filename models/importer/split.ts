/**
 * Outlier channel splitting (Zhao et al. 2019, arXiv 1901.09504) of the feed-forward layer: BERT-type encoders have
 * single output weights tens of times larger than all others, which set the scale of their row and, in the
 * backward pass, of every token's gradient. Their hidden units are computed several times over and their weights
 * shared among the copies: the same function, without the giants.
 */
import type { BertShape } from './bert-layout.ts';

/** A weight is a giant when it is this many times larger than the median of its matrix's row maxima. */
const GIANT = 4;
/** Copies that every layer gets when any has a giant; all layers have the same number of hidden units. */
const COPIES = 16;

/**
 * Splits hidden units in the tensors `values` of the artifact's layout, in place, and gives the new number of
 * hidden units: `intermediate` itself when no layer has a giant.
 */
export function splitHiddenUnits(
  model: Pick<BertShape, 'width' | 'layers' | 'intermediate'>,
  values: Map<string, Float32Array>,
): number {
  const { width, intermediate } = model;
  const layers = Array.from({ length: model.layers }, (_, i) => `layer.${i}`);
  const get = (name: string) => values.get(name)!;
  if (!layers.some((layer) => hasGiant(get(`${layer}.output.weight`), intermediate))) return intermediate;
  for (const layer of layers) {
    const output = get(`${layer}.output.weight`);
    const counts = copiesOf(output, intermediate);
    const origin = Array.from(counts).flatMap((count, unit) => new Array<number>(count).fill(unit));
    const weight = get(`${layer}.intermediate.weight`);
    const bias = get(`${layer}.intermediate.bias`);
    const rows = origin.flatMap((unit) => [...weight.subarray(unit * width, (unit + 1) * width)]);
    values.set(`${layer}.intermediate.weight`, Float32Array.from(rows));
    values.set(
      `${layer}.intermediate.bias`,
      Float32Array.from(origin, (unit) => bias[unit]!),
    );
    const shared = Float32Array.from({ length: width * origin.length }, (_, i) => {
      const unit = origin[i % origin.length]!;
      return output[Math.floor(i / origin.length) * intermediate + unit]! / counts[unit]!;
    });
    values.set(`${layer}.output.weight`, shared);
  }
  return intermediate + COPIES;
}

function hasGiant(output: Float32Array, units: number): boolean {
  const maxima: number[] = [];
  for (let start = 0; start < output.length; start += units) {
    const row = output.subarray(start, start + units);
    maxima.push(row.reduce((most, value) => Math.max(most, Math.abs(value)), 0));
  }
  maxima.sort((a, b) => a - b);
  return maxima.at(-1)! > GIANT * maxima[maxima.length >> 1]!;
}

/** How often each hidden unit is computed: one by one, the copies go where the largest weight is. */
function copiesOf(output: Float32Array, units: number): Uint8Array {
  const largest = new Float32Array(units);
  output.forEach((value, i) => {
    largest[i % units] = Math.max(largest[i % units]!, Math.abs(value));
  });
  const counts = new Uint8Array(units).fill(1);
  for (let copy = 0; copy < COPIES; copy++) {
    let worst = 0;
    for (let unit = 1; unit < units; unit++) {
      if (largest[unit]! / counts[unit]! > largest[worst]! / counts[worst]!) worst = unit;
    }
    counts[worst]! += 1;
  }
  return counts;
}
