/** Checks of what callers hand to the engine: ONNX Runtime reads out of bounds silently or fails obscurely. */
import type { GradientRequest, HeadObjective } from '../engine.ts';

/** Throws a RangeError unless `actual` is `expected`. */
export function checkLength(field: string, actual: number, expected: number): void {
  if (actual !== expected) throw new RangeError(`${field} is of size ${actual}, ${expected} is expected`);
}

/** Throws a RangeError for an empty or too long text, or an id outside of the vocabulary. */
export function checkIds(texts: readonly Int32Array[], maxTokens: number, vocabulary: number): void {
  for (const [index, ids] of texts.entries()) {
    if (ids.length < 1 || ids.length > maxTokens) {
      throw new RangeError(`ids[${index}] has ${ids.length} tokens, 1 to ${maxTokens} are allowed`);
    }
    for (const id of ids) {
      if (id < 0 || id >= vocabulary) {
        throw new RangeError(`ids[${index}] holds ${id}, the vocabulary has ${vocabulary} tokens`);
      }
    }
  }
}

/** Throws a RangeError unless `sums` are of whole rows from the first on, with every one that learns. */
export function checkHeadSums(sums: Float64Array, active: Uint8Array, width: number): void {
  const rows = 1 + active.lastIndexOf(1);
  const { length } = sums;
  if (length % width === 0 && length >= rows * width && length <= active.length * width) return;
  throw new RangeError(
    `sums.head is of size ${length}, rows of ${width} are expected: at least the ${rows} up to the last that learns, at most ${active.length}`,
  );
}

/** Throws a RangeError unless every label is one of `count` rows. */
export function checkRows(rows: ArrayLike<number>, count: number): void {
  for (let index = 0; index < rows.length; index += 1) {
    const row = rows[index]!;
    if (!Number.isInteger(row) || row < 0 || row >= count) {
      throw new RangeError(`row ${row} of unit ${index} is not one of the head's ${count} rows`);
    }
  }
}

/** Throws a RangeError for a head whose sizes disagree, a temperature or a clip norm that is not positive. */
export function checkHead(
  { head, active, tau, margin = 0 }: HeadObjective,
  width: number,
  clip: GradientRequest['clip'],
): void {
  if (active.length < 1) throw new RangeError('head has no rows');
  checkLength('head', head.length, active.length * width);
  if (!(tau > 0 && tau < Number.POSITIVE_INFINITY))
    throw new RangeError(`tau is ${tau}, it must be positive`);
  if (!(margin >= -2 && margin <= 2))
    throw new RangeError(`margin is ${margin}, it must be between -2 and 2`);
  for (const [part, limit] of Object.entries(clip)) {
    if (limit !== undefined && !(limit > 0))
      throw new RangeError(`clip.${part} is ${limit}, it must be positive`);
  }
}
