/** Names that callers and objects share: collections, regions, items, passages. */
import { z } from 'zod';

export const CollectionName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'lower-case letters, digits and dashes, at most 63 characters');

export const RegionName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,31}$/, 'lower-case letters, digits and dashes, at most 32 characters');

/**
 * An item's key is chosen by the caller (a path, an id) and is unique in its collection. It has to stand in a URL:
 * `.` and `..` are taken out of those, and half a surrogate pair has no spelling in them. U+0000 separates keys in a
 * snapshot.
 */
export const ItemKey = z
  .string()
  .min(1)
  .max(512)
  // biome-ignore lint/suspicious/noControlCharactersInRegex: this one is refused.
  .regex(/^(?!\.{1,2}$)[^\u0000]*$/, 'is a name without U+0000, not . or ..')
  .refine((key) => key.isWellFormed(), 'is not well-formed Unicode');

/** A passage is named by its item and its place in it. */
export function passageId(item: string, ordinal: number): string {
  return `${item}#${ordinal}`;
}

/** The ordinal in a passage's id. */
export function passageOrdinal(id: string): number {
  return Number(id.slice(id.lastIndexOf('#') + 1));
}

/**
 * The entry that an object has itself under a name that somebody chose: `constructor` and its like are inherited by
 * every object.
 */
export function entryOf<T>(record: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(record, name) ? record[name] : undefined;
}

export const Sha256Hex = z.string().regex(/^[0-9a-f]{64}$/);
