/** Tables of fields in pages that are made from schemas. */
import { limitsOf, type Schema } from '../workers/docs/reference.ts';

const rowOf = (cells: readonly string[]): string =>
  `| ${cells.map((text) => text.replaceAll('|', '\\|')).join(' | ')} |`;

/** As Markdown. */
export function markdownTable(names: readonly string[], rows: readonly (readonly string[])[]): string {
  return [rowOf(names), `|${'---|'.repeat(names.length)}`, ...rows.map(rowOf)].join('\n');
}

/** Limits of a field and of what may stand in its place. */
export function allLimits(schema: Schema): string[] {
  return [...limitsOf(schema), ...(schema.anyOf ?? []).flatMap(limitsOf)];
}
