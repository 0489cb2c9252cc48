/**
 * Packs texts into microbatches of at most so many padded tokens. A text's padded length depends on its own length
 * alone, so that its result does not depend on what shares its microbatch; the longest microbatch sets the
 * memory footprint for good, since WASM memory never shrinks.
 */

/** Padded lengths are multiples of this. */
export const LENGTH_STEP = 8;

export interface Microbatch {
  /** Positions in the caller's list. */
  readonly members: readonly number[];
  /** Padded length S of every member. */
  readonly length: number;
}

/** The padded length of a text of `length` tokens: at least `LENGTH_STEP`, at most `maxTokens`. */
export function paddedLength(length: number, maxTokens: number): number {
  return Math.min(maxTokens, Math.max(1, Math.ceil(length / LENGTH_STEP)) * LENGTH_STEP);
}

/**
 * Groups texts of equal padded length, each group cut into equal parts of at most `microbatchTokens` padded tokens
 * (a single longer text makes its own microbatch). Order inside a group is the caller's; the longest come first.
 */
export function packMicrobatches(
  lengths: readonly number[],
  { maxTokens, microbatchTokens }: { maxTokens: number; microbatchTokens: number },
): Microbatch[] {
  const groups = new Map<number, number[]>();
  for (const [index, length] of lengths.entries()) {
    const padded = paddedLength(length, maxTokens);
    const group = groups.get(padded);
    if (group === undefined) groups.set(padded, [index]);
    else group.push(index);
  }
  return [...groups]
    .sort(([a], [b]) => b - a)
    .flatMap(([length, members]) =>
      equalParts(members, Math.max(1, Math.floor(microbatchTokens / length))).map((part) => ({
        members: part,
        length,
      })),
    );
}

/** Cuts `items` into as few parts of at most `limit` as possible, whose sizes differ by at most one. */
export function equalParts<T>(items: readonly T[], limit: number): T[][] {
  const count = Math.ceil(items.length / limit);
  return Array.from({ length: count }, (_, part) =>
    items.slice(Math.floor((part * items.length) / count), Math.floor(((part + 1) * items.length) / count)),
  );
}
