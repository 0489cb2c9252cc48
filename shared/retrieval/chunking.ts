/**
 * Documents to passages that fit the encoder. A document that fits is one passage, `title: text`, or the title
 * alone when the text repeats it: that form reproduces the published MIPS figures. A longer one is cut between
 * sentences, each passage carrying the title and the headings above it. No visible text is ever dropped.
 */
import type { ItemFormat } from '../protocol/api/item.ts';
import { htmlBlocks } from './html.ts';
import { markdownBlocks } from './markdown.ts';
import { type Block, type Piece, textBlocks, toPieces } from './text.ts';

export interface SourceDocument {
  title: string;
  text: string;
  format: ItemFormat;
}

export interface SplitOptions {
  /**
   * Tokens of a text, special tokens included. May saturate at `maxTokens` as a truncating encoder does: a text
   * counts as fitting when it has fewer than `maxTokens`.
   */
  countTokens(text: string): number;
  maxTokens: number;
  /** Sentences repeated from the passage before, as far as they fill at most a quarter of the passage. */
  overlap?: number;
}

export interface SplitPassage {
  /** What is encoded and shown: context and body. */
  text: string;
  /** Length of the context at the start of `text`; the body is the rest. */
  bodyAt: number;
  /** Where the body lies in the document's text, in UTF-16 code units, end exclusive. */
  start: number;
  end: number;
}

/** The text by which a document of one passage is encoded. */
export function joinTitle(title: string, text: string): string {
  if (title.trim() === '') return text;
  return text.trim() === '' || text.trim() === title.trim() ? title : `${title}: ${text}`;
}

/** Whether a document has neither a title nor visible text, so that there is nothing to search for in it. */
export function isBlank({ title, text, format }: SourceDocument): boolean {
  if (title.trim() !== '') return false;
  return format === 'text' ? text.trim() === '' : readBlocks(text, format).every((b) => b.text.trim() === '');
}

/** Passages of a document, in order; none for one that is blank. */
export function splitDocument(document: SourceDocument, options: SplitOptions): SplitPassage[] {
  if (!Number.isInteger(options.maxTokens) || options.maxTokens < 8) {
    throw new RangeError(`maxTokens: ${options.maxTokens} is not a whole number of at least 8`);
  }
  const title = document.title.trim();
  // A carriage return becomes a space, so that offsets stay those of the text as given.
  const source = document.text.replaceAll('\r\n', ' \n').replaceAll('\r', '\n');
  const blocks = readBlocks(source, document.format);
  const whole = document.format === 'text' ? document.text.trim() : blocks.map((b) => b.text).join('\n');
  const single = joinTitle(title, whole);
  if (single.trim() === '') return [];
  if (options.countTokens(single) < options.maxTokens) {
    const bodyAt = single === title ? 0 : single.length - whole.length;
    return [{ text: single, bodyAt, start: 0, end: document.text.length }];
  }
  if (whole.trim() !== '') return new Packer(title, options).pack(toPieces(blocks, source));
  // A title alone that no passage could hold is cut as a text is; it stays context, without a body.
  const parts = new Packer('', options).pack(toPieces(textBlocks(title), title));
  const end = document.text.length;
  return parts.map(({ text }, index) => ({ text, bodyAt: text.length, start: index === 0 ? 0 : end, end }));
}

function readBlocks(source: string, format: ItemFormat): Block[] {
  if (format === 'html') return htmlBlocks(source);
  return format === 'markdown' ? markdownBlocks(source) : textBlocks(source);
}

/** Share of a passage from which a heading begins a new one. */
const HEADING_BREAK = 0.6;

class Packer {
  readonly #title: string;
  readonly #options: SplitOptions;
  readonly #limit: number;
  readonly #passages: SplitPassage[] = [];
  /** Headings above the current place, outermost first. */
  #path: Piece[] = [];
  #context = '';
  #open: Piece[] = [];
  /** Tokens of context and open pieces: a sum, which the finished passage is checked against. */
  #tokens = 0;
  /** Leading pieces of `#open` that repeat the passage before. */
  #repeated = 0;

  constructor(title: string, options: SplitOptions) {
    this.#title = title;
    this.#options = options;
    this.#limit = options.maxTokens - 1;
  }

  pack(pieces: readonly Piece[]): SplitPassage[] {
    this.#begin([]);
    for (const piece of pieces) {
      if (piece.level > 0) this.#heading(piece);
      for (const part of this.#parts(piece)) this.#add(part);
    }
    this.#close();
    return this.#passages;
  }

  #heading(piece: Piece): void {
    if (this.#tokens > HEADING_BREAK * this.#limit && this.#open.length > this.#repeated) {
      this.#close();
      this.#path = above(this.#path, piece);
      this.#begin([]);
    }
  }

