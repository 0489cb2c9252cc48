/**
 * Answers made of the passages' own sentences, chosen with the retriever's encoder: the embedded default. Nothing is
 * generated, so nothing can be made up, and every sentence has its citation.
 */
import { wordShares } from '../../shared/index/word-shares.ts';
import {
  extractAnswer,
  nearestItems,
  renderNotFound,
  renderSentences,
} from '../../shared/retrieval/extractive.ts';
import { FOUND_AT } from '../calibration.ts';
import type { QueryEncoder } from '../services.ts';
import type { Answer, AnswerEnd, Answerer, AnswerRequest, GenerationSettings } from './answerer.ts';
import { limited } from './limits.ts';

export const EXTRACTIVE = 'extractive';

/** Passages that are quoted, at most: those further down seldom add what the best ones lack. */
const MAX_PASSAGES = 5;
/** Statements that are embedded for one answer, at most: some hundred milliseconds of work, once for each of them. */
const MAX_CANDIDATES = 16;
/** About a thousand tokens. */
const MAX_CHARACTERS = 4096;
const MAX_SENTENCES = 4;

export class ExtractiveAnswerer implements Answerer {
  readonly model = EXTRACTIVE;
  readonly #encoder: QueryEncoder;

  constructor(encoder: QueryEncoder) {
    this.#encoder = encoder;
  }

  /** There is one text, and it is one that every temperature, top_p and seed may give. */
  unsupported(): [] {
    return [];
  }

  async answer({ query, passages, settings }: AnswerRequest): Promise<Answer> {
    const encoder = this.#encoder;
    // At least the best passage speaks: whether anything was found is the caller's decision.
    const foundAt = Math.min(FOUND_AT, passages[0]?.score ?? 0);
    const read = quotable(passages);
    const quoted = read.map((place) => passages[place]!);
    const answer = await extractAnswer(quoted, {
      query: await encoder.embedBase(query),
      embed: (texts) => encoder.embedTexts(texts),
      foundAt,
      shares: (texts) => wordShares(query, texts),
      maxCandidates: MAX_CANDIDATES,
      maxCharacters: MAX_CHARACTERS,
      maxSentences: MAX_SENTENCES,
    });
    const sentences = answer.sentences.map((each) => ({ ...each, passage: read[each.passage]! }));
    const pieces = renderSentences({ sentences });
    const text = this.#said(pieces, query, settings);
    // A sentence that was cut before its mark cites nothing.
    const said = text.pieces.filter((piece, index) => piece === pieces[index]).length;
    const cited = new Set(sentences.slice(0, said).map(({ passage }) => passage));
    return { passages, cited: [...cited], text: text.read() };
  }

  /** Says that nothing was found. */
  async notFound({ query, passages, settings }: AnswerRequest): Promise<Answer> {
    const text = this.#said([renderNotFound(nearestItems(passages))], query, settings);
    return { passages, cited: [], text: text.read() };
  }

  #said(whole: readonly string[], query: string, settings: GenerationSettings) {
    const count = (text: string) => this.#encoder.countTokens(text);
    const { pieces, finish } = limited(whole, settings, count);
    const usage = {
      promptTokens: count(query),
      completionTokens: pieces.reduce((sum, piece) => sum + count(piece), 0),
    };
    async function* read(): AsyncGenerator<string, AnswerEnd> {
      yield* pieces;
      return { finish, usage };
    }
    return { pieces, read };
  }
}

/** Places of the passages that may be quoted: all of the best document, then the best of others. */
function quotable(passages: AnswerRequest['passages']): number[] {
  const places = [...passages.keys()];
  const isOfBest = (place: number): boolean => passages[place]!.item === passages[0]?.item;
  return [...places.filter(isOfBest), ...places.filter((place) => !isOfBest(place))].slice(0, MAX_PASSAGES);
}
