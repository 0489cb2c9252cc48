/**
 * Metadata without fences, as MultiMarkdown has it, and MkDocs and Pelican after it: `Name: value` a line from the
 * document's first one on, values that go on in indented lines, up to an empty line. Prose may begin in the same way
 * ("Note: bring your badge"), so it counts only where every name is one that these tools give, and a title is among them.
 */
import type { FrontMatter } from './front-matter.ts';
import { wordSet } from './word-set.ts';

/** Names without spaces, marks and capitals. */
const NAMES = wordSet(
  'title subtitle author authors affiliation date modified updated created category categories tags keywords slug lang ' +
    'language languages summary description abstract status template copyright license email css htmlheader htmlfooter ' +
    'xhtmlheader latexheader latexinput latexmode latexfooter latexleader latexbegin baseheaderlevel xhtmlheaderlevel ' +
    'htmlheaderlevel quoteslanguage bibtex bibliography biblatex transcludebase mmdheader mmdfooter revision version ' +
    'comment saveas url permalink layout draft translation type series image cover weight order authorurl web',
);
const FIELD = /^([A-Za-z][\w -]{0,40}?)[ \t]*:(?:[ \t]+(\S.*)|[ \t]*)$/;
/** What is longer is text. */
const MOST_LINES = 64;
const LONGEST_LINE = 1000;

/** @param start where the document's first line begins */
export function unfencedMetadata(source: string, start: number): FrontMatter | null {
  const fields = new Map<string, string>();
  let last = '';
  let at = start;
  for (let count = 0; count < MOST_LINES; count++) {
    const end = source.indexOf('\n', at);
    const line = source.slice(at, end < 0 ? source.length : Math.min(end, at + LONGEST_LINE + 1)).trimEnd();
    if (line.length > LONGEST_LINE) return null;
    if (line === '') return found(fields, at);
    const [, name, value = ''] = FIELD.exec(line) ?? [];
    if (name !== undefined) {
      last = name.replace(/[\s_-]/g, '').toLowerCase();
      if (!NAMES.has(last) || fields.has(last)) return null;
      fields.set(last, value);
    } else if (/^[ \t]/.test(line) && last !== '') {
      fields.set(last, `${fields.get(last)} ${line.trim()}`);
    } else return null;
    if (end < 0) return found(fields, source.length);
    at = end + 1;
  }
  return null;
}

function found(fields: ReadonlyMap<string, string>, end: number): FrontMatter | null {
  const title = fields.get('title')?.trim() ?? '';
  return title === '' ? null : { end, title };
}
