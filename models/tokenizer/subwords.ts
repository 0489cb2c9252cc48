/** What a tokenizer of either kind does: text to ids, without the special tokens around it. */
export interface Subwords {
  /** Number of ids: one more than the largest. */
  readonly vocabulary: number;
  /** Id of what the vocabulary does not have; −1 where nothing stands for it. */
  readonly unknown: number;
  /** The special tokens before and after a text. */
  readonly frame: readonly number[];
  /** Ids of a text that is well-formed. */
  encode(text: string): number[];
}
