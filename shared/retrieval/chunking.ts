/**
 * Documents to passages that fit the encoder. A document that fits is one passage, `title: text`, or the title
 * alone when the text repeats it: that form reproduces the published MIPS figures. A longer one is cut between
 * sentences, each passage carrying the title and the headings above it. No visible text is ever dropped. A passage is
 * bounded in characters, too: a word of any length may be one token, and passages are what answers consist of.
 */
import { readDocument, type SourceDocument } from './document.ts';
import type { PassageBlock } from './layout.ts';
import { type Block, collapseSpace, headLength, type Piece, textBlocks, toPieces } from './text.ts';

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
  /** Blocks of the body, in order. */
  blocks: PassageBlock[];
  /** Where the body lies in the document's text, in UTF-16 code units, end exclusive. */
  start: number;
  end: number;
}

/** Characters of a passage for each token that it may have: about twice what languages of long words need. */
const CHARACTERS_PER_TOKEN = 8;

/** The text by which a document of one passage is encoded. */
export function joinTitle(title: string, text: string): string {
  if (title.trim() === '') return text;
  return text.trim() === '' || text.trim() === title.trim() ? title : `${title}: ${text}`;
}

/** Whether a document has neither a title nor visible text, so that there is nothing to search for in it. */
export function isBlank(document: SourceDocument): boolean {
  if (document.title.trim() !== '') return false;
  if (document.format === 'text') return document.text.trim() === '';
  const { title, blocks } = readDocument(document);
  return title === '' && blocks.every((block) => block.text.trim() === '');
}

/** Passages of a document, in order; none for one that is blank. */
export function splitDocument(document: SourceDocument, options: SplitOptions): SplitPassage[] {
  if (!Number.isInteger(options.maxTokens) || options.maxTokens < 8) {
    throw new RangeError(`maxTokens: ${options.maxTokens} is not a whole number of at least 8`);
  }
  const { title, blocks, source } = readDocument(document);
  const visible = document.format === 'text' ? document.text.trim() : blocks.map((b) => b.text).join('\n');
  const whole = collapseSpace(visible);
  const single = joinTitle(title, whole);
  if (single.trim() === '') return [];
  const fits = single.length <= options.maxTokens * CHARACTERS_PER_TOKEN;
  if (fits && options.countTokens(single) < options.maxTokens) {
    const bodyAt = single === title ? 0 : single.length - whole.length;
    const found = bodyAt === 0 && single === title ? [] : placed(blocks, single, bodyAt);
    return [{ text: single, bodyAt, blocks: found, start: 0, end: document.text.length }];
  }
  if (whole.trim() !== '') return new Packer(title, options).pack(toPieces(blocks, source));
  // A title alone that no passage could hold is cut as a text is; it stays context, without a body.
  const parts = new Packer('', options).pack(toPieces(textBlocks(title), title));
  const end = document.text.length;
  return parts.map(({ text }, index) => ({
    ...{ text, bodyAt: text.length, blocks: [] },
    ...{ start: index === 0 ? 0 : end, end },
  }));
}

/** Where blocks stand in the text of a passage that holds them all. */
function placed(blocks: readonly Block[], text: string, from: number): PassageBlock[] {
  let at = from;
  return blocks.flatMap((block) => {
    const body = collapseSpace(block.text.trim());
    const start = text.indexOf(body, at);
    if (start < 0 || body === '') return [];
    at = start + body.length;
    return [{ kind: block.kind, start, end: at }];
  });
}

/** Share of a passage from which a heading begins a new one. */
const HEADING_BREAK = 0.6;

/** Texts whose tokens are remembered: each sentence is measured where it is cut and where it is added. */
const MOST_COUNTED = 256;

/** What a text takes of a passage: special tokens are counted with the context. */
interface Size {
  tokens: number;
  characters: number;
}

class Packer {
  readonly #title: string;
  readonly #options: SplitOptions;
  readonly #limit: Size;
  readonly #specials: number;
  readonly #counted = new Map<string, number>();
  readonly #passages: SplitPassage[] = [];
  /** Headings above the current place, outermost first. */
  #path: readonly Piece[] = [];
  #context = '';
  /** For which path `#pathContext` was worked out: a long list of pieces has few paths. */
  #contextPath: readonly Piece[] | null = null;
  #pathContext = '';
  #open: Piece[] = [];
  /** Of context and open pieces: a sum, which the finished passage is checked against. */
  #size: Size = { tokens: 0, characters: 0 };
  /** Leading pieces of `#open` that repeat the passage before. */
  #repeated = 0;

  constructor(title: string, options: SplitOptions) {
    this.#title = title;
    this.#options = options;
    this.#limit = { tokens: options.maxTokens - 1, characters: options.maxTokens * CHARACTERS_PER_TOKEN };
    this.#specials = options.countTokens('');
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
    if (!within(this.#size, this.#limit, HEADING_BREAK) && this.#open.length > this.#repeated) {
      this.#close();
      this.#path = above(this.#path, piece);
      this.#begin([]);
    }
  }

  #add(piece: Piece): void {
    const size = this.#sizeOf(piece.text);
    if (this.#open.length > 0 && !within(sum(this.#size, size), this.#limit)) {
      const carried = this.#carry(size);
      this.#close();
      this.#begin(carried);
    }
    this.#open.push(piece);
    this.#size = sum(this.#size, size);
    if (piece.level > 0) this.#path = [...above(this.#path, piece), piece];
  }

