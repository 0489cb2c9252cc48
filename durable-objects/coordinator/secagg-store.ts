/**
 * The store of one secure sum over the Coordinator's SQLite: a row for each message, vectors as byte strings. The state
 * is kept in memory beside it, for it is asked for with every message; the rows' revision says whether it still holds.
 */
import type { SecaggServerStore } from '../../shared/secagg/server.ts';
import { rowChanges, type StateRow, stateFromRows } from '../../shared/secagg/server-rows.ts';
import type { ServerState } from '../../shared/secagg/server-state.ts';
import { Blobs } from '../sql.ts';

/** `key`: see server-rows.ts; `revision` counts what was stored, in one row; it never goes back. */
export const SECAGG_TABLES = `
  CREATE TABLE secagg_rows (key TEXT PRIMARY KEY, json TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE secagg_revision (revision INTEGER NOT NULL);`;

const PREFIX = 'secagg/';

export class SecaggStore implements SecaggServerStore {
  readonly #storage: DurableObjectStorage;
  readonly #blobs: Blobs;
  #known: { revision: number; state: ServerState | null } | null = null;

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage;
    this.#blobs = new Blobs(storage);
  }

  transaction<T>(body: () => T): T {
    try {
      return this.#storage.transactionSync(body);
    } catch (error) {
      // What was written in it is gone, and its revision may be given to another state.
      this.#known = null;
      throw error;
    }
  }

  /** The stored state, to be looked at and not to be changed; null when no round is stored. */
  load(): ServerState | null {
    const revision = this.#revision();
    if (this.#known?.revision === revision) return this.#known.state;
    const rows = this.#storage.sql.exec<StateRow & Record<string, string>>('SELECT * FROM secagg_rows');
    const state = stateFromRows(rows);
    this.#known = { revision, state };
    return state;
  }

  save(state: ServerState): void {
    const { sql } = this.#storage;
    const { put, drop } = rowChanges(this.load(), state);
    for (const { key, json } of put) {
      sql.exec('INSERT OR REPLACE INTO secagg_rows (key, json) VALUES (?, ?)', key, json);
    }
    for (const key of drop) sql.exec('DELETE FROM secagg_rows WHERE key = ?', key);
    this.#known = { revision: this.#advance(), state };
  }

  /** Forgets the round. */
  clear(): void {
    this.#storage.sql.exec('DELETE FROM secagg_rows');
    this.#blobs.deletePrefix(PREFIX);
    this.#known = { revision: this.#advance(), state: null };
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

  #advance(): number {
    const revision = this.#revision() + 1;
    this.#storage.sql.exec('DELETE FROM secagg_revision');
    this.#storage.sql.exec('INSERT INTO secagg_revision (revision) VALUES (?)', revision);
    return revision;
  }
}
