/**
 * Text as the splitter sees it: pieces (headings and sentences) with their place in the source. Plain text is read
 * here, Markdown and HTML in their own modules. Pieces together hold every visible character of the source.
 */

export interface Piece {
  text: string;
  /** Place in the source in UTF-16 code units, end exclusive. Markup may make it wider than `text`. */
  start: number;
  end: number;
  /** Pieces of one paragraph (or list item, or table row) share a number. */
  block: number;
  /** 1–6 for a heading, 0 for a sentence. */
  level: number;
}

/** A stretch of text that belongs together, before it is cut into sentences. */
export interface Block {
  text: string;
  start: number;
  end: number;
  level: number;
}

/** Paragraphs of plain text: what lies between blank lines. */
export function textBlocks(source: string): Block[] {
  const blocks: Block[] = [];
  for (const match of source.matchAll(/\S(?:[^\n]|\n(?![ \t\r]*\n))*/g)) {
    const text = match[0].trimEnd();
    blocks.push({ text, start: match.index, end: match.index + text.length, level: 0 });
  }
  return blocks;
}

/** Cuts blocks into pieces. Where a block is its own source text, sentences get exact places, else the block's. */
export function toPieces(blocks: readonly Block[], source: string): Piece[] {
  const pieces: Piece[] = [];
  for (const [block, { text, start, end, level }] of blocks.entries()) {
    const exact = source.startsWith(text, start);
    for (const sentence of level > 0 ? [{ text, at: 0 }] : sentences(text)) {
      const from = exact ? start + sentence.at : start;
      pieces.push({
        text: sentence.text,
        start: from,
        end: exact ? from + sentence.text.length : end,
        block,
        level,
      });
    }
  }
  return pieces;
}

/**
 * Ends of sentences: . ! ? … with closing quotes or brackets and white space before what does not continue in lower
 * case; their full-width forms without any space; a line break before a bullet, a number or a capital letter.
 */
const BOUNDARY =
  /(?<=[.!?…]["'’”»)\]]{0,3})\s+(?![\p{Ll}\s])|(?<=[。！？｡][」』”）]{0,3})(?![」』”）。！？｡])|\n\s*(?=[\p{Lu}\p{Lo}\p{N}•*+-])/gu;

export function sentences(text: string): { text: string; at: number }[] {
  const found: { text: string; at: number }[] = [];
  let from = 0;
  const add = (to: number): void => {
    const raw = text.slice(from, to);
    const trimmed = raw.trim();
    if (trimmed !== '') found.push({ text: trimmed, at: from + raw.indexOf(trimmed) });
  };
  for (const match of text.matchAll(BOUNDARY)) {
    add(match.index);
    from = match.index + match[0].length;
  }
  add(text.length);
  return found;
}
