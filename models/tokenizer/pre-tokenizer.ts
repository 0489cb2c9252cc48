/** The pre-tokenisers of tokenizer.json that Unigram tokenizers use: white space, and its mark ▁ before a word. */
import { z } from 'zod';

/** @param isFirst whether the text begins there */
export type PreTokenize = (text: string, isFirst: boolean) => string[];

const Kind = z.looseObject({ type: z.string() });
const Metaspace = z.looseObject({
  replacement: z.string().min(1).default('▁'),
  prepend_scheme: z.enum(['always', 'first', 'never']).optional(),
  /** What older files say instead of `prepend_scheme`. */
  add_prefix_space: z.boolean().default(true),
  split: z.boolean().default(true),
});

const KINDS: Readonly<Record<string, (settings: unknown) => PreTokenize>> = {
  Sequence(settings) {
    const parts = z
      .looseObject({ pretokenizers: z.array(z.unknown()) })
      .parse(settings)
      .pretokenizers.map(preTokenizerOf);
    return (text, isFirst) =>
      parts.reduce((words, part) => words.flatMap((word, at) => part(word, isFirst && at === 0)), [text]);
  },
  WhitespaceSplit: () => (text) => text.match(/[^\p{White_Space}]+/gu) ?? [],
  Metaspace(settings) {
    const {
      replacement,
      prepend_scheme: scheme,
      add_prefix_space: prefix,
      split,
    } = Metaspace.parse(settings);
    const prepends = scheme ?? (prefix ? 'always' : 'never');
    return (text, isFirst) => {
      if (text === '') return [];
      const marked = text.replaceAll(' ', replacement);
      const wants = prepends === 'always' || (prepends === 'first' && isFirst);
      const whole = wants && !marked.startsWith(replacement) ? replacement + marked : marked;
      return split ? splitBefore(whole, replacement) : [whole];
    };
  },
};

/** Every mark begins a word. */
function splitBefore(text: string, mark: string): string[] {
  const words: string[] = [];
  let start = 0;
  for (let at = text.indexOf(mark, mark.length); at !== -1; at = text.indexOf(mark, at + mark.length)) {
    words.push(text.slice(start, at));
    start = at;
  }
  words.push(text.slice(start));
  return words.filter((word) => word !== '');
}

/** @param settings `pre_tokenizer` of tokenizer.json. Throws a TypeError for what is not known or not well-formed. */
export function preTokenizerOf(settings: unknown): PreTokenize {
  if (settings === null || settings === undefined) return (text) => (text === '' ? [] : [text]);
  const { type } = Kind.parse(settings);
  const make = KINDS[type];
  if (make === undefined) throw new TypeError(`tokenizer.json: the pre_tokenizer '${type}' is not supported`);
  return make(settings);
}
