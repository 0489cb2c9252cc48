/**
 * Whether the numbers of a snapshot are what they have to be. A row's scale follows from the row: with another one, negative
 * or not a number, the same row would say something else, which no hash of rows would tell.
 */
import type { Snapshot } from './snapshot.ts';

/** Scales are single precision. */
const CLOSE = 1e-4;

/** What is wrong with a row that learned, or with the adapter; null where nothing is. */
export function unsoundIn({
  header,
  adapter,
  scales,
  active,
  rows,
  items,
  ordinals,
}: Snapshot): string | null {
  if (!adapter.every(Number.isFinite)) return 'adapter: holds a number that is not finite';
  const { width } = header;
  for (let row = 0; row < active.length; row++) {
    if (active[row] === 0) continue;
    const of = `passage ${ordinals[row]} of ${JSON.stringify(items[row])}`;
    if (active[row] !== 1)
      return `rows: that of ${of} is marked ${active[row]}, where 0 and 1 mean something`;
    let squares = 0;
    for (let i = row * width; i < (row + 1) * width; i++) squares += rows[i]! ** 2;
    const due = squares === 0 ? 0 : 1 / Math.sqrt(squares);
    if (!(Math.abs(scales[row]! - due) <= CLOSE * due))
      return `rows: that of ${of} has the scale ${scales[row]}, and ${due} makes it a unit vector`;
  }
  return null;
}
