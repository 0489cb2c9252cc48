/**
 * Citations in a text that somebody else wrote: `[2]`, `[1, 3]`, `【2】`. Those that name a retrieved passage stay, in
 * one spelling; the others are taken out. Works on a text that comes in pieces, wherever they are cut.
 */

const MARKER = /[ \t]*[[【]\s*\d{1,4}(?:\s*[,;]\s*\d{1,4})*\s*[\]】]/g;
/** What may still become a marker when more of the text comes; a longer run of digits and commas is none. */
const BEGINNING = /[ \t]*(?:[[【][\d\s,;]{0,60})?$/;

export class CitationFilter {
  readonly #passages: number;
  readonly #cited = new Set<number>();
  #held = '';

  /** @param passages how many there are: numbers 1 to `passages` are citations. */
  constructor(passages: number) {
    this.#passages = passages;
  }

  /** What can be said for certain after one more piece. */
  push(piece: string): string {
    const text = this.#held + piece;
    const at = BEGINNING.exec(text)?.index ?? text.length;
    this.#held = text.slice(at);
    return this.#checked(text.slice(0, at));
  }

  /** The rest, when no piece follows. */
  end(): string {
    const rest = this.#held;
    this.#held = '';
    return this.#checked(rest);
  }

  /** Numbers cited so far, in order of their first mention. */
  get cited(): number[] {
    return [...this.#cited];
  }

  #checked(text: string): string {
    return text.replace(MARKER, (marker) => {
      const numbers = [...marker.matchAll(/\d+/g)].map(([digits]) => Number(digits));
      const valid = [...new Set(numbers)].filter((n) => n >= 1 && n <= this.#passages);
      for (const n of valid) this.#cited.add(n);
      if (valid.length === 0) return '';
      const space = /^[ \t]*/.exec(marker)?.[0] ?? '';
      return space + valid.map((n) => `[${n}]`).join('');
    });
  }
}
