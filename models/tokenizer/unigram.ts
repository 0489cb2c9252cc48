/**
 * Unigram tokenisation (Kudo 2018, arXiv 1804.10959) as Hugging Face's tokenizers and SentencePiece do it: the
 * segmentation of a word with the largest sum of log-probabilities. A character that no piece covers is unknown, at 10
 * below the least likely piece; unknown ones in a row make one token, or their bytes where the vocabulary has them.
 */
import { z } from 'zod';
import { Pieces } from './pieces.ts';

const UNKNOWN_PENALTY = 10;
const NONE = -1;

export const UnigramSettings = z.looseObject({
  type: z.literal('Unigram'),
  unk_id: z.int().nonnegative().nullish(),
  vocab: z.custom<[string, number][]>(isVocabulary, 'a list of pieces with their scores is needed'),
  byte_fallback: z.boolean().default(false),
});
export type UnigramSettings = z.infer<typeof UnigramSettings>;

/** By hand: a schema takes seconds for the 250,000 pieces of a multilingual model. */
function isVocabulary(value: unknown): boolean {
  if (!Array.isArray(value) || value.length === 0) return false;
  return value.every(
    (entry) =>
      Array.isArray(entry) && entry.length === 2 && typeof entry[0] === 'string' && Number.isFinite(entry[1]),
  );
}

export class Unigram {
  /** Id of what no piece covers; −1 where there is none. */
  readonly unknown: number;
  /** Pieces by id. */
  readonly pieces: readonly string[];
  readonly #ids: Map<string, number>;
  readonly #trie: Pieces;
  readonly #scores: Float64Array;
  readonly #unknownScore: number;
  /** Ids of the 256 bytes, −1 for those that the vocabulary lacks; null where they are not used. */
  readonly #bytes: readonly number[] | null;

  /** Throws a TypeError when `unk_id` is not one of the vocabulary. */
  constructor({ vocab, unk_id: unknown, byte_fallback: byBytes }: UnigramSettings) {
    if (unknown !== undefined && unknown !== null && unknown >= vocab.length) {
      throw new TypeError(`tokenizer.json: unk_id is ${unknown}, the vocabulary has ${vocab.length} pieces`);
    }
    this.unknown = unknown ?? NONE;
    this.pieces = vocab.map(([piece]) => piece);
    this.#ids = new Map(this.pieces.map((piece, id) => [piece, id]));
    this.#trie = new Pieces(this.pieces);
    this.#scores = Float64Array.from(vocab, ([, score]) => score);
    this.#unknownScore =
      this.#scores.reduce((least, score) => Math.min(least, score), Infinity) - UNKNOWN_PENALTY;
    this.#bytes = byBytes ? this.#byteIds() : null;
  }

  idOf(piece: string): number | undefined {
    return this.#ids.get(piece);
  }

  /** Adds the ids of `word`, which is well-formed, to `ids`. Throws a TypeError for what is unknown where nothing stands for it. */
  encode(word: string, ids: number[]): void {
    const whole = this.#ids.get(word);
    // Most words are pieces; whether one is also the best segmentation takes the search.
    if (whole !== undefined && word.length === 1) {
      ids.push(whole);
      return;
    }
    const path = this.#search(word);
    for (let at = 0; at < path.length; at += 2) {
      const [start, id] = [path[at]!, path[at + 1]!];
      if (id === this.unknown) {
        let next = at + 2;
        while (next < path.length && path[next + 1] === this.unknown) next += 2;
        this.#pushUnknown(word.slice(start, path[next] ?? word.length), ids);
        at = next - 2;
      } else ids.push(id);
    }
  }

  /** Starts and ids of the best segmentation, one after the other. */
  #search(word: string): number[] {
    const size = word.length;
    const best = new Float64Array(size + 1);
    const startOf = new Int32Array(size + 1).fill(NONE);
    const idOf = new Int32Array(size + 1);
    const scores = this.#scores;
    for (let start = 0; start < size; ) {
      const sofar = best[start]!;
      const next = start + (word.codePointAt(start)! > 0xffff ? 2 : 1);
      let isCovered = false;
      this.#trie.from(word, start, (id, end) => {
        const score = scores[id]! + sofar;
        if (startOf[end] === NONE || score > best[end]!) {
          best[end] = score;
          startOf[end] = start;
          idOf[end] = id;
        }
        if (end === next) isCovered = true;
      });
      const score = this.#unknownScore + sofar;
      if (!isCovered && (startOf[next] === NONE || score > best[next]!)) {
        best[next] = score;
        startOf[next] = start;
        idOf[next] = this.unknown;
      }
      start = next;
    }
    const path: number[] = [];
    for (let end = size; end > 0; end = startOf[end]!) path.push(idOf[end]!, startOf[end]!);
    return path.reverse();
  }

  #pushUnknown(text: string, ids: number[]): void {
    if (this.#bytes !== null) {
      const bytes = Array.from(new TextEncoder().encode(text), (byte) => this.#bytes![byte]!);
      if (!bytes.includes(NONE)) {
        for (const id of bytes) ids.push(id);
        return;
      }
    }
    if (this.unknown === NONE) throw new TypeError('the vocabulary has nothing for an unknown character');
    ids.push(this.unknown);
  }

  #byteIds(): number[] {
    return Array.from({ length: 256 }, (_, byte) => {
      return this.#ids.get(`<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`) ?? NONE;
    });
  }
}