  #add(piece: Piece): void {
    const cost = this.#cost(piece.text);
    if (this.#open.length > 0 && this.#tokens + cost > this.#limit) {
      const carried = this.#carry(cost);
      this.#close();
      this.#begin(carried);
    }
    this.#open.push(piece);
    this.#tokens += cost;
    if (piece.level > 0) this.#path = [...above(this.#path, piece), piece];
  }

  /** What the next passage takes along: headings that stand last, else the overlap. */
  #carry(next: number): Piece[] {
    let from = this.#open.length;
    while (from > this.#repeated && (this.#open[from - 1] as Piece).level > 0) from -= 1;
    const headings = from > 0 ? this.#open.splice(from) : [];
    if (headings.length > 0) {
      this.#repeated = Math.min(this.#repeated, this.#open.length);
      this.#path = this.#path.filter((piece) => !headings.includes(piece));
      return headings;
    }
    const carried: Piece[] = [];
    let room = Math.min(this.#limit / 4, this.#limit - next - this.#cost(this.#context));
    for (const piece of this.#open.slice(this.#repeated).reverse()) {
      room -= this.#cost(piece.text);
      if (carried.length >= (this.#options.overlap ?? 0) || room < 0 || piece.level > 0) break;
      carried.unshift(piece);
    }
    return carried;
  }

  #begin(carried: readonly Piece[]): void {
    const headings = carried.filter((piece) => piece.level > 0);
    const outer = headings[0] === undefined ? this.#path : above(this.#path, headings[0]);
    this.#context = this.#contextOf(outer);
    this.#open = [...carried];
    this.#repeated = headings.length > 0 ? 0 : carried.length;
    this.#tokens = this.#options.countTokens(this.#context);
    for (const piece of carried) this.#tokens += this.#cost(piece.text);
    for (const piece of headings) this.#path = [...above(this.#path, piece), piece];
  }

  #close(): void {
    if (this.#open.length <= this.#repeated) return;
    const body = joinPieces(this.#open);
    const text = this.#context + body;
    if (this.#options.countTokens(text) > this.#limit && this.#open.length > 1) {
      // Tokens of joined pieces were more than their sum: give the last piece a passage of its own.
      const last = this.#open.pop() as Piece;
      this.#repeated = Math.min(this.#repeated, this.#open.length - 1);
      this.#close();
      this.#open = [last];
      this.#repeated = 0;
      this.#close();
      return;
    }
    const start = Math.min(...this.#open.map((piece) => piece.start));
    const end = Math.max(...this.#open.map((piece) => piece.end));
    this.#passages.push({ text, bodyAt: this.#context.length, start, end });
    this.#open = [];
    this.#repeated = 0;
  }

  /** Title and headings, shortened from the outside in until they take at most half of a passage. */
  #contextOf(path: readonly Piece[]): string {
    const parts = [this.#title, ...path.map((piece) => piece.text)].filter(
      (part, i, all) => part !== '' && part !== all[i - 1],
    );
    for (; parts.length > 0; parts.splice(parts.length > 2 ? 1 : 0, 1)) {
      const context = `${parts.join(': ')}: `;
      if (this.#options.countTokens(context) <= this.#limit / 2) return context;
    }
    return '';
  }

  /** A piece that no passage could hold is cut between words, and inside a word where it must be. */
  #parts(piece: Piece): Piece[] {
    const room = this.#limit - this.#options.countTokens(this.#contextOf(this.#path));
    if (this.#cost(piece.text) <= room) return [piece];
    const exact = piece.end - piece.start === piece.text.length;
    const parts: Piece[] = [];
    let at = 0;
    while (at < piece.text.length) {
      const length = this.#longestHead(piece.text.slice(at), room);
      const text = piece.text.slice(at, at + length);
      const start = exact ? piece.start + at : piece.start;
      const end = exact ? start + length : piece.end;
      if (text.trim() !== '') parts.push({ ...piece, text: text.trim(), start, end });
      at += length;
    }
    return parts;
  }

  /** Length of the longest start of `text` that costs at most `room`, ending between words where possible. */
  #longestHead(text: string, room: number): number {
    // 100 characters a token is more than any tokenizer packs on average: bounds the search in a huge text.
    const reach = Math.min(text.length, room * 100);
    let low = 1;
    let high = reach;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#cost(text.slice(0, middle)) <= room) low = middle;
      else high = middle - 1;
    }
    if (low >= text.length) return text.length;
    const space = text.slice(0, low + 1).search(/\s\S*$/);
    if (space > low / 2) return space + 1;
    // Never between the halves of a surrogate pair.
    return low > 1 && /[\uD800-\uDBFF]/.test(text[low - 1] as string) ? low - 1 : low;
  }

  /** Tokens that a text adds to a passage: special tokens are counted with the context. */
  #cost(text: string): number {
    return this.#options.countTokens(text) - this.#options.countTokens('');
  }
}

/** The headings of `path` that stand above `heading`. */
function above(path: readonly Piece[], heading: Piece): Piece[] {
  return path.filter((piece) => piece.level < heading.level);
}

function joinPieces(pieces: readonly Piece[]): string {
  let text = '';
  let previous: Piece | undefined;
  for (const piece of pieces) {
    if (previous !== undefined) text += previous.block === piece.block ? ' ' : '\n';
    text += piece.text;
    previous = piece;
  }
  return text;
}
