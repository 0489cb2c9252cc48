/** What other markup becomes in Markdown: tables, whose reader gives each cell the name of its column, and code. */

/** Around code of other markup, which may be Markdown. */
export const FENCE = '`'.repeat(8);

/** Wider ones are text. */
const MOST_COLUMNS = 64;

export interface Table {
  /** Names of the columns; null where there are none. */
  header: readonly string[] | null;
  rows: readonly (readonly string[])[];
}

/** @param inline makes Markdown of a cell's text. @returns lines, with an empty one around them */
export function markdownTable({ header, rows }: Table, inline: (text: string) => string): string[] {
  const columns = Math.min(MOST_COLUMNS, Math.max(header?.length ?? 0, ...rows.map((row) => row.length)));
  if (!(columns > 0)) return [''];
  const line = (cells: readonly string[]) =>
    `| ${Array.from({ length: columns }, (_, i) => cellOf(inline(cells[i] ?? ''))).join(' | ')} |`;
  return ['', line(header ?? []), `|${'---|'.repeat(columns)}`, ...rows.map(line), ''];
}

function cellOf(text: string): string {
  return text.replace(/\s+/g, ' ').trim().replaceAll('|', '\\|');
}
