/**
 * HTML to blocks of visible text with their places in the source. What a reader does not see is left out, and of a whole
 * page what is not its content: the text of `main` or `article` where there is one, else all but navigation, headers and
 * footers.
 */

import { Parser } from 'htmlparser2';
import { type Span, TableRows } from './html-table.ts';
import { isHidden, type Place, placeOf } from './html-visibility.ts';
import { type Block, type BlockKind, textBlocks } from './text.ts';
import { wordSet } from './word-set.ts';

/** Elements that begin and end a line of text. */
const BLOCKS = wordSet(
  'address article aside blockquote body br caption dd details dialog div dl dt fieldset figcaption figure footer ' +
    'form h1 h2 h3 h4 h5 h6 header hr html legend li main nav ol option p pre section select summary table tbody ' +
    'tfoot thead tr ul',
);
const CELLS = wordSet('td th');
/** Parts of a table: they end a cell and a row that nobody closed. */
const TABLE_PARTS = wordSet('thead tbody tfoot tr');
/** What the text in an element is. */
const KINDS = new Map<string, 'item' | 'code' | 'term'>([
  ['li', 'item'],
  ['dd', 'item'],
  ['dt', 'term'],
  // What is folded below it belongs to it.
  ['summary', 'term'],
  ['pre', 'code'],
]);
/** Inside of a cell they are spaces. */
const SOFT = wordSet('br div p');
/** Pictures that say how a build went. */
const BADGE = /shields\.io|badgen\.net|\bbadges?\b/i;
const HEADING = /^h[1-6]$/;
const VOID = wordSet(
  'area base basefont br col command embed frame hr img input isindex keygen link meta param source track wbr',
);

