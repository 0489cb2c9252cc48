/**
 * Text to token ids, from the bytes of a Hugging Face tokenizer.json: `[CLS] text [SEP]`, cut to the longest input
 * as Hugging Face's `longest_first` truncation does. Padding and truncation settings of the file are ignored.
 */
import { Tokenizer as WordTokenizer } from '@huggingface/tokenizers';

export interface TokenizerOptions {
  /** Longest output in tokens, [CLS] and [SEP] included; at least 2. */
  maxTokens: number;
}

/** The ideographs beyond the 16-bit plane that BERT treats as words of their own, as Hugging Face has them. */
const ASTRAL_IDEOGRAPH = /[\u{20000}-\u{2a6df}\u{2a700}-\u{2b81f}\u{2b920}-\u{2ceaf}\u{2f800}-\u{2fa1f}]/gu;

export class Tokenizer {
  /** Number of ids: one more than the largest. */
  readonly vocabulary: number;
  readonly maxTokens: number;
  readonly #words: WordTokenizer;
  readonly #normalizer: { type?: string; handle_chinese_chars?: boolean; lowercase?: boolean };

  /** Throws a TypeError when `json` is not a tokenizer this engine can use. */
  constructor(json: object, options: TokenizerOptions) {
    if (!Number.isInteger(options.maxTokens) || options.maxTokens < 2) {
      throw new RangeError(`maxTokens is ${options.maxTokens}, at least 2 is needed`);
    }
    try {
      this.#words = new WordTokenizer(json, {});
    } catch (cause) {
      throw new TypeError('tokenizer.json does not describe a tokenizer', { cause });
    }
    this.#normalizer = (json as { normalizer?: object | null }).normalizer ?? {};
    this.maxTokens = options.maxTokens;
    let largest = -1;
    for (const id of this.#words.get_vocab().values()) largest = Math.max(largest, id);
    this.vocabulary = largest + 1;
    const frame = this.#words.encode('').ids;
    if (frame.length !== 2) {
      throw new TypeError(
        `tokenizer.json puts ${frame.length} special tokens around a text, this engine expects 2`,
      );
    }
  }

  /** Ids `[n]`, 2 ≤ n ≤ maxTokens: the first and the last are the special tokens. */
  encode(text: string): Int32Array {
    const { ids } = this.#words.encode(this.#align(this.#head(text)));
    if (ids.length <= this.maxTokens) return Int32Array.from(ids);
    const cut = Int32Array.from(ids.slice(0, this.maxTokens));
    cut[this.maxTokens - 1] = ids.at(-1)!;
    return cut;
  }

  /**
   * What the library's BERT normaliser does not do as Hugging Face does: it looks at UTF-16 units when it sets
   * ideographs apart, and lowers a final Σ to ς.
   */
  #align(text: string): string {
    if (this.#normalizer.type !== 'BertNormalizer') return text;
    const apart = this.#normalizer.handle_chinese_chars ? text.replace(ASTRAL_IDEOGRAPH, ' $& ') : text;
    return this.#normalizer.lowercase ? apart.replaceAll('Σ', 'σ') : apart;
  }

  /**
   * The part of `text` that can reach the output, so that a long document costs no more than its beginning: every
   * run without spaces that has a letter or a digit makes at least one token.
   */
  #head(text: string): string {
    if (text.length <= 8 * this.maxTokens) return text;
    let words = 0;
    for (const run of text.matchAll(/\S+/g)) {
      if (!/[\p{L}\p{Nd}]/u.test(run[0])) continue;
      words += 1;
      if (words === this.maxTokens) return text.slice(0, run.index + run[0].length);
    }
    return text;
  }
}

/** Builds the tokenizer from the file's bytes. Throws a TypeError when they are not JSON or not a tokenizer. */
export function openTokenizer(bytes: Uint8Array, options: TokenizerOptions): Tokenizer {
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder().decode(bytes));
  } catch (cause) {
    throw new TypeError('tokenizer.json is not JSON', { cause });
  }
  if (typeof json !== 'object' || json === null) throw new TypeError('tokenizer.json is not a JSON object');
  return new Tokenizer(json, options);
}
