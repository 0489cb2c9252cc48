/** reStructuredText as Markdown (docutils' specification): headings, links, code and directives; the rest is text. */

/** Marks that may stand under a heading, and over it. */
const ADORNMENT = /^([!-/:-@[-`{-~])\1{1,}\s*$/;
/** Longer lines are no headings. */
const LONGEST_HEADING = 400;
/** Directives whose content is code. */
const CODE = /^(?:code|code-block|sourcecode|highlight|parsed-literal|literalinclude|math|prompt)$/;
/** Those that show nothing by themselves. */
const SILENT =
  /^(?:image|figure|include|toctree|contents|index|meta|only|raw|role|default-role|autoclass|autofunction|automodule|automethod|currentmodule|module|sectnum|csv-table)$/;

/** @param source with any line breaks. @returns Markdown with single line feeds */
export function rstToMarkdown(source: string): string {
  const lines = source.replace(/^\uFEFF/, '').split(/\r\n?|\n/);
  const out: string[] = [];
  /** Marks of headings in the order of their first use: the first one is level 1. */
  const levels: string[] = [];
  /** Indentation of the line that code follows; code is what is deeper. */
  let code: number | null = null;
  let silent: number | null = null;
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
      out.push('```', '');
      code = null;
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
        out.push('', '```');
        code = indent;
      } else if (SILENT.test(name)) silent = indent;
      else {
        at = skipOptions(lines, at, indent);
        out.push('', inline(argument), '');
      }
      continue;
    }
    // Targets, substitutions and comments; footnotes say something.
    const note = /^\s*\.\.[ \t]+\[[^\]]*\][ \t]*(.*)$/.exec(line);
    if (note !== null) out.push('', inline(note[1]!));
    else if (/^\s*\.\.(?:[ \t]|$)/.test(line)) silent = indent;
    else if (ADORNMENT.test(line)) out.push('');
    else if (line.endsWith('::')) {
      const text = line.slice(0, -2).trim();
      out.push(text === '' ? '' : inline(`${text}:`), '', '```');
      code = indent;
    } else out.push(inline(dedented(line)));
  }
  if (code !== null) out.push('```');
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

/** Blocks of directives are indented by any number of spaces, which would be code. */
function dedented(line: string): string {
  const text = line.trimStart();
  return line.length - text.length >= 4 && !/^(?:[-*+]|\d+[.)])\s/.test(text) ? text : line;
}

function inline(text: string): string {
  return text
    .replace(/``([^`]+)``/g, '`$1`')
    .replace(/:[\w:+.-]{1,60}:`([^`]*)`/g, (_, inner: string) => words(inner))
    .replace(/(?<!`)`([^`]+)`_{1,2}/g, (_, inner: string) => words(inner))
    .replace(/\|([^|\s][^|]*)\|_{0,2}/g, '$1')
    .replace(/(?<=[\p{L}\p{N}])_(?=[\s.,;:!?)]|$)/gu, '');
}

/** `words <target>` by its words. */
function words(inner: string): string {
  const at = inner.lastIndexOf('<');
  const named = at > 0 && inner.endsWith('>') ? inner.slice(0, at).trim() : inner;
  return named.replace(/^[~!]/, '');
}
