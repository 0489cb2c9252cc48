/**
 * Text as the splitter sees it: pieces (headings and sentences) with their place in the source. Plain text is read
 * here, Markdown and HTML in their own modules. Pieces together hold every visible character of the source. Every scan
 * takes time in proportion to the length of the text, whatever is in it.
 */

import { dependsOnNext, isMidSentence, LOOK_AHEAD } from './full-stops.ts';
import { opensItem } from './lines.ts';

/** What a block is: prose, an entry of a list, a row of a table, code, a term that is defined next, or a heading. */
export type BlockKind = 'heading' | 'text' | 'item' | 'row' | 'code' | 'term';

export interface Piece {
  text: string;
  /** Place in the source in UTF-16 code units, end exclusive. Markup may make it wider than `text`. */
  start: number;
  end: number;
  /** Pieces of one paragraph (or list item, or table row) share a number. */
  block: number;
  /** 1–6 for a heading, 0 for a sentence. */
  level: number;
  kind: BlockKind;
}

/** A stretch of text that belongs together, before it is cut into sentences. */
export interface Block {
  text: string;
  start: number;
  end: number;
  level: number;
  kind: BlockKind;
}

/** What separates paragraphs: a line break, then at least one line without anything on it. */
const BLANK_LINES = /\n\s*\n/;
/** Characters that tell whether a line begins an entry of a list. */
const LONGEST_BULLET = 8;

/** Paragraphs of plain text, which lie between blank lines, and entries of lists, which begin with a mark. */
export function textBlocks(source: string): Block[] {
  const blocks: Block[] = [];
  let from = 0;
  let kind: BlockKind = 'text';
  const add = (to: number, next: number, nextKind: BlockKind): void => {
    const raw = source.slice(from, to);
    const text = raw.trim();
    const start = from + raw.length - raw.trimStart().length;
    if (text !== '') blocks.push({ text, start, end: start + text.length, level: 0, kind });
    from = next;
    kind = nextKind;
  };
  if (opensItem(source.trimStart().slice(0, LONGEST_BULLET))) kind = 'item';
  for (const { 0: run, index } of source.matchAll(/\s+/g)) {
    if (!run.includes('\n')) continue;
    const next = index + run.length;
    const isItem = opensItem(source.slice(next, next + LONGEST_BULLET));
    if (isItem || BLANK_LINES.test(run)) add(index, next, isItem ? 'item' : 'text');
  }
  add(source.length, source.length, 'text');
  return blocks;
}

/** Cuts blocks into pieces. Where a block is its own source text, sentences get exact places, else the block's. */
export function toPieces(blocks: readonly Block[], source: string): Piece[] {
  const pieces: Piece[] = [];
  for (const [block, { text, start, end, level, kind }] of blocks.entries()) {
    const exact = source.startsWith(text, start);
    for (const sentence of level > 0 ? [{ text, at: 0 }] : sentences(text)) {
      const from = exact ? start + sentence.at : start;
      pieces.push({
        text: sentence.text,
        start: from,
        end: exact ? from + sentence.text.length : end,
        block,
        level,
        kind,
      });
    }
  }
  return pieces;
}

/** A run of white space, or the end of a sentence that needs none: full-width stops with their closing brackets. */
const BREAK = /\s+|[。！？｡][」』”）]{0,3}(?![」』”）。！？｡])/gu;
/** Ends a sentence before white space: . ! ? …, what other scripts have, and up to three closing quotes or brackets. */
const STOP = /[.!?…।॥؟۔።։။។]["'’”»)\]]{0,3}$/;
const LONGEST_STOP = 4;
const FULL_WIDTH_STOP = /[。！？｡][」』”）]{0,3}$/u;
const LOWER_CASE = /^\p{Ll}/u;
/** What begins a sentence after a line break alone: a bullet, a number or a capital letter. */
const OPENING = /^[\p{Lu}\p{Lo}\p{N}•*+-]/u;

/** Whether a text ends as a sentence does. */
export function endsSentence(text: string): boolean {
  const last = text.slice(-LONGEST_STOP);
  return STOP.test(last) || FULL_WIDTH_STOP.test(last);
}

/**
 * Sentences end at . ! ? … with closing quotes or brackets and white space before what does not continue in lower case,
 * but for full stops of abbreviations, initials and numbers that order;
 * at their full-width forms without any space; at a line break before a bullet, a number or a capital letter.
 */
export function sentences(text: string): { text: string; at: number }[] {
  const found: { text: string; at: number }[] = [];
  let from = 0;
  const add = (to: number): void => {
    const raw = text.slice(from, to);
    const trimmed = raw.trim();
    if (trimmed !== '') found.push({ text: trimmed, at: from + raw.length - raw.trimStart().length });
  };
  for (const { 0: run, index } of text.matchAll(BREAK)) {
    const end = index + run.length;
    if (run.trim() !== '') {
      add(end);
      from = end;
      continue;
    }
    const next = text.slice(end, end + 2);
    const stopped =
      STOP.test(text.slice(Math.max(0, index - LONGEST_STOP), index)) &&
      !LOWER_CASE.test(next) &&
      !isMidSentence(text, from, index, text.slice(end, end + LOOK_AHEAD));
    if (!stopped && !(run.includes('\n') && OPENING.test(next))) continue;
    add(index);
    from = end;
  }
  add(text.length);
  return found;
}

/** What may end a sentence, by itself or before white space. */
const MAY_END = /[.!?…।॥؟۔።։។。！？｡]|\s*[\n\r\u2028\u2029]/gu;
/** Characters back from the end in which an end of a sentence is looked for that is not decided. */
const LONGEST_TAIL = 256;

/**
 * From where on a text may still turn out to end a sentence when more of it comes; its length when nowhere.
 * @param passing what stands between a sentence and the next one and belongs to neither, such as marks of citations
 */
export function undecidedEnd(text: string, passing: (tail: string) => string): number {
  const from = Math.max(0, text.length - LONGEST_TAIL);
  for (const { 0: end, index } of text.slice(from).matchAll(MAY_END)) {
    const stop = from + index + end.length;
    const after = passing(text.slice(stop)).replace(/^["'’”»)\]」』）\s]+/u, '');
    const isDecided = dependsOnNext(text, stop)
      ? after.length > LOOK_AHEAD || /\s/.test(after)
      : after !== '';
    if (!isDecided) return from + index;
  }
  return text.length;
}

/** Of a line's indentation, which means something in code and in poems. */
const LONGEST_INDENTATION = 16;

/**
 * Every run of white space as one space, one line break or one empty line, by how many line breaks it has; of the
 * indentation of the line after it 16 characters stay.
 */
export function collapseSpace(text: string): string {
  return text.replace(/\s{2,}/g, (run) => {
    const lines = run.split(/\r\n?|[\n\u2028\u2029]/);
    if (lines.length === 1) return ' ';
    return `${lines.length === 2 ? '\n' : '\n\n'}${lines.at(-1)!.slice(0, LONGEST_INDENTATION)}`;
  });
}

/** Length of the longest start of `text` of at most `limit` code units; where its second half has a space it ends there. */
export function headLength(text: string, limit: number): number {
  if (text.length <= limit) return text.length;
  for (let at = limit; at > limit / 2; at--) if (/\s/.test(text[at]!)) return at;
  // Never between the halves of a surrogate pair.
  return limit > 1 && /[\uD800-\uDBFF]/.test(text[limit - 1]!) ? limit - 1 : limit;
}
