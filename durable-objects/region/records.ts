/**
 * Query records: what a region learns from. Whether a record trains or judges is decided once, by a keyed hash of
 * its id that never changes in the collection's life.
 */
import type { Engine } from '../../models/engine.ts';
import { concatBytes, toHex } from '../../shared/crypto/bytes.ts';
import { hashBytes } from '../../shared/crypto/hash.ts';
import { samplingRate } from '../../shared/privacy/rational.ts';
import { isHeldOut, type PrivacyUnit } from '../../shared/privacy/units.ts';
import type { FeedbackInput, FeedbackReceipt } from '../../shared/protocol/items.ts';

export interface RecordOptions {
  engine: Pick<Engine, 'tokenize'>;
  /** Keys everything that is decided by hash; see `unitKey`. */
  key: Uint8Array;
  heldOutShare: number;
  unit: PrivacyUnit;
  now: number;
}

/** The key for decisions by hash, 32 bytes. */
export function unitKey(splitKey: string): Uint8Array {
  return hashBytes('fedcar unit key', new TextEncoder().encode(splitKey));
}

export async function addRecords(
  storage: DurableObjectStorage,
  records: readonly FeedbackInput[],
  options: RecordOptions,
): Promise<FeedbackReceipt> {
  const { engine, key, heldOutShare, unit } = options;
  const share = heldOutShare > 0 ? samplingRate(heldOutShare) : null;
  const prepared = records.map((record) => {
    const id =
      record.id ??
      toHex(hashBytes('fedcar record', new TextEncoder().encode(`${record.item}\0${record.query}`)));
    const unitId = unit === 'contributor' ? (record.contributor ?? id) : id;
    const place = new DataView(
      hashBytes('fedcar place', concatBytes(key, new TextEncoder().encode(unitId))).buffer,
    );
    return {
      record,
      id,
      held: share !== null && isHeldOut(unitId, share, key) ? 1 : 0,
      place: place.getUint32(0),
      ids: engine.tokenize(record.query),
    };
  });
  let accepted = 0;
  storage.transactionSync(() => {
    for (const { record, id, held, place, ids } of prepared) {
      const { rowsWritten } = storage.sql.exec(
        `INSERT OR IGNORE INTO records (id, at, query, item, relevant, contributor, held, place, length, ids)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
        id,
        options.now,
        record.query,
        record.item,
        record.relevant ? 1 : 0,
        record.contributor ?? null,
        held,
        place,
        ids.length,
        ids.slice().buffer,
      );
      if (rowsWritten > 0) accepted += 1;
    }
  });
  return { accepted, duplicates: records.length - accepted };
}
