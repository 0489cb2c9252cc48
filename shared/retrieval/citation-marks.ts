/**
 * Marks of citations in a text: `[2]`, `[1, 3]`, `【2】`. One is at most 60 characters long inside its brackets, so that
 * a text is read in time proportional to its length, also one that comes in pieces.
 */

export interface CitationMark {
  /** Where it begins, with the spaces and tabs before it. */
  start: number;
  /** Where its bracket opens. */
  at: number;
  /** End, exclusive. */
  end: number;
  numbers: number[];
}

const INSIDE = 60;
/** Spaces that belong to the mark after them. */
const SPACES = 16;
const MARK = new RegExp(`[[【][\\d\\s,;]{1,${INSIDE}}[\\]】]`, 'g');
const LIST = /^.\s*\d{1,4}(?:\s*[,;]\s*\d{1,4})*\s*.$/su;

/** All marks of `text`, in order. */
export function citationMarks(text: string): CitationMark[] {
  const marks: CitationMark[] = [];
  for (const { 0: mark, index } of text.matchAll(MARK)) {
    if (!LIST.test(mark)) continue;
    const start = spacesBefore(text, index, marks.at(-1)?.end ?? 0);
    const numbers = [...mark.matchAll(/\d+/g)].map(([digits]) => Number(digits));
    marks.push({ start, at: index, end: index + mark.length, numbers });
  }
  return marks;
}

/** `text` without its marks and the spaces before them. */
export function withoutCitations(text: string): string {
  let bare = '';
  let from = 0;
  for (const { start, end } of citationMarks(text)) {
    bare += text.slice(from, start);
    from = end;
  }
  return bare + text.slice(from);
}

/** From where on `text` may still become a mark when more of it comes; its length when nowhere. */
export function openMark(text: string): number {
  let at = text.length;
  while (at > 0 && text.length - at < INSIDE && /[\d\s,;]/.test(text[at - 1]!)) at -= 1;
  const opens = at > 0 && /[[【]/.test(text[at - 1]!);
  return spacesBefore(text, opens ? at - 1 : text.length, 0);
}

function spacesBefore(text: string, at: number, least: number): number {
  let start = at;
  while (start > least && at - start < SPACES && /[ \t]/.test(text[start - 1]!)) start -= 1;
  return start;
}
