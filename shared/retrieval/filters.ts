/**
 * Which items satisfy a filter. Evaluated where the documents are. A missing field, or one of another type than the
 * operand, satisfies only the negative operators.
 */
import type { Condition, Filters } from '../protocol/filters.ts';

export type FilterValue = string | number | boolean;

/**
 * What of an item can be asked for besides its metadata: `folder`, `key`, `timestamp` (ms since 1970), and `filename`, AI
 * Search's name of the key, unless its metadata has one.
 */
export interface Filterable {
  key: string;
  timestamp: number;
  metadata: Readonly<Record<string, FilterValue>>;
}

/** True when the item satisfies every condition. */
export function matchesFilters(filters: Filters, item: Filterable): boolean {
  return Object.entries(filters).every(([field, condition]) => {
    const value = fieldOf(item, field);
    return typeof condition === 'object' ? satisfies(value, condition) : value === condition;
  });
}

/** The folder of a key: what stands before its last slash, that slash included; empty at the top. */
export function folderOf(key: string): string {
  return key.slice(0, key.lastIndexOf('/') + 1);
}

function fieldOf(item: Filterable, field: string): FilterValue | undefined {
  if (field === 'folder') return folderOf(item.key);
  if (field === 'key') return item.key;
  if (field === 'timestamp') return item.timestamp;
  if (Object.hasOwn(item.metadata, field)) return item.metadata[field];
  return field === 'filename' ? item.key : undefined;
}

function satisfies(value: FilterValue | undefined, condition: Condition): boolean {
  const { $eq, $ne, $in, $nin, $lt, $lte, $gt, $gte } = condition;
  return (
    ($eq === undefined || value === $eq) &&
    ($ne === undefined || value !== $ne) &&
    ($in === undefined || (value !== undefined && $in.includes(value))) &&
    ($nin === undefined || value === undefined || !$nin.includes(value)) &&
    ($lt === undefined || ordered(value, $lt, (order) => order < 0)) &&
    ($lte === undefined || ordered(value, $lte, (order) => order <= 0)) &&
    ($gt === undefined || ordered(value, $gt, (order) => order > 0)) &&
    ($gte === undefined || ordered(value, $gte, (order) => order >= 0))
  );
}

/** Numbers by value, strings by code unit: so a range `$gte "a/"`, `$lt "a0"` means everything below folder a. */
function ordered(
  value: FilterValue | undefined,
  operand: string | number,
  accept: (order: number) => boolean,
): boolean {
  if (typeof value === 'number' && typeof operand === 'number') return accept(value - operand);
  if (typeof value !== 'string' || typeof operand !== 'string') return false;
  return accept(value < operand ? -1 : value > operand ? 1 : 0);
}
