/**
 * Citations in a text that somebody else wrote: those that name a retrieved passage stay, in one spelling; the others
 * are taken out. Works on a text that comes in pieces, wherever they are cut.
 */
import { citationMarks, openMark } from '../../shared/retrieval/citation-marks.ts';

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
    const at = openMark(text);
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
    let checked = '';
    let from = 0;
    for (const { start, at, end, numbers } of citationMarks(text)) {
      const valid = [...new Set(numbers)].filter((n) => n >= 1 && n <= this.#passages);
      for (const n of valid) this.#cited.add(n);
      checked += text.slice(from, valid.length === 0 ? start : at);
      checked += valid.map((n) => `[${n}]`).join('');
      from = end;
    }
    return checked + text.slice(from);
  }
}
