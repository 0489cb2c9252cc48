/**
 * The most that a round may ask of a participant's memory and disk, whatever its coordinator says: what a run of the
 * largest collection takes that can be sent in a snapshot (MAX_SNAPSHOT_BYTES), and no more.
 */
import { MAX_SNAPSHOT_BYTES } from './snapshot.ts';

/** Rows that stand. At width 128 and above no snapshot has more; a run over more is not begun. */
export const MOST_ROWS = 1 << 18;
/** Rows of one document: 2 MB of text in passages of 61 bytes. */
export const MOST_ROWS_OF_DOCUMENT = 1 << 15;
/** UTF-8 bytes of the keys of all rows that stand: they lie in the snapshot one behind the other. */
export const MOST_KEY_BYTES = MAX_SNAPSHOT_BYTES;
/** Changes that a participant may have missed: more rows than an object's storage of 10 GB holds. */
export const MOST_CHANGES = 1 << 26;
/** Of parameters fetched at once: the rows of a snapshot, whose numbers take a byte there, as fp32. */
export const MOST_STATE_BYTES = 4 * MAX_SNAPSHOT_BYTES;
/** Coordinates of a round: those parameters' numbers. */
export const MOST_COORDINATES = MOST_STATE_BYTES / 4;
