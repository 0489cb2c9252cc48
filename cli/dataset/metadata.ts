/** Metadata as people have it, made into what the API holds: flat texts, numbers, and yes or no. */
import { ItemMetadata } from '../../shared/protocol/api/item.ts';
import { DatasetError } from './dataset-error.ts';
import type { Findings } from './findings.ts';

const MOST_FIELDS = 64;

/**
 * Lists of plain values are joined; what is null, nested or beyond the API's limits is left out, and so is what is no
 * object. All of it is noted.
 */
export function flatMetadata(
  file: string,
  line: number | null,
  value: unknown,
  findings: Findings,
): ItemMetadata {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    findings.note(new DatasetError(file, line, 'metadata', 'left out: it is no object'));
    return {};
  }
  const flat: ItemMetadata = {};
  for (const [name, entry] of Object.entries(value)) {
    const note = (what: string) => findings.note(new DatasetError(file, line, `metadata.${name}`, what));
    const plain = Array.isArray(entry) && entry.every(isPlain) ? entry.join(', ') : entry;
    const parsed = ItemMetadata.safeParse({ [name]: plain });
    if (Object.keys(flat).length === MOST_FIELDS) note(`left out: at most ${MOST_FIELDS} fields`);
    else if (parsed.success) {
      if (plain !== entry) note('its values were joined');
      Object.assign(flat, parsed.data);
    } else note(`left out: ${whyNot(entry)}`);
  }
  return flat;
}

function isPlain(value: unknown): value is string | number | boolean {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
}

function whyNot(entry: unknown): string {
  if (entry === null) return 'it is null';
  const flat = Array.isArray(entry) ? entry.every(isPlain) : isPlain(entry);
  return flat ? 'it is longer than the API takes' : 'it is nested';
}
