/** Plain tables for the terminal: columns to the left or to the right, in the width that there is. */
import { displayWidth, wrap } from './terminal-text.ts';

const GAP = '   ';
/** A column of text is not made narrower, unless it is so; nor narrower than its longest word, if that is not long. */
const LEAST = 10;
const LONGEST_WHOLE = 24;

/**
 * Cells of text and names of columns are wrapped where the table is wider than `width`; where that is not enough, each row becomes lines of
 * its own, `name: cell`, by the names in the first row.
 * @param left columns that begin at their left edge, and may be wrapped: the first, unless said otherwise
 * @param width columns of the terminal
 * @returns lines without a newline at the end.
 */
export function table(
  rows: readonly (readonly string[])[],
  indent = '  ',
  left: readonly number[] = [0],
  width = Number.POSITIVE_INFINITY,
): string {
  const natural: number[] = [];
  const least: number[] = [];
  for (const [at, row] of rows.entries()) {
    for (const [i, cell] of row.entries()) {
      natural[i] = Math.max(natural[i] ?? 0, displayWidth(cell));
      // Figures stay whole; the name above them may be wrapped.
      const words = left.includes(i) || at === 0 ? cell.split(' ').map(displayWidth) : [displayWidth(cell)];
      const start = left.includes(i) ? LEAST : 0;
      least[i] = Math.max(least[i] ?? start, ...words.filter((word) => word <= LONGEST_WHOLE));
    }
  }
  const widths = fitted(natural, least, width - indent.length - GAP.length * (natural.length - 1));
  if (widths === null) return records(rows, indent, width);
  return rows.map((row) => lineOf(row, widths, left, indent)).join('\n');
}

/** Widths that fit `room`, with the widest columns of text made narrower; null where that is not enough. */
function fitted(natural: readonly number[], least: readonly number[], room: number): number[] | null {
  const widths = [...natural];
  for (;;) {
    const over = widths.reduce((sum, each) => sum + each, 0) - room;
    if (over <= 0) return widths;
    const widest = [...widths.keys()]
      .filter((i) => (widths[i] ?? 0) > least[i]!)
      .sort((a, b) => widths[b]! - widths[a]!);
    const [first, second] = widest;
    if (first === undefined) return null;
    const down = Math.max(least[first]!, second === undefined ? 0 : widths[second]!);
    widths[first] = Math.max(widths[first]! - over, Math.min(down, widths[first]! - 1));
  }
}

function lineOf(row: readonly string[], widths: readonly number[], left: readonly number[], indent: string) {
  const cells = row.map((cell, i) => wrap(cell, widths[i]!));
  const height = Math.max(...cells.map((lines) => lines.length));
  return Array.from({ length: height }, (_, line) => {
    const parts = cells.map((lines, i) => {
      const text = lines[line] ?? '';
      const space = ' '.repeat(Math.max(0, widths[i]! - displayWidth(text)));
      return left.includes(i) ? text + space : space + text;
    });
    return (indent + parts.join(GAP)).trimEnd();
  }).join('\n');
}

function records(
  [head = [], ...rows]: readonly (readonly string[])[],
  indent: string,
  width: number,
): string {
  const within = width - indent.length - 2;
  const lines = rows.map((row) =>
    row
      .flatMap((cell, i) => wrap(`${head[i] ?? ''}: ${cell}`, within))
      .map((line, i) => `${indent}${i === 0 ? '' : '  '}${line}`)
      .join('\n'),
  );
  return lines.join('\n');
}

/** A fraction as a percentage with one decimal; a dash where nothing was measured. */
export function percent(fraction: number | null): string {
  return fraction === null || Number.isNaN(fraction) ? '–' : `${(100 * fraction).toFixed(1)} %`;
}
