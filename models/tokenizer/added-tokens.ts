/**
 * Added tokens of tokenizer.json: texts such as `<mask>` that are tokens of their own wherever they stand. Those that are
 * not normalised are found in the text as it is, the others in what its normaliser makes of it.
 */
import { z } from 'zod';

export const AddedToken = z.looseObject({
  id: z.int().nonnegative(),
  content: z.string().min(1),
  single_word: z.boolean().default(false),
  lstrip: z.boolean().default(false),
  rstrip: z.boolean().default(false),
  normalized: z.boolean().default(true),
});
export type AddedToken = z.infer<typeof AddedToken>;

/** A part of a text: the id of an added token, or text between two. */
export type Part = { id: number } | { text: string; start: number };

const WORD = /[\p{L}\p{N}\p{M}_]/u;

/** Finds some of the added tokens in texts. */
export class AddedTokens {
  readonly #byContent: ReadonlyMap<string, AddedToken>;
  readonly #any: RegExp | null;

  constructor(tokens: readonly AddedToken[]) {
    this.#byContent = new Map(tokens.map((token) => [token.content, token]));
    // The longest first: of those that begin at one place it counts.
    const contents = [...this.#byContent.keys()].sort((a, b) => b.length - a.length);
    this.#any = contents.length === 0 ? null : new RegExp(contents.map(quoted).join('|'), 'gu');
  }

  /** The parts of `text`, in order; empty texts are left out. */
  split(text: string): Part[] {
    if (this.#any === null) return text === '' ? [] : [{ text, start: 0 }];
    const parts: Part[] = [];
    let end = 0;
    const until = (stop: number) => {
      if (stop > end) parts.push({ text: text.slice(end, stop), start: end });
    };
    for (const match of text.matchAll(this.#any)) {
      const token = this.#byContent.get(match[0])!;
      let [from, to] = [match.index, match.index + match[0].length];
      if (from < end || (token.single_word && !standsAlone(text, from, to))) continue;
      if (token.lstrip) from = end + text.slice(end, from).trimEnd().length;
      if (token.rstrip) to += text.length - to - text.slice(to).trimStart().length;
      until(from);
      parts.push({ id: token.id });
      end = to;
    }
    until(text.length);
    return parts;
  }
}

function standsAlone(text: string, from: number, to: number): boolean {
  return !WORD.test(text.slice(0, from).slice(-1)) && !WORD.test(text.slice(to, to + 1));
}

const quoted = (content: string) => content.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
