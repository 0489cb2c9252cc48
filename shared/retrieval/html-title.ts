/** What a page of HTML calls itself. */
import { Parser } from 'htmlparser2';

/** What may hold a `<title>` that is not the page's, with what ends it. */
const OTHER_TITLES = /<title(?:\s[^<>]*)?>|<!--|<(?<name>svg|script|style|template|noscript)(?=[\s>])/gi;

/** What a page calls itself: its `<title>`; empty where it has none. */
export function htmlTitle(source: string): string {
  let from = -1;
  OTHER_TITLES.lastIndex = 0;
  for (let found = OTHER_TITLES.exec(source); found !== null; found = OTHER_TITLES.exec(source)) {
    if (/^<title/i.test(found[0])) {
      from = OTHER_TITLES.lastIndex;
      break;
    }
    const name = found.groups?.name;
    const ends = name === undefined ? /-->/g : new RegExp(`</${name}`, 'gi');
    ends.lastIndex = found.index + 4;
    if (ends.exec(source) === null) break;
    OTHER_TITLES.lastIndex = ends.lastIndex;
  }
  if (from < 0) return '';
  const end = source.indexOf('<', from);
  let title = '';
  const parser = new Parser({ ontext: (data) => (title += data) });
  parser.end(source.slice(from, end < 0 ? source.length : end));
  return title;
}
