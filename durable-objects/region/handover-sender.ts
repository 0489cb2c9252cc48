/**
 * A region's part of a change of encoder: it hands its documents, query records and ledger to the region that takes its
 * place, piece by piece in alarms, while it serves as before. What changes meanwhile is handed over again; once it has
 * caught up, at once. A piece that was lost half way is handed over anew, so that an eviction at any point costs a
 * piece. Invariant: what is deleted here does not stay there, also when it was deleted while its piece was under way.
 */
import type { Item } from '../../shared/protocol/api/item.ts';
import type { CollectionSettings } from '../../shared/protocol/settings.ts';
import type { Handover, HandoverProgress, KeptLedger, KeptRecord } from '../handover.ts';
import { Values } from '../values.ts';

export const HANDOVER_TABLE = `
  -- Items that the region of the next generation has not as they are; stamp: of the last change.
  CREATE TABLE IF NOT EXISTS moving (key TEXT PRIMARY KEY, stamp INTEGER NOT NULL) WITHOUT ROWID;`;

/** Of one piece: items are embedded where they arrive, within the CPU time of one call. */
const ITEMS = 16;
const CHARACTERS = 32_000;
const RECORDS = 200;

interface State {
  /** Settings of the generation that takes over. */
  to: CollectionSettings;
  /** Records up to this number were handed over. */
  recordsUpTo: number;
  /** Ids of the records of the piece that is under way. */
  underWay: string[];
  stamp: number;
  ledger: boolean;
  caughtUp: boolean;
}

export interface HandoverSenderDeps {
  /** An item as it stands; null when it is gone. */
  item(key: string): Item | null;
  ledger(): KeptLedger;
  /** Hands a piece to the region of the settings' generation. Returns how many passages wait there for their embedding. */
  hand(to: CollectionSettings, piece: Handover): Promise<number>;
}

export class HandoverSender {
  readonly #storage: DurableObjectStorage;
  readonly #values: Values;
  readonly #deps: HandoverSenderDeps;
  /** The piece that is under way, of an alarm or of a write: an older state of an item must not arrive last. */
  #turn: Promise<void> = Promise.resolve();

  constructor(storage: DurableObjectStorage, deps: HandoverSenderDeps) {
    this.#storage = storage;
    this.#values = new Values(storage);
    this.#deps = deps;
  }

