/** A table of AsciiDoc: cells begin with a bar, and a row has as many as there are columns. */
import type { Table } from './markdown-blocks.ts';

/** What stands right before a cell's bar and says how it is drawn: `2+|`, `.3+^|`, `a|`. */
const CELL_STYLE = /(?:^|\s)(?:\d*(?:\.\d+)?[+*])?(?:[<^>]|\.[<^>]){0,2}[aehlmsdv]?$/;

/** @param lines between its fences. @param attributes the line in brackets above it; empty where there is none */
export function asciidocTable(lines: readonly string[], attributes: string): Table {
  const first = lines.findIndex((line) => line.trim() !== '');
  const perLine = cellsOf(lines[first] ?? '').length;
  const columns = columnsOf(attributes) ?? Math.max(1, perLine);
  const cells: string[] = [];
  for (const line of lines) {
    const [before = '', ...begun] = cellsOf(line, true);
    if (before.trim() !== '' && cells.length > 0) cells.push(`${cells.pop()} ${before.trim()}`);
    cells.push(...begun);
  }
  const rows: string[][] = [];
  for (let at = 0; at < cells.length; at += columns) rows.push(cells.slice(at, at + columns));
  const said = /(?:options|opts)\s*=\s*"?[^"\]]*header|%[\w%]*header/.test(attributes);
  const apart = perLine === columns && (lines[first + 1] ?? 'x').trim() === '' && columns > 1;
  const hasHeader = (said || (apart && !/noheader/.test(attributes))) && rows.length > 1;
  return { header: hasHeader ? rows[0]! : null, rows: hasHeader ? rows.slice(1) : rows };
}

/** @param whole also what stands before the first bar */
function cellsOf(line: string, whole = false): string[] {
  const parts = line.split(/(?<!\\)\|/);
  const cells = parts.map((text, i) =>
    (i < parts.length - 1 ? text.replace(CELL_STYLE, '') : text).trim().replaceAll('\\|', '|'),
  );
  return whole ? cells : cells.slice(1);
}

/** By `cols="1,2"`, `cols="3*"`; null where it is not said. */
function columnsOf(attributes: string): number | null {
  const cols = /cols\s*=\s*(?:"([^"]*)"|([^,\]"\s]+))/.exec(attributes);
  const said = cols?.[1] ?? cols?.[2];
  if (said === undefined) return null;
  let columns = 0;
  for (const part of said.split(/[,;]/)) columns += Number(/^\s*(\d{1,2})\*/.exec(part)?.[1] ?? 1);
  return columns > 0 && columns <= 64 ? columns : null;
}
