/**
 * Small helpers over a Durable Object's SQLite: migrations by number, and byte strings longer than a value may be
 * (2 MB), cut into parts. Single values are in values.ts.
 */
import { freeBuffer } from '../shared/free-buffer.ts';
import { joinParts, partCount, partOf } from '../shared/protocol/parameters.ts';
import { forgetValues } from './values.ts';

type Storage = DurableObjectStorage;

/** Brings the tables up to date: every migration runs once, in order, each in a transaction. */
export function migrate(storage: Storage, migrations: readonly string[]): void {
  storage.sql.exec('CREATE TABLE IF NOT EXISTS schema (version INTEGER NOT NULL)');
  const row = storage.sql.exec<{ version: number }>('SELECT version FROM schema').toArray()[0];
  let version = row?.version ?? 0;
  if (version > migrations.length) {
    throw new Error(`storage: schema ${version} is newer than this code, which knows ${migrations.length}`);
  }
  while (version < migrations.length) {
    const statements = migrations[version]!;
    version += 1;
    storage.transactionSync(() => {
      storage.sql.exec(statements);
      storage.sql.exec('DELETE FROM schema');
      storage.sql.exec('INSERT INTO schema (version) VALUES (?)', version);
    });
  }
}

/** Tables that `Blobs` needs. */
export const BLOB_TABLE =
  'CREATE TABLE blobs (name TEXT NOT NULL, part INTEGER NOT NULL, data BLOB NOT NULL, PRIMARY KEY (name, part)) WITHOUT ROWID;';

/** Byte strings of any length under a name. Writes within one event are atomic when no await lies between them. */
export class Blobs {
  readonly #storage: Storage;
  constructor(storage: Storage) {
    this.#storage = storage;
  }

  put(name: string, bytes: Uint8Array): void {
    this.delete(name);
    for (let part = 0; part < partCount(bytes.length); part++) this.putPart(name, part, partOf(bytes, part));
  }

  putPart(name: string, part: number, bytes: Uint8Array): void {
    // SQLite takes an ArrayBuffer of exactly the bytes, and copies it.
    const exact = bytes.slice();
    this.#storage.sql.exec(
      'INSERT OR REPLACE INTO blobs (name, part, data) VALUES (?, ?, ?)',
      name,
      part,
      exact.buffer,
    );
    freeBuffer(exact);
  }

  part(name: string, part: number): Uint8Array | null {
    const row = this.#storage.sql
      .exec<{ data: ArrayBuffer }>('SELECT data FROM blobs WHERE name = ? AND part = ?', name, part)
      .toArray()[0];
    return row === undefined ? null : new Uint8Array(row.data);
  }

  /** Whole byte string, the caller's own; null when there is none. */
  get(name: string): Uint8Array | null {
    const parts: Uint8Array[] = [];
    let total = 0;
    for (const row of this.#storage.sql.exec<{ data: ArrayBuffer }>(
      'SELECT data FROM blobs WHERE name = ? ORDER BY part',
      name,
    )) {
      parts.push(new Uint8Array(row.data));
      total += row.data.byteLength;
    }
    if (parts.length <= 1) return parts[0] ?? null;
    const bytes = joinParts(parts, total);
    for (const part of parts) freeBuffer(part);
    return bytes;
  }

  partNumbers(name: string): number[] {
    return this.#storage.sql
      .exec<{ part: number }>('SELECT part FROM blobs WHERE name = ? ORDER BY part', name)
      .toArray()
      .map((row) => row.part);
  }

  delete(name: string): void {
    this.#storage.sql.exec('DELETE FROM blobs WHERE name = ?', name);
  }

  /** Deletes every byte string whose name begins with `prefix`: a range of the key, so that nothing else is read. */
  deletePrefix(prefix: string): void {
    // Keys are compared by their UTF-8 bytes; the last code point comes after whatever a name goes on with.
    const end = `${prefix}\u{10ffff}`;
    this.#storage.sql.exec('DELETE FROM blobs WHERE name >= ? AND name < ?', prefix, end);
  }
}

/** Empties every table but those in `keep`; the tables themselves and their migrations stay. */
export function clearTables(storage: Storage, keep: readonly string[]): void {
  const tables = storage.sql
    .exec<{ name: string }>("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT GLOB '_cf_*'")
    .toArray()
    .map(({ name }) => name)
    .filter((name) => name !== 'schema' && !name.startsWith('sqlite_') && !keep.includes(name));
  for (const table of tables) storage.sql.exec(`DELETE FROM "${table}"`);
  forgetValues(storage);
}

/** Forgets all that an object stored; its tables are made anew, for it may be used again. */
export async function forget(storage: Storage, migrations: readonly string[]): Promise<void> {
  await storage.deleteAll();
  forgetValues(storage);
  migrate(storage, migrations);
}
