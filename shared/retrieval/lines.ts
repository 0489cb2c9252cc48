/**
 * Lines of plain text: which of them go on in the next one because the text is wrapped, and which begin an entry of a
 * list.
 */

/** A bullet, a number or a letter before an entry of a list. */
const BULLET = /^\s*(?:[-*+•‣◦▪–]|\(?\d{1,3}[.)]|\(?[a-zA-Z]\))[ \t]+(?=\S)/;
/** A shorter line was ended on purpose. */
const SHORTEST_WRAPPED = 50;
const LAST_LINE = /[.!?…:;।॥؟۔。！？：]["'’”»)\]」』”）]{0,3}$/u;

export function opensItem(line: string): boolean {
  return BULLET.test(line);
}

/** An entry of a list without its bullet. */
export function withoutBullet(entry: string): string {
  return entry.replace(BULLET, '');
}

/** Lines with the places of their first characters; one that is wrapped goes on over line breaks. Blank ones are left out. */
export function lines(text: string): { text: string; at: number }[] {
  const found: { text: string; at: number }[] = [];
  let open: { from: number; to: number } | null = null;
  for (const { 0: line, index } of text.matchAll(/[^\n]+/g)) {
    if (line.trim() === '') continue;
    const from = index + line.length - line.trimStart().length;
    const to = index + line.trimEnd().length;
    if (open !== null && goesOn(text, open, from)) {
      open.to = to;
    } else {
      if (open !== null) found.push({ text: text.slice(open.from, open.to), at: open.from });
      open = { from, to };
    }
  }
  if (open !== null) found.push({ text: text.slice(open.from, open.to), at: open.from });
  return found;
}

/** Whether the line that ends at `open.to` is wrapped, and the one from `next` on goes on with it. */
function goesOn(text: string, open: { from: number; to: number }, next: number): boolean {
  if (/\n\s*\n/.test(text.slice(open.to, next)) || opensItem(text.slice(next, next + 8))) return false;
  const begin = Math.max(open.from, text.lastIndexOf('\n', open.to - 1) + 1);
  const last = text.slice(Math.max(begin, open.to - 4), open.to);
  const length = open.to - begin;
  const isLower = /^\p{Ll}/u.test(text.slice(next, next + 2));
  if (isLower) return length >= SHORTEST_WRAPPED / 2 && !/[:：]$/.test(last);
  return length >= SHORTEST_WRAPPED && !LAST_LINE.test(last);
}
