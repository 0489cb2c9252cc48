/**
 * Answers made of the passages' own sentences, chosen with the retriever's encoder: the embedded default. Nothing is
 * generated, so nothing can be made up, and every sentence has its citation.
 */
import { extractAnswer, renderSentences } from '../../shared/retrieval/extractive.ts';
import { FOUND_AT } from '../calibration.ts';
import type { QueryEncoder } from '../services.ts';
import type { Answer, AnswerEnd, Answerer, AnswerRequest, GenerationSettings } from './answerer.ts';

export const EXTRACTIVE = 'extractive';

/** Passages that are quoted, at most: those further down seldom add what the best ones lack. */
const MAX_PASSAGES = 3;
/** Sentences that are embedded for one answer, at most: some hundred milliseconds of work, once for each sentence. */
const MAX_CANDIDATES = 16;
const MAX_SENTENCES = 3;

export class ExtractiveAnswerer implements Answerer {
  readonly model = EXTRACTIVE;
  readonly #encoder: QueryEncoder;

  constructor(encoder: QueryEncoder) {
    this.#encoder = encoder;
  }

  /** Every seed gives the same text, and that is the one of temperature 0. */
  unsupported({ temperature = 0, topP = 1, stop = [] }: GenerationSettings): (keyof GenerationSettings)[] {
    return [
      ...(temperature === 0 ? [] : (['temperature'] as const)),
      ...(topP === 1 ? [] : (['topP'] as const)),
      ...(stop.length === 0 ? [] : (['stop'] as const)),
    ];
  }

  async answer({ query, passages, settings }: AnswerRequest): Promise<Answer> {
    const encoder = this.#encoder;
    // At least the best passage speaks: whether anything was found is the caller's decision.
    const foundAt = Math.min(FOUND_AT, passages[0]?.score ?? 0);
    const answer = await extractAnswer(passages.slice(0, MAX_PASSAGES), {
      query: await encoder.embedBase(query),
      embed: (texts) => encoder.embedTexts(texts),
      foundAt,
      maxCandidates: MAX_CANDIDATES,
      maxSentences: MAX_SENTENCES,
    });
    const all = renderSentences(answer);
    let completionTokens = 0;
    const kept = all.filter((piece) => {
      completionTokens += encoder.countTokens(piece);
      return completionTokens <= (settings.maxTokens ?? Number.POSITIVE_INFINITY);
    });
    const said = answer.sentences.slice(0, kept.length);
    const usage = {
      promptTokens: encoder.countTokens(query),
      completionTokens: kept.reduce((sum, piece) => sum + encoder.countTokens(piece), 0),
    };
    async function* text(): AsyncGenerator<string, AnswerEnd> {
      yield* kept;
      return { finish: kept.length < all.length ? 'length' : 'stop', usage };
    }
    return { passages, cited: [...new Set(said.map(({ passage }) => passage))], text: text() };
  }
}
