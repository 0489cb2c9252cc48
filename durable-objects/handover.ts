/**
 * What the objects of a collection hand to those that take their place when its encoder changes: documents and query
 * records in pieces, ledgers as a whole. Everything may be handed over again.
 */
import type { LedgerEntry } from '../shared/privacy/ledger.ts';
import type { Item } from '../shared/protocol/api/item.ts';

/** A query record as it is kept, without what an encoder made of it. */
export interface KeptRecord extends Record<string, string | number | null> {
  id: string;
  /** Null of a record from before there were events: it is one of its own. */
  event: string | null;
  at: number;
  /** When its event arrived, where that was before it did. */
  arrived: number | null;
  query: string;
  item: string;
  relevant: number;
  contributor: string | null;
  held: number;
  place: number;
  /** Of a click; null of what somebody said. */
  weight: number | null;
}

export interface KeptLedger {
  entries: LedgerEntry[];
  /** What stands beside the entries: windows, serials, by their names. */
  values: Record<string, unknown>;
}

export interface Handover {
  items: Item[];
  /** Keys of items that are gone. */
  removed: string[];
  records: KeptRecord[];
  /** Ids of records that were handed over and are gone. */
  dropped: string[];
  ledger: KeptLedger | null;
}

/** What is left to hand over; `caughtUp`: there was nothing left once, and from then on what comes is handed over at once. */
export interface HandoverProgress {
  items: number;
  records: number;
  caughtUp: boolean;
}
