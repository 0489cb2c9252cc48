/**
 * The participant's own query log as training sees it: every record keeps its number and the moment in which it was
 * first read, also when the process starts again; an event keeps its age when the line that began it is gone. Whether a record trains or judges, and its place in shuffles, follow
 * from its unit and a key that never leaves the state folder.
 */
import { join } from 'node:path';
import { toHex } from '../../shared/crypto/bytes.ts';
import { hashJson } from '../../shared/crypto/hash.ts';
import { contentId, fateOf, type RecordRule, recordsOfAct } from '../../shared/participant/query-record.ts';
import type { SelectableRecord } from '../../shared/participant/unit-selection.ts';
import { MOST_RECORDS } from '../../shared/privacy/clipping.ts';
import type { FeedbackInput } from '../../shared/protocol/api/feedback.ts';
import type { Terms } from '../../shared/protocol/enrolment.ts';
import { appendLines, readLinesOf } from './files.ts';
import { StateError } from './state.ts';

export interface LoggedQuery extends SelectableRecord {
  id: string;
  item: string;
  /** Milliseconds since 1970 at which the record was first read. */
  at: number;
  /** When the first record of its event was first read: all of them count as that old. */
  arrived: number;
  held: boolean;
  ids: Int32Array;
}

interface Seen {
  n: number;
  id: string;
  /** Of what the record says: a record that changed is another one. */
  content: string;
  at: number;
  /** Where one event is the unit; absent in lines of earlier releases. */
  event?: string;
}

/**
 * Takes the records of the log over, in order: each line is an event of its own, also one that says what another said
 * before. Of those with one id the first counts.
 * @param folder the state folder
 * @param key of the choice of held-out records, 32 bytes
 * @throws StateError for more records than the sensitivity of a sum holds for
 */
export function openQueryLog(
  folder: string,
  records: readonly FeedbackInput[],
  options: {
    terms: Terms;
    key: Uint8Array;
    tokenize: (text: string) => Int32Array;
    now: number;
  },
): LoggedQuery[] {
  const { terms, key, tokenize, now } = options;
  if (records.length > MOST_RECORDS) {
    throw new StateError(`records: at most ${MOST_RECORDS} in one log, got ${records.length}`);
  }
  const file = join(folder, 'records.jsonl');
  const seen = new Map<string, Seen>();
  const arrivals = new Map<string, number>();
  const arrive = (event: string, at: number) => arrivals.set(event, Math.min(at, arrivals.get(event) ?? at));
  let next = 0;
  for (const line of readLinesOf<Seen>(file)) {
    seen.set(line.id, line);
    if (line.event !== undefined) arrive(line.event, line.at);
    next = Math.max(next, line.n + 1);
  }
  const { unit } = terms.privacy;
  const rule = { unit, key, heldOutShare: terms.heldOutShare, fresh: numbered() };
  const fresh: Seen[] = [];
  const log: LoggedQuery[] = [];
  const taken = new Set<string>();
  const adopted = new Set<string>();
  for (const record of records) {
    const { item, query, contributor, relevant } = record;
    const made = recordsOfAct([record], rule)[0]!;
    if (taken.has(made.id)) continue;
    taken.add(made.id);
    const content = contentOf(record);
    const before = record.id ?? contentId(record);
    let known = seen.get(made.id);
    // A record of an earlier version is one event, and keeps its number, its age and its side.
    if (known === undefined && !adopted.has(before)) {
      known = seen.get(before);
      adopted.add(before);
    }
    const { event, place } = made;
    // A contributor, who has records of any age, goes by no event's.
    const ofEvent = unit === 'record' && { event };
    if (known?.content !== content) {
      known = { n: next++, id: made.id, content, at: now, ...ofEvent };
      fresh.push(known);
    } else if (ofEvent && known.event === undefined) {
      known = { ...known, event };
      fresh.push(known);
    }
    arrive(event, known.at);
    const formerUnit = unit === 'contributor' ? (contributor ?? before) : before;
    const { held } = known.id === made.id ? made : fateOf(formerUnit, rule);
    const ids = tokenize(query);
    log.push({
      ...{ n: known.n, id: made.id, event, relevant, contributor, place, length: ids.length },
      ...{ item, at: known.at, arrived: known.at, held, ids },
    });
  }
  appendLines(file, fresh);
  return log.map((record) => ({ ...record, arrived: arrivals.get(record.event)! }));
}

function contentOf({ item, query, relevant, contributor }: FeedbackInput): string {
  return toHex(hashJson('fedcar record content', [item, query, relevant, contributor ?? null])).slice(0, 32);
}

/** Ids for lines without one: the same for the same line when the log is read again, another for each repeat of it. */
function numbered(): RecordRule['fresh'] {
  const times = new Map<string, number>();
  return (record) => {
    const content = [record.item, record.query, record.relevant, record.contributor ?? null];
    const said = JSON.stringify(content);
    const time = times.get(said) ?? 0;
    times.set(said, time + 1);
    return toHex(hashJson('fedcar record of a log', [...content, time]));
  };
}
