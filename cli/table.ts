/** Plain tables for the terminal: columns to the left or to the right. */

/**
 * @param left columns that begin at their left edge: the first, unless said otherwise
 * @returns lines without a newline at the end.
 */
export function table(
  rows: readonly (readonly string[])[],
  indent = '  ',
  left: readonly number[] = [0],
): string {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, cell.length);
  }
  return rows
    .map((row) => {
      const cells = row.map((cell, i) =>
        left.includes(i) ? cell.padEnd(widths[i] as number) : cell.padStart(widths[i] as number),
      );
      return (indent + cells.join('   ')).trimEnd();
    })
    .join('\n');
}

/** A fraction as a percentage with one decimal; a dash where nothing was measured. */
export function percent(fraction: number | null): string {
  return fraction === null || Number.isNaN(fraction) ? '–' : `${(100 * fraction).toFixed(1)} %`;
}
