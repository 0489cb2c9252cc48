/**
 * The tokenizer of XLM-RoBERTa and its kind: SentencePiece's Unigram model, read from a Hugging Face tokenizer.json with
 * its normaliser, pre-tokeniser and added tokens.
 */
import { z } from 'zod';
import { AddedToken, AddedTokens, type Part } from './added-tokens.ts';
import { type Normalize, normalizerOf } from './normalizer.ts';
import { type PreTokenize, preTokenizerOf } from './pre-tokenizer.ts';
import type { Subwords } from './subwords.ts';
import { Unigram, UnigramSettings } from './unigram.ts';

const Template = z.looseObject({
  type: z.literal('TemplateProcessing'),
  single: z.array(z.looseObject({ SpecialToken: z.looseObject({ id: z.string() }).optional() })),
});
const Pair = z.tuple([z.string(), z.int()]);
/** The processors that put one token before and one after, whatever their name. */
const Fixed = z.looseObject({ type: z.enum(['RobertaProcessing', 'BertProcessing']), cls: Pair, sep: Pair });

export const SentencePieceFile = z.looseObject({
  added_tokens: z.array(AddedToken).default([]),
  normalizer: z.unknown(),
  pre_tokenizer: z.unknown(),
  post_processor: z.union([Template, Fixed]).nullish(),
  model: UnigramSettings,
});
export type SentencePieceFile = z.infer<typeof SentencePieceFile>;

export class SentencePiece implements Subwords {
  readonly vocabulary: number;
  readonly unknown: number;
  readonly frame: readonly number[];
  readonly #raw: AddedTokens;
  readonly #normalized: AddedTokens;
  readonly #normalize: Normalize;
  readonly #preTokenize: PreTokenize;
  readonly #model: Unigram;

  /** Throws a TypeError for what is not supported or not well-formed. */
  constructor(json: object) {
    const file = parse(json);
    this.#model = new Unigram(file.model);
    this.#normalize = checked('normalizer', () => normalizerOf(file.normalizer));
    this.#preTokenize = checked('pre_tokenizer', () => preTokenizerOf(file.pre_tokenizer));
    // A token of the vocabulary has its id there, whatever the list says.
    const added = file.added_tokens.map((token) => ({
      ...token,
      id: this.#model.idOf(token.content) ?? token.id,
    }));
    this.#raw = new AddedTokens(added.filter(({ normalized }) => !normalized));
    this.#normalized = new AddedTokens(added.filter(({ normalized }) => normalized));
    this.vocabulary = added.reduce((most, { id }) => Math.max(most, id + 1), this.#model.pieces.length);
    this.unknown = this.#model.unknown;
    const idOf = (content: string) =>
      this.#model.idOf(content) ?? added.find((token) => token.content === content)?.id;
    this.frame = frameOf(file.post_processor, idOf);
  }

  encode(text: string): number[] {
    const ids: number[] = [];
    for (const part of this.#raw.split(text)) this.#part(part, ids);
    return ids;
  }

  #part(part: Part, ids: number[]): void {
    if ('id' in part) {
      ids.push(part.id);
      return;
    }
    for (const inner of this.#normalized.split(this.#normalize(part.text))) {
      if ('id' in inner) ids.push(inner.id);
      else {
        const words = this.#preTokenize(inner.text, part.start === 0 && inner.start === 0);
        for (const word of words) this.#model.encode(word, ids);
      }
    }
  }
}

function parse(json: object): SentencePieceFile {
  const parsed = SentencePieceFile.safeParse(json);
  if (parsed.success) return parsed.data;
  throw new TypeError(`tokenizer.json: ${z.prettifyError(parsed.error)}`);
}

function checked<T>(field: string, make: () => T): T {
  try {
    return make();
  } catch (cause) {
    if (!(cause instanceof z.ZodError)) throw cause;
    throw new TypeError(`tokenizer.json: ${field}: ${z.prettifyError(cause)}`, { cause });
  }
}

function frameOf(
  processor: SentencePieceFile['post_processor'],
  idOf: (content: string) => number | undefined,
): number[] {
  if (processor === null || processor === undefined) return [];
  const around =
    processor.type === 'TemplateProcessing'
      ? processor.single.flatMap(({ SpecialToken }) => (SpecialToken === undefined ? [] : [SpecialToken.id]))
      : [processor.cls[0], processor.sep[0]];
  return around.map((content) => {
    const id = idOf(content);
    if (id === undefined) throw new TypeError(`tokenizer.json: the vocabulary has no '${content}'`);
    return id;
  });
}
