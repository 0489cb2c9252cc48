/** WordPiece and what else the library reads, with what its BERT normaliser does not do as Hugging Face does. */
import { Tokenizer as WordTokenizer } from '@huggingface/tokenizers';
import type { Subwords } from './subwords.ts';

/** Runs between spaces whose ids are remembered, and their characters at most: texts say the same words again. */
const MOST_REMEMBERED = 8192;
const LONGEST_REMEMBERED = 32;
/** Between any two of them BERT's normaliser and pre-tokeniser see a border. */
const SPACES = /[ \n]+/;

/** The ideographs beyond the 16-bit plane that BERT treats as words of their own, as Hugging Face has them. */
const ASTRAL_IDEOGRAPH = /[\u{20000}-\u{2a6df}\u{2a700}-\u{2b81f}\u{2b920}-\u{2ceaf}\u{2f800}-\u{2fa1f}]/gu;

/** What the file says that decides whether words may be read one by one. */
interface Described {
  pre_tokenizer?: { type?: string } | null;
  added_tokens?: { content: string; lstrip?: boolean; rstrip?: boolean }[];
}

export class WordPiece implements Subwords {
  readonly vocabulary: number;
  readonly unknown: number;
  readonly frame: readonly number[];
  readonly #words: WordTokenizer;
  readonly #normalizer: { type?: string; handle_chinese_chars?: boolean; lowercase?: boolean };
  /** Ids by run; null where a token may go over a space. */
  readonly #remembered: Map<string, readonly number[]> | null;

  /** Throws a TypeError when `json` is not a tokenizer. */
  constructor(json: object) {
    try {
      this.#words = new WordTokenizer(json, {});
    } catch (cause) {
      throw new TypeError('tokenizer.json does not describe a tokenizer', { cause });
    }
    this.#normalizer = (json as { normalizer?: object | null }).normalizer ?? {};
    const { pre_tokenizer: before, added_tokens: added = [] } = json as Described;
    const isBert = this.#normalizer.type === 'BertNormalizer' && before?.type === 'BertPreTokenizer';
    const apart =
      isBert && added.every((token) => !/\s/.test(token.content) && !token.lstrip && !token.rstrip);
    this.#remembered = apart ? new Map() : null;
    const vocabulary = this.#words.get_vocab();
    let largest = -1;
    for (const id of vocabulary.values()) largest = Math.max(largest, id);
    this.vocabulary = largest + 1;
    const { unk_token = '' } = (json as { model?: { unk_token?: string } }).model ?? {};
    this.unknown = vocabulary.get(unk_token) ?? -1;
    this.frame = this.#words.encode('').ids;
  }

  encode(text: string): number[] {
    const remembered = this.#remembered;
    if (remembered === null) return this.#encode(text);
    const ids: number[] = [];
    for (const run of text.split(SPACES)) {
      let own = remembered.get(run);
      if (own === undefined) {
        own = this.#encode(run);
        if (remembered.size >= MOST_REMEMBERED) remembered.clear();
        if (run.length <= LONGEST_REMEMBERED) remembered.set(run, own);
      }
      for (const id of own) ids.push(id);
    }
    return ids;
  }

  #encode(text: string): number[] {
    return this.#words.encode(this.#align(text)).ids.slice(1, -1);
  }

  /** The library looks at UTF-16 units when it sets ideographs apart, and lowers a final Σ to ς. */
  #align(text: string): string {
    if (this.#normalizer.type !== 'BertNormalizer') return text;
    const apart = this.#normalizer.handle_chinese_chars ? text.replace(ASTRAL_IDEOGRAPH, ' $& ') : text;
    return this.#normalizer.lowercase ? apart.replaceAll('Σ', 'σ') : apart;
  }
}
