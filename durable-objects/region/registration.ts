/**
 * How a region tells its coordinator of the passages that it has: what changed, or all where the coordinator knows less;
 * and of which segments its index consists, once everything before is told.
 */
import type { RegionIndex } from '../../shared/protocol/manifest.ts';
import type { RegisteredRow } from '../coordinator/row-table.ts';
import type { coordinator } from '../names.ts';
import { inTime } from '../object-calls.ts';
import type { Library } from './library.ts';
import { ANSWER_MS } from './port.ts';

const CHANGES_PER_CALL = 400;
const ROWS_PER_PAGE = 2000;

type CoordinatorStub = ReturnType<typeof coordinator>;

export interface RegisterOptions {
  name: string;
  /** The coordinator's word on how far it knows this region, where it was asked for. */
  reflects: number;
  /** Whether searches elsewhere may have the segments. */
  publishes: boolean;
  /** What the coordinator was told of the index last, as this object remembers it. */
  published: string | null;
}

/** Sends what the coordinator has not seen yet. May be repeated. @returns what it was told of the index */
export async function registerPassages(
  library: Library,
  stub: CoordinatorStub,
  { name, reflects, publishes, published }: RegisterOptions,
): Promise<string> {
  // Where the coordinator asks, it may have lost what it was told.
  let told = reflects === Number.POSITIVE_INFINITY ? published : null;
  for (let known = reflects; ; ) {
    const since = library.registered();
    const last = library.lastSeq();
    const changes = library.unregistered(CHANGES_PER_CALL);
    const isLast = changes.length < CHANGES_PER_CALL;
    const upTo = isLast ? last : (changes.at(-1)?.seq ?? last);
    const state = publishes ? `${last} ${library.segments.state()}` : 'nothing';
    if (changes.length === 0 && since >= last && known >= since && state === told) return state;
    const index = isLast ? indexOf(library, name, publishes) : undefined;
    known = await inTime(() => stub.register(name, changes, since, upTo, index), ANSWER_MS);
    if (known < since) library.registerAnew(await rowsOf(name, stub));
    else library.confirm(upTo);
    if (isLast && known >= since) told = state;
  }
}

/** Null where nobody else may search it, or not all of it is there yet. */
function indexOf(library: Library, region: string, publishes: boolean): RegionIndex | null {
  const segments = publishes ? library.segments.entries() : null;
  return segments === null ? null : { region, watermark: library.lastSeq(), segments };
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
