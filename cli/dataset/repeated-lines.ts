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

export class RepeatedLines {
  readonly #opening = new Map<string, number>();
  readonly #closing = new Map<string, number>();
  #pages = 0;

  /** @param blocks of one page, in order */
  add(blocks: readonly Block[]): void {
    this.#pages += 1;
    if (blocks.length === 0) return;
    const size = Math.min(LOOKED_AT, Math.ceil(SHARE * blocks.length));
    for (const text of new Set(blocks.slice(0, size).map(lineOf))) increase(this.#opening, text);
    for (const text of new Set(blocks.slice(-size).map(lineOf))) increase(this.#closing, text);
  }

  /** `source` without what it repeats: those places become spaces. Nothing is taken from a page that is nothing else. */
  without(source: string, blocks: readonly Block[]): string {
    const often = (counts: ReadonlyMap<string, number>) => (block: Block) =>
      this.#pages >= FEWEST_PAGES && (counts.get(lineOf(block)) ?? 0) > this.#pages / 2;
    const from = runOf(blocks, often(this.#opening));
    const to = blocks.length - runOf([...blocks].reverse(), often(this.#closing));
    if (from >= to) return source;
    let text = source;
    for (const { start, end } of [...blocks.slice(0, from), ...blocks.slice(to)]) {
      text = text.slice(0, start) + ' '.repeat(end - start) + text.slice(end);
    }
    return text;
  }
}

/** How many of the first blocks are such. */
function runOf(blocks: readonly Block[], such: (block: Block) => boolean): number {
  const end = blocks.slice(0, LOOKED_AT).findIndex((block) => !such(block));
  return end < 0 ? Math.min(blocks.length, LOOKED_AT) : end;
}

function lineOf({ text }: Block): string {
  return text.replace(/\s+/g, ' ').slice(0, 500);
}

function increase(counts: Map<string, number>, text: string): void {
  counts.set(text, (counts.get(text) ?? 0) + 1);
}
