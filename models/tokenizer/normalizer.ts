/** The normalisers of tokenizer.json that Unigram tokenizers use. One that is not known is an error, never left out. */
import { z } from 'zod';
import { Charsmap } from './charsmap.ts';

export type Normalize = (text: string) => string;

const Kind = z.looseObject({ type: z.string() });
const Pattern = z.union([z.strictObject({ String: z.string() }), z.strictObject({ Regex: z.string() })]);
const Replace = z.looseObject({ pattern: Pattern, content: z.string() });
const Strip = z.looseObject({ strip_left: z.boolean(), strip_right: z.boolean() });

const KINDS: Readonly<Record<string, (settings: unknown) => Normalize>> = {
  Sequence(settings) {
    const parts = z
      .looseObject({ normalizers: z.array(z.unknown()) })
      .parse(settings)
      .normalizers.map(normalizerOf);
    return (text) => parts.reduce((sofar, part) => part(sofar), text);
  },
  Precompiled(settings) {
    const { precompiled_charsmap: map } = z
      .looseObject({ precompiled_charsmap: z.string().nullable() })
      .parse(settings);
    if (map === null || map === '') return (text) => text;
    const charsmap = new Charsmap(map);
    return (text) => charsmap.normalize(text);
  },
  Replace(settings) {
    const { pattern, content } = Replace.parse(settings);
    if ('String' in pattern) return (text) => text.replaceAll(pattern.String, () => content);
    const expression = new RegExp(pattern.Regex, 'gu');
    return (text) => text.replace(expression, () => content);
  },
  Prepend(settings) {
    const { prepend } = z.looseObject({ prepend: z.string() }).parse(settings);
    return (text) => (text === '' ? text : prepend + text);
  },
  Strip(settings) {
    const { strip_left: left, strip_right: right } = Strip.parse(settings);
    return (text) => (left ? text.replace(/^\s+/u, '') : text).replace(right ? /\s+$/u : /$^/u, '');
  },
  StripAccents: () => (text) => text.replace(/\p{Mn}/gu, ''),
  Lowercase: () => (text) => text.toLowerCase(),
  NFC: () => (text) => text.normalize('NFC'),
  NFD: () => (text) => text.normalize('NFD'),
  NFKC: () => (text) => text.normalize('NFKC'),
  NFKD: () => (text) => text.normalize('NFKD'),
};

/** @param settings `normalizer` of tokenizer.json. Throws a TypeError for what is not known or not well-formed. */
export function normalizerOf(settings: unknown): Normalize {
  if (settings === null || settings === undefined) return (text) => text;
  const { type } = Kind.parse(settings);
  const make = KINDS[type];
  if (make === undefined) throw new TypeError(`tokenizer.json: the normalizer '${type}' is not supported`);
  return make(settings);
}
