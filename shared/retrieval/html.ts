/** HTML to blocks of visible text with their places in the source; what a reader does not see is left out. */
import { Parser } from 'htmlparser2';
import { type Block, textBlocks } from './text.ts';

const names = (list: string): ReadonlySet<string> => new Set(list.split(' '));

/** Elements that begin and end a line of text. */
const BLOCKS = names(
  'address article aside blockquote body br caption dd details dialog div dl dt fieldset figcaption figure footer ' +
    'form h1 h2 h3 h4 h5 h6 header hr html legend li main nav ol option p pre section select summary table tbody ' +
    'tfoot thead tr ul',
);
const HIDDEN = names('script style template noscript iframe object svg math head');
const CELLS = names('td th');
const VOID = names(
  'area base basefont br col command embed frame hr img input isindex keygen link meta param source track wbr',
);

export function htmlBlocks(source: string): Block[] {
  const collector = new Collector();
  const parser: Parser = new Parser({
    onopentag: (name, attributes) => collector.open(name, attributes, parser.startIndex, parser.endIndex + 1),
    ontext: (data) => collector.text(data, parser.startIndex, parser.endIndex + 1),
    onclosetag: (name) => collector.close(name),
  });
  try {
    parser.end(source);
  } catch {
    // Too deep, or more than the parser bears.
    return textBlocks(source.replace(/<[^<>]*>/g, (tag) => ' '.repeat(tag.length)));
  }
  return collector.finish();
}

/** The parser's time grows with the depth at every tag. What is deeper is read as text without its tags. */
const MAX_DEPTH = 512;

/** Visible text of a fragment in one line. */
export function htmlText(source: string): string {
  return htmlBlocks(source)
    .map(({ text }) => text)
    .join(' ');
}

/** Text with its character references resolved and nothing else touched. */
export function decodeEntities(text: string): string {
  if (!text.includes('&')) return text;
  let decoded = '';
  const parser = new Parser({ ontext: (data) => (decoded += data) });
  parser.end(text.replaceAll('<', '&lt;'));
  return decoded;
}

class Collector {
  readonly #blocks: Block[] = [];
  /** Of the open block, in pieces: they are joined once, and nothing looks through them as more come. */
  #text: string[] = [];
  #spaceLast = false;
  #start = 0;
  #end = 0;
  #level = 0;
  /** Open elements inside (and including) a hidden one. */
  #hidden = 0;
  #preformatted = 0;
  #depth = 0;

  open(name: string, attributes: Record<string, string>, start: number, end: number): void {
    const empty = VOID.has(name);
    if (!empty && ++this.#depth > MAX_DEPTH) throw new RangeError(`html: deeper than ${MAX_DEPTH}`);
    if (this.#hidden > 0 || HIDDEN.has(name) || 'hidden' in attributes) {
      if (!empty) this.#hidden += 1;
      return;
    }
    if (BLOCKS.has(name)) this.#flush();
    if (name === 'pre') this.#preformatted += 1;
    if (/^h[1-6]$/.test(name)) this.#level = Number(name[1]);
    if (CELLS.has(name) && this.#text.length > 0) this.text('; ', start, end);
    if (name === 'img' && attributes.alt) this.text(attributes.alt, start, end);
  }

  text(data: string, start: number, end: number): void {
    if (this.#hidden > 0) return;
    const clean = this.#preformatted > 0 ? data : data.replace(/\s+/g, ' ');
    if (this.#text.length === 0) {
      if (clean.trim() === '') return;
      this.#start = start;
    }
    const piece = this.#preformatted === 0 && this.#spaceLast ? clean.trimStart() : clean;
    if (piece === '') return;
    this.#text.push(piece);
    this.#spaceLast = /\s/.test(piece.at(-1)!);
    this.#end = end;
  }

  close(name: string): void {
    if (VOID.has(name)) return;
    this.#depth -= 1;
    if (this.#hidden > 0) {
      this.#hidden -= 1;
      return;
    }
    if (BLOCKS.has(name)) this.#flush();
    if (name === 'pre') this.#preformatted -= 1;
    if (/^h[1-6]$/.test(name)) this.#level = 0;
  }

  finish(): Block[] {
    this.#flush();
    return this.#blocks;
  }

  #flush(): void {
    const text = this.#text.join('').trim();
    if (text !== '') this.#blocks.push({ text, start: this.#start, end: this.#end, level: this.#level });
    this.#text = [];
    this.#spaceLast = false;
  }
}
