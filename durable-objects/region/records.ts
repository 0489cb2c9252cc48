/**
 * Query records: what a region learns from. Whether a record trains or judges is decided once, by a keyed hash of
 * its id that never changes in the collection's life.
 */
import type { Engine } from '../../models/engine.ts';
import type { FeedbackInput, FeedbackReceipt } from '../../shared/protocol/items.ts';

export interface RecordOptions {
  engine: Pick<Engine, 'tokenize'>;
  splitKey: string;
  heldOutShare: number;
  now: number;
}

export async function addRecords(
  storage: DurableObjectStorage,
  records: readonly FeedbackInput[],
  options: RecordOptions,
): Promise<FeedbackReceipt> {
  const prepared = await Promise.all(
    records.map(async (record) => {
      const id = record.id ?? (await sha256(`${record.item}\0${record.query}`)).slice(0, 16).join('.');
      const keyed = new DataView((await sha256(`${options.splitKey}\0${id}`)).buffer);
      return {
        record,
        id,
        split: keyed.getUint32(0),
        place: keyed.getUint32(4),
        ids: options.engine.tokenize(record.query),
      };
    }),
  );
  let accepted = 0;
  storage.transactionSync(() => {
    for (const { record, id, split, place, ids } of prepared) {
      const held = split < options.heldOutShare * 2 ** 32 ? 1 : 0;
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

async function sha256(text: string): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text)));
}
