/**
 * Keeps a participant's copy of the coordinator's row table up to date, page by page. A coordinator that pages for ever,
 * or gives more rows than a run can have, is refused before anything is joined or charged: changes ascend, every page but
 * the last is full, and what stands keeps to the limits of the protocol.
 */
import { MOST_CHANGES, MOST_KEY_BYTES, MOST_ROWS } from '../protocol/round-limits.ts';
import type { RoundSpec, RowEntry } from '../protocol/rounds.ts';
import { utf8Length } from '../protocol/utf8-length.ts';
import type { CoordinatorPort } from './coordinator-port.ts';
import type { ShardStore } from './shard-store.ts';

const ROWS_PER_FETCH = 2000;
/** Of a key, in UTF-16 code units: those of documents are no longer. */
const LONGEST_KEY = 512;

export interface MirrorDeps {
  port: Pick<CoordinatorPort, 'rowsSince'>;
  store: Pick<ShardStore, 'mirror' | 'rowsAt' | 'applyRows' | 'rowsKept'>;
  /** Throws when the round is not worth going on with, such as for its age. */
  stillGood(): void;
}

/** @throws RangeError that names what is out of bounds, and what `stillGood` throws */
export async function mirrorRows(
  { lineage, rowsAt: upTo }: Pick<RoundSpec, 'lineage' | 'rowsAt'>,
  { port, store, stillGood }: MirrorDeps,
): Promise<void> {
  store.mirror(lineage);
  const missed = upTo - store.rowsAt();
  if (missed <= 0) return;
  if (missed > MOST_CHANGES) {
    throw new RangeError(
      `rowsAt: ${upTo}, ${missed} changes of the row table to fetch, where at most ${MOST_CHANGES} are taken`,
    );
  }
  // No less than what is kept: counted anew only where it comes to a limit, for counting reads all rows.
  let kept = store.rowsKept();
  do {
    const page = await port.rowsSince(store.rowsAt(), ROWS_PER_FETCH);
    stillGood();
    const last = checkPage(page, store.rowsAt(), upTo);
    let then = added(kept, page);
    if (problemOf(then) !== null) then = added(store.rowsKept(), page);
    const problem = problemOf(then);
    if (problem !== null) throw new RangeError(`rows: ${problem}`);
    store.applyRows(page, last);
    kept = then;
  } while (store.rowsAt() < upTo);
}

/** @returns the last change of the page */
function checkPage(page: readonly RowEntry[], after: number, upTo: number): number {
  if (page.length > ROWS_PER_FETCH)
    throw new RangeError(`rows: ${page.length} in a page where ${ROWS_PER_FETCH} were asked for`);
  let at = after;
  for (const { changedAt, item } of page) {
    if (!(Number.isSafeInteger(changedAt) && changedAt > at))
      throw new RangeError(`rows: change ${changedAt} does not follow ${at}`);
    if (item.length > LONGEST_KEY)
      throw new RangeError(`rows: a key of ${item.length} characters where at most ${LONGEST_KEY} are taken`);
    at = changedAt;
  }
  // The table reaches as far as the round says, and only its last page is short.
  if (page.length < ROWS_PER_FETCH && at < upTo)
    throw new RangeError(`rows: ${page.length} in a page that ends at change ${at}, before ${upTo}`);
  return at;
}

type Kept = ReturnType<ShardStore['rowsKept']>;

/** As if each entry were a row that is not known yet. */
function added({ rows, keyBytes }: Kept, page: readonly RowEntry[]): Kept {
  const standing = page.filter(({ removed }) => !removed);
  const bytes = standing.reduce((sum, { item }) => sum + utf8Length(item), 0);
  return { rows: rows + standing.length, keyBytes: keyBytes + bytes };
}

function problemOf({ rows, keyBytes }: Kept): string | null {
  if (rows > MOST_ROWS) return `${rows} would stand, where a run has at most ${MOST_ROWS}`;
  if (keyBytes > MOST_KEY_BYTES)
    return `their keys would have ${keyBytes} bytes, where those of a run have at most ${MOST_KEY_BYTES}`;
  return null;
}
