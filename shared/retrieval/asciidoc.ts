/** AsciiDoc as Markdown (its language documentation): headings, links, code, tables and admonitions; the rest is text. */
import { asciidocTable } from './asciidoc-table.ts';
import { FENCE, markdownTable } from './markdown-blocks.ts';

/** Fences of blocks: code stays as it is, of the others only the content counts. */
const CODE_FENCE = /^(?:-{4,}|\.{4,}|```.*)$/;
const BLOCK_FENCE = /^(?:={4,}|\*{4,}|_{4,}|--|,={3,}|\+{4,})$/;
const TABLE_FENCE = /^\|={3,}$/;
const COMMENT_FENCE = /^\/{4,}$/;

/** @param source with any line breaks. @returns Markdown with single line feeds */
export function asciidocToMarkdown(source: string): string {
  const out: string[] = [];
  /** The line that ends what is open. */
  let code: string | null = null;
  let comment: string | null = null;
  /** Lines of a table, with what stands above it about it. */
  let table: { lines: string[]; attributes: string } | null = null;
  let attributes = '';
  let header = true;
  const values = valuesOf(source);
  const lines = source.replace(/^\uFEFF/, '').split(/\r\n?|\n/);
  for (const [at, raw] of lines.entries()) {
    const line: string = code === null ? withValues(raw.trimEnd(), values) : raw.trimEnd();
    if (table !== null) {
      if (!TABLE_FENCE.test(line)) table.lines.push(line);
      else {
        out.push(...markdownTable(asciidocTable(table.lines, table.attributes), inline));
        table = null;
      }
    } else if (comment !== null) {
      if (line === comment) comment = null;
    } else if (code !== null) {
      if (line === code) code = null;
      out.push(code === null ? FENCE : line);
    } else if (isUnderline(line, lines[at - 1] ?? '', lines[at - 2] ?? '')) {
      out.push(`${'#'.repeat(UNDERLINES.indexOf(line[0]!) + 1)} ${out.pop()!}`, '');
    } else if (TABLE_FENCE.test(line)) table = { lines: [], attributes };
    else if (COMMENT_FENCE.test(line)) comment = line;
    else if (CODE_FENCE.test(line)) {
      code = line.startsWith('```') ? '```' : line;
      out.push(FENCE);
    } else if (!line.startsWith('//')) {
      const text = lineOf(line, header);
      if (text !== null) out.push(text);
      attributes = /^\[[^\]]*\]$/.test(line) ? line : line.startsWith('.') ? attributes : '';
      // The document's own lines end at the first empty one.
      if (line === '') header = false;
    }
  }
  if (code !== null) out.push(FENCE);
  // One that is not closed.
  if (table !== null) out.push(...markdownTable(asciidocTable(table.lines, table.attributes), inline));
  return out.join('\n');
}

/** Marks under headings in the older form, by level. */
const UNDERLINES = '=-~^+';
/** Longer lines are no headings. */
const LONGEST_HEADING = 200;

/** Whether a line makes a heading of the one before it, which stands alone and is as long, give or take one. */
function isUnderline(line: string, before: string, above: string): boolean {
  if (line.length > LONGEST_HEADING || !/^([=~^+-])\1{2,}$/.test(line)) return false;
  const stands = above.trim() === '' || /^\[.*\]$/.test(above.trim());
  const length = before.slice(0, 2 * LONGEST_HEADING).trimEnd().length;
  return stands && /^[\p{L}\p{N}]/u.test(before) && Math.abs(length - line.length) <= 1;
}

/** A line outside of code; null for one that says nothing. */
function lineOf(line: string, header: boolean): string | null {
  const heading = /^(={1,6}|#{1,6})[ \t]+(.*)$/.exec(line);
  if (heading !== null)
    return `${'#'.repeat(heading[1]!.length)} ${inline(heading[2]!.replace(/ =+$/, ''))}\n`;
  // Attributes, and below the title authors and revisions.
  if (/^:[!\w][\w!-]*:/.test(line)) return null;
  if (header && /^(?:[^\s<>]+ ){0,3}[^\s<>]* ?<[^<>\s]+@[^<>\s]+>|^v\d[\w.]*,/.test(line.slice(0, 300)))
    return null;
  if (/^\[[^\]]*\]$/.test(line) || BLOCK_FENCE.test(line) || line === '+' || line === "'''" || line === '<<<')
    return '';
  if (/^(?:include|ifdef|ifndef|ifeval|endif|image|toc|video|audio)::/.test(line)) return '';
  const titled = /^\.(?=[^\s.])(.*)$/.exec(line);
  if (titled !== null) return `${inline(titled[1]!)}\n`;
  const list = /^[ \t]*(\*{1,5}|-|\.{1,5})[ \t]+(.*)$/.exec(line);
  if (list !== null) {
    const depth = '  '.repeat(list[1]!.length - 1);
    const entry = list[2]!.replace(/^\[[ x*]\][ \t]+/, '');
    return `${depth}${list[1]!.startsWith('.') ? '1.' : '-'} ${inline(entry)}`;
  }
  const term = /^(.{1,200}?)::(?:[ \t]+(.*))?$/.exec(line);
  if (term !== null) return `\n${inline(term[1]!)}: ${inline(term[2] ?? '')}`;
  // What an example's mark in code means.
  return inline(line.replace(/^<(?:\d+|\.)>[ \t]+/, '').replace(/ \+$/, ''));
}

/** `:name: value`, by name. */
function valuesOf(source: string): ReadonlyMap<string, string> {
  const found = source.matchAll(/^:([\w][\w-]*):[ \t]+(\S.*)$/gm);
  return new Map([...found].map(([, name, value]) => [name!, value!.trim()]));
}

function withValues(line: string, values: ReadonlyMap<string, string>): string {
  if (!line.includes('{')) return line;
  return line.replace(/(?<!\\)\{([\w-]{1,64})\}/g, (all, name: string) => values.get(name) ?? all);
}

/** Targets, words and attributes of more than a thousand characters are text, so that a line takes linear time. */
function inline(text: string): string {
  return text
    .replace(
      /\b(?:link|xref|mailto):([^\s[\]]{0,1000})\[([^[\]]{0,1000})\]/g,
      (_, target: string, words: string) => label(words, target),
    )
    .replace(/\b(https?:\/\/[^\s[\]]{1,1000})\[([^[\]]{0,1000})\]/g, (_, target: string, words: string) =>
      label(words, target),
    )
    .replace(
      /<<([^<>,]{0,1000})(?:,([^<>]{0,1000}))?>>/g,
      (_, target: string, words?: string) => words?.trim() || target,
    )
    .replace(/\b(?:kbd|btn|menu|pass|stem|footnote):[^\s[\]]{0,1000}\[([^[\]]{0,1000})\]/g, '$1')
    .replace(/\bimage:[^\s[\]]{1,1000}\[([^[\],]{0,1000})[^[\]]{0,1000}\]/g, '$1')
    .replace(/\bicon:[^\s[\]]{1,1000}\[[^[\]]{0,1000}\]/g, '')
    .replaceAll('+++', '')
    .replace(/\[\[[^[\]]{0,1000}\]\]|\{(?:nbsp|empty|sp)\}/g, ' ')
    .replace(/\[[.#][^[\]]{0,1000}\](?=[#*_`])/g, '')
    .replace(/(?<![\p{L}\p{N}#])#([^#\s](?:[^#]{0,1000}[^#\s])?)#(?![\p{L}\p{N}#])/gu, '$1');
}

/** `words,window=_blank^` by its words. */
function label(words: string, target: string): string {
  return words.split(',')[0]!.replace(/\^$/, '').replace(/^"|"$/g, '').trim() || target;
}
