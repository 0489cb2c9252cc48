/**
 * The store of one secure sum over the Coordinator's SQLite: a row for each message, vectors as byte strings. The state
 * is kept in memory beside it, for it is asked for with every message, and is what all stores over a storage go by. The
 * rows' revision says whether it still holds after something was written, which a transaction may have taken back.
 */
import type { SecaggServerStore } from '../../shared/secagg/server.ts';
import { rowChanges, type StateRow, stateFromRows } from '../../shared/secagg/server-rows.ts';
import type { ServerState } from '../../shared/secagg/server-state.ts';
import { Blobs } from '../sql.ts';
import { emptyings } from '../values.ts';

/** `key`: see server-rows.ts; `revision` counts what was stored, in one row; it never goes back. */
export const SECAGG_TABLES = `
  CREATE TABLE secagg_rows (key TEXT PRIMARY KEY, json TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE secagg_revision (revision INTEGER NOT NULL);`;

const PREFIX = 'secagg/';

interface Known {
  revision: number;
  state: ServerState | null;
  /** Nothing was written since it was compared with the database. */
  sure: boolean;
  /** See `emptyings`. */
  emptied: number;
}

const knowledge = new WeakMap<DurableObjectStorage, Known>();
/** Written in this turn of the event loop, which no transaction outlasts. */
const writing = new WeakSet<DurableObjectStorage>();

export class SecaggStore implements SecaggServerStore {
  readonly #storage: DurableObjectStorage;
  readonly #blobs: Blobs;

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage;
    this.#blobs = new Blobs(storage);
  }

  transaction<T>(body: () => T): T {
    try {
      return this.#storage.transactionSync(body);
    } catch (error) {
      // What was written in it is gone, and its revision may be given to another state.
      knowledge.delete(this.#storage);
      throw error;
    }
  }

  /** The stored state, to be looked at and not to be changed; null when no round is stored. */
  load(): ServerState | null {
    const known = knowledge.get(this.#storage);
    const emptied = emptyings(this.#storage);
    if (known?.sure && known.emptied === emptied) return known.state;
    const revision = this.#revision();
    const holds = known?.revision === revision && known.emptied === emptied;
    const state = holds ? known.state : this.#read();
    knowledge.set(this.#storage, { revision, state, emptied, sure: !writing.has(this.#storage) });
    return state;
  }

  save(state: ServerState): void {
    const { sql } = this.#storage;
    const { put, drop } = rowChanges(this.load(), state);
    for (const { key, json } of put) {
      sql.exec('INSERT OR REPLACE INTO secagg_rows (key, json) VALUES (?, ?)', key, json);
    }
    for (const key of drop) sql.exec('DELETE FROM secagg_rows WHERE key = ?', key);
    this.#wrote(state);
  }

  /** Forgets the round. */
  clear(): void {
    this.#storage.sql.exec('DELETE FROM secagg_rows');
    this.#blobs.deletePrefix(PREFIX);
    this.#wrote(null);
  }

  read(key: string): Uint8Array | null {
    return this.#blobs.get(PREFIX + key);
  }

  write(key: string, bytes: Uint8Array): void {
    this.#blobs.put(PREFIX + key, bytes);
  }

  remove(prefix: string): void {
    this.#blobs.deletePrefix(PREFIX + prefix);
  }

  #revision(): number {
    const row = this.#storage.sql
      .exec<{ revision: number }>('SELECT revision FROM secagg_revision')
      .toArray()[0];
    return row?.revision ?? 0;
  }

  #read(): ServerState | null {
    return stateFromRows(
      this.#storage.sql.exec<StateRow & Record<string, string>>('SELECT * FROM secagg_rows'),
    );
  }

  #wrote(state: ServerState | null): void {
    const { sql } = this.#storage;
    const advance = 'UPDATE secagg_revision SET revision = revision + 1 RETURNING revision';
    let revision = sql.exec<{ revision: number }>(advance).toArray()[0]?.revision;
    if (revision === undefined) {
      revision = 1;
      sql.exec('INSERT INTO secagg_revision (revision) VALUES (?)', revision);
    }
    knowledge.set(this.#storage, { revision, state, emptied: emptyings(this.#storage), sure: false });
    if (writing.has(this.#storage)) return;
    writing.add(this.#storage);
    queueMicrotask(() => writing.delete(this.#storage));
  }
}
