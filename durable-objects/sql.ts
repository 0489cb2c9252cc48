/**
 * Small helpers over a Durable Object's SQLite: migrations by number, and byte strings longer than a value may be
 * (2 MB), cut into parts.
 */
import { freeBuffer } from '../shared/free-buffer.ts';
import { joinParts, partCount, partOf } from '../shared/protocol/parameters.ts';

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
    const statements = migrations[version] as string;
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

  /** Whole byte string; null when there is none. */
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
    return parts.length === 0
      ? null
      : parts.length === 1
        ? (parts[0] as Uint8Array)
        : joinParts(parts, total);
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

  /** Deletes every byte string whose name begins with `prefix`. */
  deletePrefix(prefix: string): void {
    this.#storage.sql.exec('DELETE FROM blobs WHERE name >= ? AND name < ?', prefix, `${prefix}\u{10ffff}`);
  }
}

/**
 * JSON values under a key, for the few singletons of an object. One that is longer than a row may be (a chain of
 * large rosters) lies in pieces under `key#0`, `key#1`, …, and `key` says how many.
 */
export const VALUE_TABLE = 'CREATE TABLE kv (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;';

export class Values {
  readonly #storage: Storage;
  readonly #read = new Map<string, { text: string; value: unknown }>();
  constructor(storage: Storage) {
    this.#storage = storage;
  }
  get<T>(key: string): T | null {
    const text = this.#text(key);
    return text === null ? null : (JSON.parse(text) as T);
  }
  /** What `read` makes of a value; made once for as long as the same is stored, so nobody may change it. */
  kept<T>(key: string, read: (value: unknown) => T): T | null {
    const text = this.#text(key);
    if (text === null) return null;
    const known = this.#read.get(key);
    if (known?.text === text) return known.value as T;
    const value = read(JSON.parse(text));
    this.#read.set(key, { text, value });
    return value;
  }
  #text(key: string): string | null {
    const text = this.#row(key);
    if (text === null || !text.startsWith(PIECES)) return text;
    const count = Number(text.slice(PIECES.length));
    return Array.from({ length: count }, (_, piece) => this.#row(`${key}#${piece}`) ?? '').join('');
  }
  #row(key: string): string | null {
    const row = this.#storage.sql
      .exec<{ value: string }>('SELECT value FROM kv WHERE key = ?', key)
      .toArray()[0];
    return row?.value ?? null;
  }
  set(key: string, value: unknown): void {
    const pieces = piecesOf(JSON.stringify(value));
    this.#storage.transactionSync(() => {
      this.#dropPieces(key);
      this.#put(key, pieces.length === 1 ? pieces[0]! : `${PIECES}${pieces.length}`);
      if (pieces.length === 1) return;
      for (const [piece, text] of pieces.entries()) this.#put(`${key}#${piece}`, text);
    });
  }
  #put(key: string, text: string): void {
    this.#storage.sql.exec('INSERT OR REPLACE INTO kv (key, value) VALUES (?, ?)', key, text);
  }
  delete(key: string): void {
    this.#dropPieces(key);
    this.#storage.sql.exec('DELETE FROM kv WHERE key = ?', key);
  }
  #dropPieces(key: string): void {
    // `$` follows `#`: nothing but pieces lies between.
    this.#storage.sql.exec('DELETE FROM kv WHERE key > ? AND key < ?', `${key}#`, `${key}$`);
  }
}

/** What no JSON begins with: the value lies in so many pieces. */
const PIECES = 'pieces ';
/** UTF-16 units of a piece, at most three bytes each: a row takes 2 MB. */
const PIECE_UNITS = 500_000;

function piecesOf(text: string): string[] {
  if (text.length <= PIECE_UNITS) return [text];
  const pieces: string[] = [];
  for (let at = 0; at < text.length; ) {
    let end = Math.min(text.length, at + PIECE_UNITS);
    // A pair of surrogates stays together, for half of one cannot be stored.
    if (end < text.length && /[\uD800-\uDBFF]/.test(text[end - 1]!)) end -= 1;
    pieces.push(text.slice(at, end));
    at = end;
  }
  return pieces;
}

/** Empties every table but those in `keep`; the tables themselves and their migrations stay. */
export function clearTables(storage: Storage, keep: readonly string[]): void {
  const tables = storage.sql
    .exec<{ name: string }>("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT GLOB '_cf_*'")
    .toArray()
    .map(({ name }) => name)
    .filter((name) => name !== 'schema' && !name.startsWith('sqlite_') && !keep.includes(name));
  for (const table of tables) storage.sql.exec(`DELETE FROM "${table}"`);
}

/** Forgets all that an object stored; its tables are made anew, for it may be used again. */
export async function forget(storage: Storage, migrations: readonly string[]): Promise<void> {
  await storage.deleteAll();
  migrate(storage, migrations);
}