export function htmlBlocks(source: string): Block[] {
  const collector = new Collector();
  const parser: Parser = new Parser({
    onopentag: (name, attributes) => collector.open(name, attributes, parser.startIndex, parser.endIndex + 1),
    ontext: (data) => collector.text(data, parser.startIndex, parser.endIndex + 1),
    onclosetag: (name) => collector.close(name, parser.endIndex + 1),
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

/** Where a block lies on its page. */
interface Placed extends Block {
  in: Place | 'page';
}

function spanOf({ colspan, rowspan }: Record<string, string>): Span {
  const count = (value: string | undefined) => {
    const number = Number(value ?? 1);
    return Number.isInteger(number) ? Math.min(Math.max(number, 1), MOST_SPAN) : 1;
  };
  return { columns: count(colspan), rows: count(rowspan) };
}

const MOST_SPAN = 256;

class Collector {
  readonly #blocks: Placed[] = [];
  /** Of the open block, in pieces: they are joined once, and nothing looks through them as more come. */
  #text: string[] = [];
  #spaceLast = false;
  #start = 0;
  #end = 0;
  #level = 0;
  /** Open elements inside (and including) a hidden one. */
  #hidden = 0;
  #depth = 0;
  /** Open ones of each kind that says where text lies. */
  readonly #open = { main: 0, article: 0, frame: 0, item: 0, code: 0, term: 0 };
  /** Of each open element that is seen, where its text lies. */
  readonly #places: (Place | null)[] = [];
  /** Open links to a place on the page itself, and characters of the block that stand outside of any. */
  #inPage = 0;
  #outside = 0;
  readonly #links: boolean[] = [];
  /** Tables that are open, the innermost last, and the cell that is being read. */
  readonly #tables: TableRows[] = [];
  #cell: { table: TableRows; isHeader: boolean; span: Span } | null = null;
  #rowStart = -1;
  /** A picture in the heading that is open, in case that it has no other words. */
  #logo: { words: string; start: number; end: number } | null = null;
  /** Nothing stood between this link's end and what comes next. */
  #linkEnded = false;

  open(name: string, attributes: Record<string, string>, start: number, end: number): void {
    const empty = VOID.has(name);
    if (!empty && ++this.#depth > MAX_DEPTH) throw new RangeError(`html: deeper than ${MAX_DEPTH}`);
    if (this.#hidden > 0 || isHidden(name, attributes)) {
      if (!empty) this.#hidden += 1;
      return;
    }
    if (name === 'a') {
      if (this.#linkEnded) this.text(' ', start, end);
      const inPage = attributes.href?.startsWith('#') === true;
      this.#links.push(inPage);
      if (inPage) this.#inPage += 1;
    }
    if (TABLE_PARTS.has(name)) this.#endRow(start);
    if (BLOCKS.has(name)) this.#break(name, start, end);
    const place = placeOf(name, attributes);
    if (place !== null) this.#open[place] += 1;
    if (!empty) this.#places.push(place);
    const kind = KINDS.get(name);
    if (kind !== undefined) this.#open[kind] += 1;
    if (HEADING.test(name)) {
      this.#level = Number(name[1]);
      this.#logo = null;
    }
    if (name === 'table') this.#tables.push(new TableRows(start));
    if (name === 'tr') this.#rowStart = start;
    if (CELLS.has(name)) this.#openCell(name === 'th', spanOf(attributes), start, end);
    if (name === 'img' && attributes.alt && !BADGE.test(attributes.src?.slice(0, 1000) ?? ''))
      this.#picture(attributes.alt, start, end);
  }

  /** In a heading it is a logo or a badge, unless there are no other words. */
  #picture(words: string, start: number, end: number): void {
    if (this.#level === 0) this.text(words, start, end);
    else this.#logo ??= { words, start, end };
  }

  text(data: string, start: number, end: number): void {
    if (this.#hidden > 0) return;
    this.#linkEnded = false;
    const clean = this.#open.code > 0 ? data : data.replace(/\s+/g, ' ').replaceAll('\u00AD', '');
    if (this.#text.length === 0) {
      if (clean.trim() === '') return;
      this.#start = start;
    }
    const piece = this.#open.code === 0 && this.#spaceLast ? clean.trimStart() : clean;
    if (piece === '') return;
    if (this.#inPage === 0) this.#outside += piece.trim().length;
    this.#text.push(piece);
    this.#spaceLast = /\s/.test(piece.at(-1)!);
    this.#end = end;
  }

  close(name: string, end: number): void {
    if (VOID.has(name)) return;
    this.#depth -= 1;
    if (this.#hidden > 0) {
      this.#hidden -= 1;
      return;
    }
    if (HEADING.test(name) && this.#level > 0) this.#headed();
    if (CELLS.has(name)) this.#closeCell();
    else if (BLOCKS.has(name)) this.#break(name, end, end);
    if (name === 'a') {
      this.#linkEnded = this.#text.length > 0;
      if (this.#links.pop() === true) this.#inPage -= 1;
    }
    if (name === 'tr') this.#endRow(end);
    if (name === 'table') this.#addRow(this.#tables.pop()?.rest() ?? '', end);
    const place = this.#places.pop() ?? null;
    if (place !== null) this.#open[place] -= 1;
    const kind = KINDS.get(name);
    if (kind !== undefined) this.#open[kind] -= 1;
    if (HEADING.test(name)) this.#level = 0;
  }

  /** Blocks of the content; all of them where nothing else is left. */
  finish(): Block[] {
    this.#closeCell();
    this.#flush();
    const kinds = new Set(this.#blocks.map((block) => block.in));
    const kept = (['main', 'article', 'page', 'frame'] as const).find((kind) => kinds.has(kind));
    const isKept = (block: Placed) => block.in === kept;
    // Of a content without a heading of its own the one above it may be.
    const headed = this.#blocks.some((block) => isKept(block) && block.level === 1);
    const above = headed ? undefined : this.#blocks.find(({ level }) => level === 1);
    return this.#blocks
      .filter((block) => isKept(block) || block === above)
      .map(({ in: _, ...block }) => block);
  }

  /** A heading ends: where it has no words, its picture's stand for them. */
  #headed(): void {
    if (this.#text.length === 0 && this.#logo !== null) {
      const { words, start, end } = this.#logo;
      this.text(words, start, end);
    }
    this.#logo = null;
  }

  /** A block begins or ends. */
  #break(name: string, start: number, end: number): void {
    const isSoft = this.#cell !== null ? SOFT.has(name) : this.#level > 0 && name === 'br';
    if (isSoft) this.text(' ', start, end);
    else {
      // Of a cell with blocks of its own: the page is laid out by its table.
      this.#cell = null;
      this.#flush();
    }
  }

  #openCell(isHeader: boolean, span: Span, start: number, end: number): void {
    const table = this.#tables.at(-1);
    if (table === undefined) {
      if (this.#text.length > 0) this.text('; ', start, end);
      return;
    }
    this.#closeCell();
    this.#flush();
    this.#cell = { table, isHeader, span };
  }

  #closeCell(): void {
    if (this.#cell === null) return;
    const { table, isHeader, span } = this.#cell;
    table.cell(this.#text.join('').trim(), isHeader, span);
    this.#cell = null;
    this.#clear();
  }

  #endRow(end: number): void {
    const table = this.#tables.at(-1);
    if (table === undefined) return;
    // A cell of the table around it goes on after this one.
    if (this.#cell?.table === table) this.#closeCell();
    this.#addRow(table.row(end), end);
  }

  #addRow(text: string, end: number): void {
    if (text !== '') this.#add(text, Math.max(0, this.#rowStart), end, 0, 'row');
  }

  #flush(): void {
    const text = this.#text.join('').trim();
    // A mark that leads to the heading itself is none of its words.
    const said = this.#level > 0 ? text.replace(/[\s\u200B]*[#¶\u200B]$/, '') : text;
    // What only leads elsewhere on the page is its table of contents.
    const leads = this.#outside === 0 && ['text', 'item'].includes(this.#kind());
    if (said !== '' && !leads) {
      this.#add(said, this.#start, this.#end, this.#level, this.#kind());
      // What follows in one that nobody closed is text; so is what stands below its first line.
      this.#level = 0;
    }
    this.#clear();
  }

  #kind(): BlockKind {
    const { code, term, item } = this.#open;
    if (this.#level > 0) return 'heading';
    return code > 0 ? 'code' : term > 0 ? 'term' : item > 0 ? 'item' : 'text';
  }

  #clear(): void {
    this.#text = [];
    this.#spaceLast = false;
    this.#linkEnded = false;
    this.#outside = 0;
  }

  #add(text: string, start: number, end: number, level: number, kind: BlockKind): void {
    const { main, article, frame } = this.#open;
    const place = main > 0 ? 'main' : article > 0 ? 'article' : frame > 0 ? 'frame' : 'page';
    this.#blocks.push({ text, start, end, level, kind, in: place });
  }
}
