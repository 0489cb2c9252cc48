/**
 * Text to token ids, from the bytes of a Hugging Face tokenizer.json: `[CLS] prompt text [SEP]`, cut to the longest input
 * as Hugging Face's `longest_first` truncation does. Padding and truncation settings of the file are ignored.
 */
import type { Prompts } from '../manifest.ts';
import { SentencePiece } from './sentence-piece.ts';
import type { Subwords } from './subwords.ts';
import { WordPiece } from './word-piece.ts';

/** What a text is to the model: it may want another beginning for a question than for what is searched. */
export type TextRole = keyof Prompts;

export interface TokenizerOptions {
  /** Longest output in tokens, [CLS] and [SEP] included; at least 2. */
  maxTokens: number;
  /** What goes before texts of each role; nothing unless given. */
  prompts?: Prompts | undefined;
}

/** Characters that tell whether a text can be read. */
const LOOKED_AT = 2000;
/** More characters than a piece of any vocabulary has. */
const LONGEST_TOKEN = 64;
/** Share of unknown tokens above which it cannot. */
const MOST_UNKNOWN = 0.15;
/** Share of plain letters from which on a text is not looked at further. */
const MOSTLY = 0.9;
/** Tokens for each letter: a vocabulary that has a script's words has a third or less. */
const MOST_PIECES = 0.75;
/** Latin letters, and scripts whose characters are words or syllables, one token each in any vocabulary. */
const SPELLED = /[\p{sc=Latin}\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Thai}]/u;

const firstWords = (text: string): string[] =>
  text
    .slice(0, LOOKED_AT)
    .toWellFormed()
    .match(/\p{L}[\p{L}\p{M}]*/gu) ?? [];

export class Tokenizer {
  /** Number of ids: one more than the largest. */
  readonly vocabulary: number;
  readonly maxTokens: number;
  readonly #subwords: Subwords;
  readonly #prompts: Prompts;

  /** Throws a TypeError when `json` is not a tokenizer this engine can use. */
  constructor(json: object, { maxTokens, prompts }: TokenizerOptions) {
    if (!Number.isInteger(maxTokens) || maxTokens < 2) {
      throw new RangeError(`maxTokens is ${maxTokens}, at least 2 is needed`);
    }
    const { type } = (json as { model?: { type?: string } }).model ?? {};
    this.#subwords = type === 'Unigram' ? new SentencePiece(json) : new WordPiece(json);
    this.maxTokens = maxTokens;
    this.#prompts = prompts ?? { query: '', passage: '' };
    this.vocabulary = this.#subwords.vocabulary;
    const { frame } = this.#subwords;
    if (frame.length !== 2) {
      throw new TypeError(
        `tokenizer.json puts ${frame.length} special tokens around a text, this engine expects 2`,
      );
    }
  }

  /** Ids `[n]`, 2 ≤ n ≤ maxTokens: the first and the last are the special tokens. */
  encode(text: string, role: TextRole): Int32Array {
    const [first, last] = this.#subwords.frame as [number, number];
    const prompted = `${this.#prompts[role]}${this.#head(text.toWellFormed())}`;
    const inner = this.#subwords.encode(prompted);
    const kept = inner.length <= this.maxTokens - 2 ? inner : inner.slice(0, this.maxTokens - 2);
    return Int32Array.from([first, ...kept, last]);
  }

  /** Tokens of a text alone, however many, without prompt and special tokens. */
  count(text: string): number {
    return this.#subwords.encode(text.toWellFormed()).length;
  }

  /**
   * Whether the vocabulary has the words of a text. Not where many are unknown, where words of another script fall into
   * single letters, or where there are signs only, such as emoji: of such a text an embedding says next to nothing. Only its beginning is looked at.
   */
  knows(text: string): boolean {
    if (isPlain(text.slice(0, LOOKED_AT))) return true;
    const words = firstWords(text);
    if (words.length === 0) return /\p{N}/u.test(text) || text.trim() === '';
    const ids = (some: readonly string[]) => this.#subwords.encode(some.join(' '));
    const all = ids(words);
    if (all.filter((id) => id === this.#subwords.unknown).length > MOST_UNKNOWN * all.length) return false;
    const foreign = words.filter((word) => !SPELLED.test(word));
    const letters = (some: readonly string[]) => some.join('').match(/\p{L}/gu)?.length ?? 0;
    if (2 * letters(foreign) < letters(words)) return true;
    return ids(foreign).length <= MOST_PIECES * letters(foreign);
  }

  /** Tokens of the words at a text's beginning, and those of them that are unknown. */
  knownTokens(text: string): { tokens: number; unknown: number } {
    const ids = this.#subwords.encode(firstWords(text).join(' '));
    return { tokens: ids.length, unknown: ids.filter((id) => id === this.#subwords.unknown).length };
  }

  /**
   * The part of `text` that can reach the output, so that a long document costs no more than its beginning: every
   * run without spaces that has a letter or a digit makes at least one token, and no token but that of the unknown is
   * longer than `LONGEST_TOKEN`.
   */
  #head(text: string): string {
    if (text.length <= 8 * this.maxTokens) return text;
    let words = 0;
    const longest = LONGEST_TOKEN * this.maxTokens;
    for (const run of text.matchAll(/\S+/g)) {
      if (run[0].length > longest) return text.slice(0, run.index + longest).toWellFormed();
      if (!/[\p{L}\p{Nd}]/u.test(run[0])) continue;
      words += 1;
      if (words === this.maxTokens) return text.slice(0, run.index + run[0].length);
    }
    return text;
  }
}

/** Whether nearly all letters are those that every vocabulary has: most texts need no tokens to be known. */
function isPlain(text: string): boolean {
  const plain = text.match(/[a-z]/gi)?.length ?? 0;
  return plain > 0 && plain >= MOSTLY * (text.match(/\p{L}/gu)?.length ?? 0);
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
