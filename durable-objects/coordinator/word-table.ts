/**
 * The words of all passages for a gate: what regions have indexed, put in the order of a snapshot's rows, so that held-out
 * questions can be asked by words without leaving their region.
 */
import { mergePostings, Postings } from '../../shared/index/postings.ts';
import { SegmentIds } from '../../shared/index/segment.ts';
import type { Snapshot } from '../../shared/protocol/snapshot.ts';
import type { IndexedWords } from '../region/segments.ts';

/** Bytes of ids and postings of all regions: some 35,000 passages. Beyond it a gate compares by vectors alone. */
export const MOST_WORD_BYTES = 8 << 20;

/**
 * Postings of the snapshot's rows; a row whose passage no region has indexed has no words. Null where it is too much, or
 * a region did not answer.
 */
export function wordsOfRows(
  { items, ordinals }: Pick<Snapshot, 'items' | 'ordinals'>,
  regions: readonly (readonly IndexedWords[] | null)[],
): Uint8Array | null {
  if (regions.includes(null)) return null;
  const segments = regions.flatMap((each) => each ?? []);
  if (segments.reduce((sum, { ids, words }) => sum + ids.length + words.length, 0) > MOST_WORD_BYTES)
    return null;
  const rows = new Map(items.map((item, row) => [placeOf(item, ordinals[row]!), row]));
  const parts = segments.map(({ ids: bytes, words, dead }) => {
    const ids = new SegmentIds(bytes);
    const numberOf = (passage: number): number =>
      dead?.[passage] === 1 ? -1 : (rows.get(placeOf(ids.item(passage), ids.ordinal(passage))) ?? -1);
    const numbers = Int32Array.from({ length: ids.passages }, (_, passage) => numberOf(passage));
    return { postings: new Postings(words), numbers };
  });
  return mergePostings(parts, items.length);
}

const placeOf = (item: string, ordinal: number): string => `${ordinal} ${item}`;
