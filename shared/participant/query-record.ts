/**
 * From what somebody said to a query record: its id, the event that it belongs to, the side of the split, its place in
 * shuffles. One act of feedback is one event, and in record mode one event is one unit of privacy, however many records
 * it makes. Invariant in record mode: records are only ever added, and none takes the place of another.
 */
import { concatBytes, toHex, utf8 } from '../crypto/bytes.ts';
import { hashBytes, hashJson } from '../crypto/hash.ts';
import { samplingRate } from '../privacy/rational.ts';
import { isHeldOut, type PrivacyUnit } from '../privacy/units.ts';
import type { FeedbackInput } from '../protocol/api/feedback.ts';

/** One record of an act, as it was given; its contributor by the name that is kept. */
export type GivenRecord = FeedbackInput;

export interface RecordRule {
  unit: PrivacyUnit;
  /** Of everything that is decided by hash, 32 bytes. */
  key: Uint8Array;
  heldOutShare: number;
  /** An id for a record that nobody named: another one for each, so that a repeat is a record like any other. */
  fresh(record: GivenRecord): string;
}

export interface QueryRecord {
  id: string;
  /** What earlier versions called the same record; null where it was never kept under a name. */
  former: string | null;
  /** The event, the same for all records of an act. */
  event: string;
  /** Whether its unit judges and never trains: decided once, by a keyed hash that never changes. */
  held: boolean;
  /** Of its unit: a uniform 32-bit number. */
  place: number;
}

/** The records of one act, in order. */
export function recordsOfAct(act: readonly GivenRecord[], rule: RecordRule): QueryRecord[] {
  const ids = act.map((record) => idOf(record, rule));
  // What is said under one name is one event, also when it is said again and otherwise.
  const event = (act.length === 1 && act[0]!.id !== undefined ? formerId(act[0]!) : null) ?? ids[0]!;
  return act.map((record, index) => {
    const unit = rule.unit === 'contributor' ? (record.contributor ?? event) : event;
    return { id: ids[index]!, former: formerId(record), event, ...fateOf(unit, rule) };
  });
}

/** What follows from a unit's id and the key alone. */
export function fateOf(
  unit: string,
  { key, heldOutShare }: Pick<RecordRule, 'key' | 'heldOutShare'>,
): Pick<QueryRecord, 'held' | 'place'> {
  const place = new DataView(hashBytes('fedcar place', concatBytes(key, utf8(unit))).buffer);
  const held = heldOutShare > 0 && isHeldOut(unit, samplingRate(heldOutShare), key);
  return { held, place: place.getUint32(0) };
}

/**
 * Of a contributor's own, where contributors are the units, the same question about the same item is the same record,
 * which its contributor may change. In record mode a named record is all that it says: one that says something else under
 * that name stands beside it, in the same event, and takes nothing away.
 */
function idOf(record: GivenRecord, { unit, fresh }: RecordRule): string {
  const { id, contributor, item, query, relevant } = record;
  if (unit === 'contributor' && contributor !== undefined) return idOfContributor(contributor, record);
  if (id === undefined) return fresh(record);
  return toHex(hashJson('fedcar named record', [contributor ?? null, id, item, query, relevant]));
}

function idOfContributor(contributor: string, { id, item, query }: GivenRecord): string {
  const named = id === undefined ? { item, query } : { id };
  return toHex(hashJson('fedcar record of a contributor', { contributor, ...named }));
}

function formerId(record: GivenRecord): string | null {
  if (record.contributor !== undefined) return idOfContributor(record.contributor, record);
  return record.id ?? null;
}

/** What a record without a name was called while repeats of it counted as the same record. */
export function contentId({ item, query }: Pick<GivenRecord, 'item' | 'query'>): string {
  return toHex(hashBytes('fedcar record', utf8(`${item}\0${query}`)));
}
