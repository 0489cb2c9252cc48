/**
 * What a site repeats on its pages: lines that open or close more than half of a folder's pages. They say nothing of any
 * of them, and a search would find them on all.
 */
import type { Block } from '../../shared/retrieval/text.ts';

/** Fewer pages repeat by chance. */
const FEWEST_PAGES = 4;
/** Lines at each end of a page that are looked at, and the share of the page that they may be. */
const LOOKED_AT = 40;
const SHARE = 0.7;

/** A line of a page, and where it stands. */
interface Edge {
  /** The same for the same line of any page. */
  line: number;
  start: number;
  end: number;
}

/** What is kept of a page: its first and its last lines, each from the outside in. */
export interface PageEdges {
  opening: readonly Edge[];
  closing: readonly Edge[];
  blocks: number;
}

export class RepeatedLines {
  readonly #numbers = new Map<string, number>();
  readonly #opening: number[] = [];
  readonly #closing: number[] = [];
  #pages = 0;

  /** @param blocks of one page, in order */
  add(blocks: readonly Block[]): PageEdges {
    this.#pages += 1;
    const edge = (block: Block): Edge => ({
      line: this.#numberOf(lineOf(block)),
      start: block.start,
      end: block.end,
    });
    const opening = blocks.slice(0, LOOKED_AT).map(edge);
    const closing = blocks.slice(-LOOKED_AT).map(edge).reverse();
    const size = Math.ceil(SHARE * blocks.length);
    const count = (counts: number[], edges: readonly Edge[]) => {
      for (const line of new Set(edges.slice(0, size).map((each) => each.line))) counts[line]! += 1;
    };
    count(this.#opening, opening);
    count(this.#closing, closing);
    return { opening, closing, blocks: blocks.length };
  }

  /** `source` without what it repeats: those places become spaces. Nothing is taken from a page that is nothing else. */
  without(source: string, { opening, closing, blocks }: PageEdges): string {
    const isOften = (counts: readonly number[]) => (edge: Edge) =>
      this.#pages >= FEWEST_PAGES && counts[edge.line]! > this.#pages / 2;
    const first = opening.slice(0, runOf(opening, isOften(this.#opening)));
    const last = closing.slice(0, runOf(closing, isOften(this.#closing)));
    if (first.length + last.length >= blocks) return source;
    let text = source;
    for (const { start, end } of [...first, ...last]) {
      text = text.slice(0, start) + ' '.repeat(end - start) + text.slice(end);
    }
    return text;
  }

  #numberOf(line: string): number {
    const known = this.#numbers.get(line);
    if (known !== undefined) return known;
    this.#numbers.set(line, this.#numbers.size);
    this.#opening.push(0);
    this.#closing.push(0);
    return this.#numbers.size - 1;
  }
}

/** How many of the first ones are such. */
function runOf(edges: readonly Edge[], such: (edge: Edge) => boolean): number {
  const end = edges.findIndex((edge) => !such(edge));
  return end < 0 ? edges.length : end;
}

function lineOf({ text }: Block): string {
  return text.replace(/\s+/g, ' ').slice(0, 500);
}
