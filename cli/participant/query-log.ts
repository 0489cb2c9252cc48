/**
 * The participant's own query log as training sees it: every record keeps its number and the moment in which it was
 * first read, also when the process starts again. Whether a record trains or judges, and its place in shuffles, follow
 * from its unit and a key that never leaves the state folder.
 */
import { join } from 'node:path';
import { toHex, utf8 } from '../../shared/crypto/bytes.ts';
import { hashBytes, hashJson } from '../../shared/crypto/hash.ts';
import type { SelectableRecord } from '../../shared/participant/unit-selection.ts';
import { samplingRate } from '../../shared/privacy/rational.ts';
import { isHeldOut } from '../../shared/privacy/units.ts';
import type { Terms } from '../../shared/protocol/enrolment.ts';
import type { FeedbackInput } from '../../shared/protocol/items.ts';
import { appendLines, readLinesOf } from './files.ts';

export interface LoggedQuery extends Omit<SelectableRecord, 'row'> {
  item: string;
  /** Milliseconds since 1970 at which the record was first read. */
  at: number;
  held: boolean;
  ids: Int32Array;
}

interface Seen {
  n: number;
  id: string;
  /** Of what the record says: a record that changed is another one. */
  content: string;
  at: number;
}

/**
 * Takes the records of the log over, in order; of those with one id the first counts.
 * @param folder the state folder
 * @param key of the choice of held-out records, 32 bytes
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
  const file = join(folder, 'records.jsonl');
  const seen = new Map<string, Seen>();
  let next = 0;
  for (const line of readLinesOf<Seen>(file)) {
    seen.set(line.id, line);
    next = Math.max(next, line.n + 1);
  }
  const share = terms.heldOutShare > 0 ? samplingRate(terms.heldOutShare) : null;
  const fresh: Seen[] = [];
  const log: LoggedQuery[] = [];
  const taken = new Set<string>();
  for (const record of records) {
    const { item, query, contributor, relevant } = record;
    const id = record.id ?? toHex(hashBytes('fedcar record', utf8(`${item}\0${query}`)));
    if (taken.has(id)) continue;
    taken.add(id);
    const content = toHex(
      hashJson('fedcar record content', [item, query, relevant, contributor ?? null]),
    ).slice(0, 32);
    let known = seen.get(id);
    if (known?.content !== content) {
      known = { n: next++, id, content, at: now };
      fresh.push(known);
    }
    const unit = terms.privacy.unit === 'contributor' ? (contributor ?? id) : id;
    const ids = tokenize(query);
    const place = new DataView(hashBytes('fedcar place', utf8(`${toHex(key)}\0${unit}`)).buffer).getUint32(0);
    const held = share !== null && isHeldOut(unit, share, key);
    log.push({
      n: known.n,
      id,
      relevant,
      contributor,
      place,
      length: ids.length,
      item,
      at: known.at,
      held,
      ids,
    });
  }
  appendLines(file, fresh);
  return log;
}
