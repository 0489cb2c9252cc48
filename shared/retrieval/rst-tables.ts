/** Tables of reStructuredText: drawn as a grid or by rules, and as lists and comma-separated values in directives. */
import type { Table } from './markdown-blocks.ts';

export interface DrawnTable extends Table {
  /** Lines that it takes. */
  lines: number;
}

const GRID_BORDER = /^\s*\+(?:[-=]+\+)+\s*$/;
const RULE = /^\s*=+(?:[ ]+=+)+\s*$/;
/** Longer lines are text. */
const LONGEST = 1000;

/** A table that is drawn from this line on; null where there is none. */
export function drawnTable(lines: readonly string[], at: number): DrawnTable | null {
  const first = lines[at]!;
  if (first.length > LONGEST) return null;
  if (GRID_BORDER.test(first)) return gridTable(lines, at);
  return RULE.test(first) ? ruledTable(lines, at) : null;
}

function gridTable(lines: readonly string[], at: number): DrawnTable | null {
  let end = at;
  while (/^\s*[+|]/.test(lines[end] ?? '')) end += 1;
  if (end - at < 3) return null;
  const rows: string[][] = [];
  let header: string[] | null = null;
  let cells: string[] = [];
  for (const line of lines.slice(at + 1, end)) {
    if (GRID_BORDER.test(line)) {
      if (line.includes('=')) header = cells;
      else if (cells.length > 0) rows.push(cells);
      cells = [];
    } else {
      const said = line
        .trim()
        .replace(/^[|+]|[|+]$/g, '')
        .split('|');
      cells = said.map((text, i) => `${cells[i] ?? ''} ${/^[-=+\s]*$/.test(text) ? '' : text}`);
    }
  }
  return { header, rows, lines: end - at };
}

/** Columns lie under the rules; a row whose first cell is empty goes on with the one before. */
function ruledTable(lines: readonly string[], at: number): DrawnTable | null {
  const starts = [...lines[at]!.matchAll(/=+/g)].map(({ index }) => index);
  const rules: number[] = [];
  let end = at;
  for (; end < lines.length && rules.length < 3; end++) {
    if (RULE.test(lines[end]!)) rules.push(end);
    else if (lines[end]!.trim() === '' && rules.length === 2 && !hasRule(lines, end)) break;
  }
  if (rules.length < 2) return null;
  const last = rules.at(-1)!;
  const cellsOf = (line: string) => starts.map((from, i) => line.slice(from, starts[i + 1]).trim());
  const rowsOf = (from: number, to: number) => {
    const rows: string[][] = [];
    for (const line of lines.slice(from, to)) {
      if (line.trim() === '' || /^[-\s]+$/.test(line)) continue;
      const cells = cellsOf(line);
      const before = rows.at(-1);
      if (cells[0] === '' && before !== undefined) {
        for (const [i, text] of cells.entries()) before[i] = `${before[i]} ${text}`.trim();
      } else rows.push(cells);
    }
    return rows;
  };
  const header = rules.length === 3 ? joined(rowsOf(at + 1, rules[1]!)) : null;
  const body = rowsOf(rules.length === 3 ? rules[1]! + 1 : at + 1, last);
  return { header, rows: body, lines: last + 1 - at };
}

/** Whether a rule comes before the next text that is no part of a table may. */
function hasRule(lines: readonly string[], from: number): boolean {
  const MOST_ROWS = 500;
  return lines.slice(from, from + MOST_ROWS).some((line) => RULE.test(line));
}

function joined(rows: readonly string[][]): string[] {
  const [first = [], ...more] = rows;
  return first.map((text, i) => [text, ...more.map((row) => row[i] ?? '')].join(' ').trim());
}

/** The content of `list-table`: rows begin with `* -`, cells with `-`. @param headers rows that name columns */
export function listTable(content: readonly string[], headers: number): Table {
  const rows: string[][] = [];
  for (const line of content) {
    const row = /^\s*\*[ \t]+-(?:[ \t]+(.*))?$/.exec(line);
    const cell = row ?? /^\s*-(?:[ \t]+(.*))?$/.exec(line);
    if (row !== null) rows.push([]);
    const cells = rows.at(-1);
    if (cells === undefined) continue;
    if (cell !== null) cells.push(cell[1] ?? '');
    else if (cells.length > 0 && line.trim() !== '') cells.push(`${cells.pop()} ${line.trim()}`);
  }
  return { header: headers > 0 ? joined(rows.slice(0, headers)) : null, rows: rows.slice(headers) };
}

/** The content of `csv-table`. @param header its option of that name */
export function csvTable(content: readonly string[], header: string): Table {
  const rows = content.filter((line) => line.trim() !== '').map(csvCells);
  return { header: header === '' ? null : csvCells(header), rows };
}

function csvCells(line: string): string[] {
  return [...line.trim().matchAll(/\s*(?:"((?:[^"]|"")*)"|([^,]*))(?:,|$)/g)]
    .filter(({ 0: all, index }) => all !== '' || index === 0)
    .map(([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain ?? '');
}
