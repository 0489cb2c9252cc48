/**
 * What keeps a Markdown parser to linear time: a source is read in stretches, and what takes the parser longer than its
 * length is read as plain text. Its own reading stays as it is for everything else.
 */
import { Tokenizer, type Tokens } from 'marked';

/** Deeper quotes and lists are read as plain text, so that hostile input costs no stack. */
const MAX_NESTING = 64;
/** Longer runs of one mark are no ruler and no fence. */
const LONGEST_RUN = 1000;
/** A stretch ends at the next good place after so many characters, and at the next line after so many. */
const STRETCH = 8192;
const LONGEST_STRETCH = 32_768;

/** Whether `source` is more than a parser should be given. */
export function isHostile(source: string): boolean {
  return nestsDeeper(source, MAX_NESTING) || hasRun(source, LONGEST_RUN);
}

/** Quotes, list items, task marks and indentation at the beginning of a line. */
const PREFIX = /^(?:[ \t]|>|[*+-](?=[ \t])|\d{1,9}[.)](?=[ \t])|\[[ xX]\](?=[ \t]))+/gm;

/** Whether quotes and lists may nest deeper than `limit` on any line; what it counts is an upper bound. */
function nestsDeeper(source: string, limit: number): boolean {
  for (const [prefix] of source.matchAll(PREFIX)) {
    const marks = prefix.match(/>|\[|[*+-]|\d+/g)?.length ?? 0;
    // A tab is up to four columns, and two columns are a level.
    const indent = /^[ \t]*/.exec(prefix)![0].replaceAll('\t', '    ').length >> 1;
    if (marks + indent > limit) return true;
  }
  return false;
}

function hasRun(source: string, limit: number): boolean {
  for (let at = 0, run = 0; at < source.length; at++) {
    run = at > 0 && source[at] === source[at - 1] ? run + 1 : 1;
    if (run > limit && /[!-/:-@[-`{-~]/.test(source[at]!)) return true;
  }
  return false;
}

/** Where stretches begin that can be read one by one: at headings, items and paragraphs outside of fences and lists. */
export function* stretches(source: string, begin = 0): Generator<{ from: number; to: number }> {
  let from = begin;
  let fence: string | null = null;
  let blankBefore = false;
  for (let at = begin; at < source.length; ) {
    const end = lineEnd(source, at);
    const start = source.slice(at, Math.min(end, at + 80));
    const good =
      fence === null &&
      (/^(?:#|[*+-][ \t]|\d{1,9}[.)][ \t])/.test(start) || (blankBefore && /^\S/.test(start)));
    if (at - from > LONGEST_STRETCH || (good && at - from > STRETCH)) {
      yield { from, to: at };
      from = at;
      fence = null;
    }
    const mark = /^ {0,3}(`{3,}|~{3,})/.exec(start)?.[1];
    if (fence === null) fence = mark ?? null;
    else if (mark?.startsWith(fence)) fence = null;
    blankBefore = start.trim() === '';
    at = end + 1;
  }
  yield { from, to: source.length };
}

/** The parser's own reading, without what takes it more than linear time. */
export class BoundedTokenizer extends Tokenizer {
  /**
   * It reads a whole table before it counts the columns, and fills up every row to their number. Many short lines under
   * a wide header are none. @throws RangeError for those
   */
  override table(source: string): Tokens.Table | undefined {
    const head = source.indexOf('\n');
    if (head < 0) return undefined;
    const header = source.slice(0, head);
    const under = source.slice(head + 1, lineEnd(source, head + 1));
    // A line of dashes alone makes a heading, which the parser notices after the whole table.
    if (!/^[-:| \t]+$/.test(under) || !/[:|]/.test(under)) return undefined;
    if (columns(header) !== columns(under)) return undefined;
    const blank = source.indexOf('\n\n');
    const table = blank < 0 ? source : source.slice(0, blank);
    const cells = columns(header) * (table.split('\n').length + 1);
    if (cells > 2 * table.length + SPARE_CELLS) throw new RangeError(`table: ${cells} cells`);
    return super.table(source);
  }

  /** It looks for the line under a heading to the end of a list item, at each of the item's lines. */
  override lheading(source: string): Tokens.Heading | undefined {
    return super.lheading(source.slice(0, lineEnd(source, HEADING_CHARACTERS)));
  }

  /** It looks for a table, to that table's end, at each of a paragraph's lines. */
  override paragraph(source: string): Tokens.Paragraph | undefined {
    return super.paragraph(source.slice(0, lineEnd(source, STRETCH)));
  }
}

const SPARE_CELLS = 1000;
/** Of a heading with a line under it. */
const HEADING_CHARACTERS = 1000;

/** Cells of a table's row: between bars that no backslash escapes, without empty ones at its ends. */
function columns(row: string): number {
  const line = row.trim().replace(/^\|/, '');
  let bars = 0;
  let last = false;
  for (let at = 0; at < line.length; at++) {
    last = line[at] === '|';
    if (last) bars += 1;
    if (line[at] === '\\') at += 1;
  }
  return last ? bars : bars + 1;
}

/** Where the line ends that `from` lies in. */
function lineEnd(text: string, from: number): number {
  const end = text.indexOf('\n', from);
  return end < 0 ? text.length : end;
}
