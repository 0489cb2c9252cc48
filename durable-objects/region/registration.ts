/** How a region tells its coordinator of the passages that it has: what changed, or all where the coordinator knows less. */
import type { RegisteredRow } from '../coordinator/row-table.ts';
import type { coordinator } from '../names.ts';
import { inTime } from '../reach.ts';
import type { Library } from './library.ts';
import { ANSWER_MS } from './port.ts';

const CHANGES_PER_CALL = 400;
const ROWS_PER_PAGE = 2000;

type CoordinatorStub = ReturnType<typeof coordinator>;

/**
 * Sends what the coordinator has not seen yet. May be repeated.
 * @param reflects the coordinator's word on how far it knows this region, where it was asked for
 */
export async function registerPassages(
  library: Library,
  name: string,
  stub: CoordinatorStub,
  reflects: number,
): Promise<void> {
  for (let known = reflects; ; ) {
    const since = library.registered();
    const last = library.lastSeq();
    const changes = library.unregistered(CHANGES_PER_CALL);
    const upTo = changes.length < CHANGES_PER_CALL ? last : (changes.at(-1)?.seq ?? last);
    if (changes.length === 0 && since >= last && known >= since) return;
    known = await inTime(() => stub.register(name, changes, since, upTo), ANSWER_MS);
    if (known >= since) library.confirm(upTo);
    else library.registerAnew(await rowsOf(name, stub));
  }
}

/** What the coordinator has of the region. */
async function rowsOf(name: string, stub: CoordinatorStub): Promise<RegisteredRow[]> {
  const listed: RegisteredRow[] = [];
  for (;;) {
    const after = listed.at(-1)?.row ?? -1;
    const page = await inTime(() => stub.rowsOf(name, after, ROWS_PER_PAGE), ANSWER_MS);
    listed.push(...page);
    if (page.length < ROWS_PER_PAGE) return listed;
  }
}