  /** What the next passage takes along: headings that stand last, else the overlap. */
  #carry(next: Size): Piece[] {
    let from = this.#open.length;
    while (from > this.#repeated && this.#open[from - 1]!.level > 0) from -= 1;
    const headings = from > 0 ? this.#open.splice(from) : [];
    if (headings.length > 0) {
      this.#repeated = Math.min(this.#repeated, this.#open.length);
      this.#path = this.#path.filter((piece) => !headings.includes(piece));
      return headings;
    }
    const carried: Piece[] = [];
    let size: Size = { tokens: 0, characters: 0 };
    const rest = sum(next, this.#sizeOf(this.#context));
    for (const piece of this.#open.slice(this.#repeated).reverse()) {
      size = sum(size, this.#sizeOf(piece.text));
      const room = within(size, this.#limit, 1 / 4) && within(sum(size, rest), this.#limit);
      if (carried.length >= (this.#options.overlap ?? 0) || !room || piece.level > 0) break;
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
    this.#size = this.#whole(this.#context);
    for (const piece of carried) this.#size = sum(this.#size, this.#sizeOf(piece.text));
    for (const piece of headings) this.#path = [...above(this.#path, piece), piece];
  }

  #close(): void {
    if (this.#open.length <= this.#repeated) return;
    const { text, blocks } = joinPieces(this.#context, this.#open);
    if (!within(this.#whole(text), this.#limit) && this.#open.length > 1) {
      // What joins the pieces counts, too: give the last piece a passage of its own.
      const last = this.#open.pop()!;
      this.#repeated = Math.min(this.#repeated, this.#open.length - 1);
      this.#close();
      this.#open = [last];
      this.#repeated = 0;
      this.#close();
      return;
    }
    const start = Math.min(...this.#open.map((piece) => piece.start));
    const end = Math.max(...this.#open.map((piece) => piece.end));
    this.#passages.push({ text, bodyAt: this.#context.length, blocks, start, end });
    this.#open = [];
    this.#repeated = 0;
  }

  /** Title and headings, shortened from the outside in until they take at most half of a passage. */
  #contextOf(path: readonly Piece[]): string {
    if (path === this.#contextPath) return this.#pathContext;
    const parts = [this.#title, ...path.map((piece) => piece.text)].filter(
      (part, i, all) => part !== '' && part !== all[i - 1],
    );
    let context = '';
    for (; parts.length > 0; parts.splice(parts.length > 2 ? 1 : 0, 1)) {
      const joined = `${parts.join(': ')}: `;
      if (!within(this.#whole(joined), this.#limit, 1 / 2)) continue;
      context = joined;
      break;
    }
    this.#contextPath = path;
    this.#pathContext = context;
    return context;
  }

  /**
   * A piece with its white space collapsed. One that no passage could hold is cut between words, and inside a word
   * where it must be.
   */
  #parts(piece: Piece): Piece[] {
    const context = this.#whole(this.#contextOf(this.#path));
    const text = collapseSpace(piece.text);
    if (within(sum(context, this.#sizeOf(text)), this.#limit)) return [{ ...piece, text }];
    const exact = piece.end - piece.start === piece.text.length;
    const parts: Piece[] = [];
    let at = 0;
    while (at < piece.text.length) {
      const length = this.#longestHead(piece.text.slice(at), context);
      const text = piece.text.slice(at, at + length);
      const start = exact ? piece.start + at : piece.start;
      const end = exact ? start + length : piece.end;
      if (text.trim() !== '') parts.push({ ...piece, text: collapseSpace(text.trim()), start, end });
      at += length;
    }
    return parts;
  }

  /** Length of the longest start of `text` that fits beside `context`, ending between words where possible. */
  #longestHead(text: string, context: Size): number {
    let low = 1;
    let high = Math.min(text.length, this.#limit.characters);
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (within(sum(context, this.#sizeOf(text.slice(0, middle))), this.#limit)) low = middle;
      else high = middle - 1;
    }
    return headLength(text, low);
  }

  /** Of a text by itself, special tokens included. A text that is too long anyway is not read for its tokens. */
  #whole(text: string): Size {
    const characters = text.length;
    if (characters > this.#limit.characters) return { tokens: 0, characters };
    let tokens = this.#counted.get(text);
    if (tokens === undefined) {
      tokens = this.#options.countTokens(text);
      if (this.#counted.size >= MOST_COUNTED) this.#counted.clear();
      this.#counted.set(text, tokens);
    }
    return { tokens, characters };
  }

  /** Of a text that is added to others. */
  #sizeOf(text: string): Size {
    const { tokens, characters } = this.#whole(text);
    return { tokens: tokens - this.#specials, characters };
  }
}

function sum(a: Size, b: Size): Size {
  return { tokens: a.tokens + b.tokens, characters: a.characters + b.characters };
}

/** Whether a text takes at most `share` of a passage. */
function within(size: Size, limit: Size, share = 1): boolean {
  return size.tokens <= share * limit.tokens && size.characters <= share * limit.characters;
}

/** The headings of `path` that stand above `heading`. */
function above(path: readonly Piece[], heading: Piece): Piece[] {
  return path.filter((piece) => piece.level < heading.level);
}

function joinPieces(context: string, pieces: readonly Piece[]): { text: string; blocks: PassageBlock[] } {
  let text = context;
  const blocks: PassageBlock[] = [];
  let previous: Piece | undefined;
  for (const piece of pieces) {
    const goesOn = previous?.block === piece.block;
    if (previous !== undefined) text += goesOn ? ' ' : '\n';
    if (!goesOn) blocks.push({ kind: piece.kind, start: text.length, end: 0 });
    text += piece.text;
    blocks.at(-1)!.end = text.length;
    previous = piece;
  }
  return { text, blocks };
}
