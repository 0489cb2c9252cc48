/**
 * Packs texts into microbatches of at most so many tokens. Only texts of equal length share one, so that nothing is
 * padded and a text's result does not depend on what shares its microbatch; the longest microbatch sets the memory
 * footprint for good, since WASM memory never shrinks.
 */

export interface Microbatch {
  /** Positions in the caller's list. */
  readonly members: readonly number[];
  /** Length S of every member. */
  readonly length: number;
}

/** A text counts as at least so many tokens: what is made of texts, such as scores of all rows, takes memory too. */
const LEAST_TOKENS = 8;

/** Texts of `length` tokens that fit a microbatch: at least one, however long. */
export function textsAtOnce(length: number, microbatchTokens: number): number {
  return Math.max(1, Math.floor(microbatchTokens / Math.max(length, LEAST_TOKENS)));
}

/**
 * Groups texts of equal length, each group cut into equal parts of at most `microbatchTokens` tokens (a single longer
 * text makes its own microbatch). Order inside a group is the caller's; the longest come first.
 */
export function packMicrobatches(lengths: readonly number[], microbatchTokens: number): Microbatch[] {
  const groups = new Map<number, number[]>();
  for (const [index, length] of lengths.entries()) {
    const group = groups.get(length);
    if (group === undefined) groups.set(length, [index]);
    else group.push(index);
  }
  return [...groups]
    .sort(([a], [b]) => b - a)
    .flatMap(([length, members]) =>
      equalParts(members, textsAtOnce(length, microbatchTokens)).map((part) => ({ members: part, length })),
    );
}

/** Cuts `items` into as few parts of at most `limit` as possible, whose sizes differ by at most one. */
export function equalParts<T>(items: readonly T[], limit: number): T[][] {
  const count = Math.ceil(items.length / limit);
  return Array.from({ length: count }, (_, part) =>
    items.slice(Math.floor((part * items.length) / count), Math.floor(((part + 1) * items.length) / count)),
  );
}