  get #sql(): SqlStorage {
    return this.#storage.sql;
  }

  #state(): State | null {
    return this.#values.get<State>('moving');
  }

  /** Where it moves to; null when it stays. */
  to(): CollectionSettings | null {
    return this.#state()?.to ?? null;
  }

  get caughtUp(): boolean {
    return this.#state()?.caughtUp ?? false;
  }

  /** Starts to hand everything over; goes on when it does so already. */
  begin(to: CollectionSettings): void {
    if (this.#state()?.to.generation === to.generation) return;
    this.#storage.transactionSync(() => {
      this.stop();
      this.#sql.exec('INSERT INTO moving (key, stamp) SELECT key, 0 FROM items');
      const fresh = { recordsUpTo: 0, underWay: [], stamp: 0, ledger: false, caughtUp: false };
      this.#values.set('moving', { to, ...fresh } satisfies State);
    });
  }

  stop(): void {
    this.#sql.exec('DELETE FROM moving');
    this.#values.delete('moving');
  }

  /** These items have changed or are gone. */
  touch(keys: readonly string[]): void {
    const state = this.#state();
    if (state === null) return;
    this.#storage.transactionSync(() => {
      const stamp = state.stamp + 1;
      this.#values.set('moving', { ...state, stamp } satisfies State);
      for (const key of keys)
        this.#sql.exec('INSERT OR REPLACE INTO moving (key, stamp) VALUES (?, ?)', key, stamp);
    });
  }

  progress(): HandoverProgress {
    const { recordsUpTo = 0, underWay = [], caughtUp = false } = this.#state() ?? {};
    const items = this.#sql.exec<{ n: number }>('SELECT count(*) AS n FROM moving').one().n;
    const waiting = this.#sql
      .exec<{ n: number }>('SELECT count(*) AS n FROM records WHERE n > ?', recordsUpTo)
      .one().n;
    // A piece that is under way may hold what was deleted here in the meantime.
    const records = Math.max(waiting, underWay.length);
    // What is left then is under way, or has come since.
    return { items, records, caughtUp: caughtUp && items <= ITEMS };
  }

  /** Hands over one piece. Returns whether there is more. */
  async step(): Promise<boolean> {
    if (this.#state() === null) return false;
    const before = this.#turn;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#turn = promise;
    await before;
    try {
      return await this.#step();
    } finally {
      resolve();
    }
  }

  async #step(): Promise<boolean> {
    const state = this.#state();
    if (state === null) return false;
    if (state.underWay.length > 0) await this.#settle(state);
    else if (!(await this.#items(state)) && !(await this.#records(state))) {
      if (state.caughtUp) return false;
      const waiting = await this.#hand(state, state.ledger ? {} : { ledger: this.#deps.ledger() });
      // What was handed over serves there once it is embedded.
      this.#update((now) => ({ ...now, ledger: true, caughtUp: waiting === 0 }));
      return false;
    }
    return true;
  }

  async #items(state: State): Promise<boolean> {
    const queued = this.#sql
      .exec<{ key: string; stamp: number }>('SELECT key, stamp FROM moving ORDER BY key LIMIT ?', ITEMS)
      .toArray();
    if (queued.length === 0) return false;
    const items: Item[] = [];
    const handed: typeof queued = [];
    const removed: string[] = [];
    let characters = 0;
    for (const entry of queued) {
      const item = this.#deps.item(entry.key);
      characters += item?.text.length ?? 0;
      if (characters > CHARACTERS && handed.length > 0) break;
      if (item === null) removed.push(entry.key);
      else items.push(item);
      handed.push(entry);
    }
    await this.#hand(state, { items, removed });
    this.#storage.transactionSync(() => {
      for (const { key, stamp } of handed)
        this.#sql.exec('DELETE FROM moving WHERE key = ? AND stamp = ?', key, stamp);
    });
    return true;
  }

  async #records(state: State): Promise<boolean> {
    const found = this.#sql
      .exec<KeptRecord & { n: number }>(
        `SELECT n, id, event, at, arrived, query, item, relevant, contributor, held, place, weight FROM records
         WHERE n > ? ORDER BY n LIMIT ?`,
        state.recordsUpTo,
        RECORDS,
      )
      .toArray();
    const last = found.at(-1);
    if (last === undefined) return false;
    const underWay = found.map(({ id }) => id);
    this.#update((now) => ({ ...now, underWay }));
    await this.#hand(state, { records: found.map(({ n: _, ...record }) => record) });
    await this.#settle({ ...state, underWay });
    this.#update((now) => ({ ...now, recordsUpTo: last.n }));
    return true;
  }

  /** Takes back what was deleted here while its piece was under way. */
  async #settle(state: State): Promise<void> {
    const isGone = (id: string) =>
      this.#sql.exec('SELECT 1 FROM records WHERE id = ?', id).toArray().length === 0;
    // More may be deleted while a call says what was: it is over when nothing is left to say.
    const told = new Set<string>();
    for (;;) {
      const dropped = state.underWay.filter((id) => !told.has(id) && isGone(id));
      if (dropped.length === 0) break;
      await this.#hand(state, { dropped });
      for (const id of dropped) told.add(id);
    }
    this.#update((now) => ({ ...now, underWay: [] }));
  }

  #hand(state: State, piece: Partial<Handover>): Promise<number> {
    const empty: Handover = { items: [], removed: [], records: [], dropped: [], ledger: null };
    return this.#deps.hand(state.to, { ...empty, ...piece });
  }

  /** Changes the state, unless it was stopped while a call was under way. */
  #update(change: (now: State) => State): void {
    const now = this.#state();
    if (now !== null) this.#values.set('moving', change(now) satisfies State);
  }
}
