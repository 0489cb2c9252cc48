/** reStructuredText as Markdown (docutils' specification): headings, links, code, tables and directives; the rest is text. */
import { FENCE, markdownTable, type Table } from './markdown-blocks.ts';
import { csvTable, drawnTable, listTable } from './rst-tables.ts';

/** Marks that may stand under a heading, and over it. */
const ADORNMENT = /^([!-/:-@[-`{-~])\1{1,}\s*$/;
/** Longer lines are no headings. */
const LONGEST_HEADING = 400;
/** Directives whose content is code. */
const CODE = /^(?:code|code-block|sourcecode|highlight|parsed-literal|literalinclude|math|prompt)$/;
/** Those that show nothing by themselves. */
const SILENT =
  /^(?:image|include|toctree|contents|index|meta|raw|role|default-role|autoclass|autofunction|automodule|automethod|currentmodule|module|sectnum|sectionauthor|codeauthor|bibliography)$/;
/** Those whose argument is no text: a file, a condition. */
const WITHOUT_ARGUMENT =
  /^(?:figure|only|container|class|rst-class|highlights|ifconfig|grid|tab-set|card-carousel)$/;
/** Those whose argument is a version. */
const VERSIONS = new Map([
  ['versionadded', 'New in version '],
  ['versionchanged', 'Changed in version '],
  ['versionremoved', 'Removed in version '],
  ['deprecated', 'Deprecated since version '],
]);
/** A field: `:name: what it is`; of those that describe a parameter its name counts. */
const FIELD =
  /^\s*:(?:(?:param|parameter|arg|argument|key|raises|ivar|cvar)[ \t]+)?([^:`\s][^:`]{0,60}):(?:[ \t]+(\S.*))?$/;
/** Those of a table. */
const TABLE = /^(?:list-table|csv-table)$/;

/** @param source with any line breaks. @returns Markdown with single line feeds */
export function rstToMarkdown(source: string): string {
  const lines = source.replace(/^\uFEFF/, '').split(/\r\n?|\n/);
  const out: string[] = [];
  /** Marks of headings in the order of their first use: the first one is level 1. */
  const levels: string[] = [];
  /** Indentation of the line that code follows; code is what is deeper. */
  let code: number | null = null;
  let silent: number | null = null;
  const substitutions = substitutionsOf(source);
  const inline = (text: string) => inlineOf(text, substitutions);
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at]!.trimEnd();
    const indent = line.length - line.trimStart().length;
    if (line === '') {
      out.push('');
      continue;
    }
    if (silent !== null) {
      if (indent > silent) continue;
      silent = null;
    }
    if (code !== null) {
      if (indent > code) {
        out.push(line);
        continue;
      }
      out.push(FENCE, '');
      code = null;
    }
    const drawn = drawnTable(lines, at);
    if (drawn !== null) {
      out.push(...markdownTable(drawn, inline));
      at += drawn.lines - 1;
      continue;
    }
    const heading = headingAt(lines, at);
    if (heading !== null) {
      if (!levels.includes(heading.mark)) levels.push(heading.mark);
      const level = Math.min(6, levels.indexOf(heading.mark) + 1);
      out.push(`${'#'.repeat(level)} ${inline(heading.text)}`, '');
      at += heading.lines - 1;
      continue;
    }
    const directive = /^\s*\.\.[ \t]+([\w:-]+)::[ \t]*(.*)$/.exec(line);
    if (directive !== null) {
      const [, name = '', argument = ''] = directive;
      if (CODE.test(name)) {
        at = skipOptions(lines, at, indent);
        out.push('', FENCE);
        code = indent;
      } else if (TABLE.test(name)) {
        const block = indentedBelow(lines, at, indent);
        out.push('', inline(argument), ...markdownTable(tableOf(name, block), inline));
        at += block.length;
      } else if (SILENT.test(name)) silent = indent;
      else if (WITHOUT_ARGUMENT.test(name)) at = skipOptions(lines, at, indent);
      else {
        at = skipOptions(lines, at, indent);
        out.push('', `${VERSIONS.get(name) ?? ''}${inline(argument)}`, '');
      }
      continue;
    }
    // Targets, substitutions and comments; footnotes say something.
    const note = /^\s*\.\.[ \t]+\[[^\]]*\][ \t]*(.*)$/.exec(line);
    if (note !== null) out.push('', inline(note[1]!));
    else if (/^\s*\.\.(?:[ \t]|$)/.test(line)) silent = indent;
    else if (ADORNMENT.test(line) || /^\s*__[ \t]+\S+$/.test(line)) out.push('');
    else if (/^\s*>>> /.test(line)) {
      const end = lines.findIndex((each, i) => i >= at && each.trim() === '');
      const shown = lines.slice(at, end < 0 ? lines.length : end);
      out.push('', FENCE, ...shown, FENCE);
      at += shown.length - 1;
    } else if (isTerm(lines, at)) {
      out.push('', inline(line), `: ${inline(lines[at + 1]!.trim())}`);
      at += 1;
    } else if (line.endsWith('::')) {
      const text = line.slice(0, -2).trim();
      out.push(text === '' ? '' : inline(`${text}:`), '', FENCE);
      code = indent;
    } else if (FIELD.test(line)) {
      const [, name = '', value = ''] = FIELD.exec(line)!;
      out.push('', value === '' ? '' : `${name}: ${inline(value)}`);
    } else out.push(inline(dedented(line)));
  }
  if (code !== null) out.push(FENCE);
  return out.join('\n');
}

/** A heading that begins at this line, over or under its marks. */
function headingAt(
  lines: readonly string[],
  at: number,
): { text: string; mark: string; lines: number } | null {
  const [first = '', second = '', third = ''] = [lines[at], lines[at + 1], lines[at + 2]].map((line) =>
    line?.slice(0, LONGEST_HEADING).trimEnd(),
  );
  const over = ADORNMENT.exec(first)?.[1];
  if (over !== undefined) {
    if (second.trim() === '' || ADORNMENT.exec(third)?.[1] !== over) return null;
    return { text: second.trim(), mark: `over${over}`, lines: 3 };
  }
  const under = ADORNMENT.exec(second)?.[1];
  if (under === undefined || /^\s/.test(first) || second.length < Math.min(first.length, 3)) return null;
  return { text: first, mark: under, lines: 2 };
}

/** The last of the lines `:name: value` below a directive. */
function skipOptions(lines: readonly string[], from: number, indent: number): number {
  let at = from;
  const isOption = (line: string | undefined) =>
    line !== undefined && /^\s*:[\w-]+:/.test(line) && line.length - line.trimStart().length > indent;
  while (isOption(lines[at + 1])) at += 1;
  return at;
}

/** The lines below a directive that are indented deeper than it. */
function indentedBelow(lines: readonly string[], at: number, indent: number): string[] {
  const deeper = (line: string) => line.trim() === '' || line.length - line.trimStart().length > indent;
  let end = at + 1;
  while (end < lines.length && deeper(lines[end]!)) end += 1;
  return lines.slice(at + 1, end);
}

function tableOf(name: string, block: readonly string[]): Table {
  const option = (wanted: string) => {
    const found = block.find((line) => line.trim().startsWith(`:${wanted}:`));
    return found === undefined
      ? ''
      : found
          .trim()
          .slice(wanted.length + 2)
          .trim();
  };
  const content = block.filter((line) => !/^\s*:[\w-]+:/.test(line));
  if (name === 'csv-table') return csvTable(content, option('header'));
  return listTable(content, Number(option('header-rows')) || 0);
}

/** Whether this line is a term, and the next one, which is indented, says what it means. */
function isTerm(lines: readonly string[], at: number): boolean {
  const [before = '', line = '', next = ''] = [lines[at - 1], lines[at], lines[at + 1]];
  if (before.trim() !== '' || /^\s|^(?:[-*+•|:]|\d+[.)]|#\.)/.test(line) || line.endsWith('::')) return false;
  return /^\s+\S/.test(next) && !/^\s*(?:\.\.|[-*+]\s)/.test(next);
}

/** `.. |name| replace:: text`, by name. */
function substitutionsOf(source: string): ReadonlyMap<string, string> {
  const found = source.matchAll(/^[ \t]*\.\.[ \t]+\|([^|\n]{1,100})\|[ \t]+replace::[ \t]*(.*)$/gm);
  return new Map([...found].map(([, name, text]) => [name!, text!.trim()]));
}

/**
 * Blocks of directives are indented by any number of spaces, which would be code. Entries that number themselves get a
 * number; lines of a block keep their words.
 */
function dedented(given: string): string {
  const line = given.replace(/^(\s*)#\.(?=\s)/, '$11.').replace(/^(\s*)\|[ \t]/, '$1');
  const text = line.trimStart();
  return line.length - text.length >= 4 && !/^(?:[-*+]|\d+[.)])\s/.test(text) ? text : line;
}

function inlineOf(text: string, substitutions: ReadonlyMap<string, string>): string {
  return (
    text
      .replace(/``([^`]+)``/g, '`$1`')
      // Joins what its marks would keep apart.
      .replace(/\\[ \t]/g, '')
      .replace(/:[\w:+.-]{1,60}:`([^`]*)`/g, (_, inner: string) => words(inner))
      .replace(/(?<!`)`([^`]+)`_{1,2}/g, (_, inner: string) => words(inner))
      .replace(
        /(?<![\p{L}\p{N}])\|([^|\s](?:[^|]*[^|\s])?)\|_{0,2}(?![\p{L}\p{N}])/gu,
        (_, name: string) => substitutions.get(name) ?? name,
      )
      // Marks of footnotes and of citations.
      .replace(/\s?\[(?:#?[\w-]{0,64}|\*)\]_(?![\p{L}\p{N}])/gu, '')
      .replace(/(?<=[\p{L}\p{N}])_(?=[\s.,;:!?)]|$)/gu, '')
  );
}

/** `words <target>` by its words. */
function words(inner: string): string {
  const at = inner.lastIndexOf('<');
  const named = at > 0 && inner.endsWith('>') ? inner.slice(0, at).trim() : inner;
  return named.replace(/^[~!]/, '');
}
