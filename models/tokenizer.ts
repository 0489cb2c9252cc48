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

/** Characters that tell whether a text can be read. */
const LOOKED_AT = 2000;
/** Share of unknown tokens above which it cannot. */
const MOST_UNKNOWN = 0.15;
/** Tokens for each letter: a vocabulary that has a script's words has a third or less. */
const MOST_PIECES = 0.75;
/** Latin letters, and scripts whose characters are words or syllables, one token each in any vocabulary. */
const SPELLED = /[\p{sc=Latin}\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Thai}]/u;

export class Tokenizer {
  /** Number of ids: one more than the largest. */
  readonly vocabulary: number;
  readonly maxTokens: number;
  readonly #words: WordTokenizer;
  /** What stands for a word that the vocabulary does not have; −1 where nothing does. */
  readonly #unknown: number;
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
    const vocabulary = this.#words.get_vocab();
    for (const id of vocabulary.values()) largest = Math.max(largest, id);
    const { unk_token = '', unk_id } =
      (json as { model?: { unk_token?: string; unk_id?: number } }).model ?? {};
    this.#unknown = unk_id ?? vocabulary.get(unk_token) ?? -1;
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
   * Whether the vocabulary has the words of a text. Not where many are unknown, or where words of another script fall
   * into single letters: of such a text an embedding says next to nothing. Only its beginning is looked at.
   */
  knows(text: string): boolean {
    const words = text.slice(0, LOOKED_AT).match(/\p{L}[\p{L}\p{M}]*/gu) ?? [];
    const ids = (some: readonly string[]) => this.#words.encode(this.#align(some.join(' '))).ids.slice(1, -1);
    const all = ids(words);
    if (all.filter((id) => id === this.#unknown).length > MOST_UNKNOWN * all.length) return false;
    const foreign = words.filter((word) => !SPELLED.test(word));
    const letters = (some: readonly string[]) => some.join('').match(/\p{L}/gu)?.length ?? 0;
    if (2 * letters(foreign) < letters(words)) return true;
    return ids(foreign).length <= MOST_PIECES * letters(foreign);
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
