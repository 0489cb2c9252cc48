/**
 * A Durable Object's SQLite storage over Node's own SQLite, so that a bench measures what an object's store costs: the
 * same statements on a database file with a write-ahead log. It has what stores call, synchronous statements and
 * transactions, and none of the asynchronous storage.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';

/** BLOBs leave an object's storage as ArrayBuffers. */
function asStored(value: unknown): unknown {
  if (!(value instanceof Uint8Array)) return value;
  return value.byteLength === value.buffer.byteLength ? value.buffer : value.slice().buffer;
}

class Statements {
  readonly #database: DatabaseSync;
  readonly #prepared = new Map<string, StatementSync>();

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  exec(query: string, ...bindings: unknown[]) {
    // Several statements at once have no bindings: they make tables.
    if (bindings.length === 0 && /;\s*\S/.test(query)) {
      this.#database.exec(query);
      return cursorOf([]);
    }
    const statement = this.#prepared.get(query) ?? this.#database.prepare(query);
    this.#prepared.set(query, statement);
    const values = bindings.map((value) => (value instanceof ArrayBuffer ? new Uint8Array(value) : value));
    const rows = statement.all(...(values as SQLInputValue[]));
    return cursorOf(
      rows.map((row) =>
        Object.fromEntries(Object.entries(row).map(([name, value]) => [name, asStored(value)])),
      ),
    );
  }
}

function cursorOf(rows: Record<string, unknown>[]) {
  return {
    toArray: () => rows,
    one: () => {
      if (rows.length !== 1) throw new Error(`expected one row, got ${rows.length}`);
      return rows[0]!;
    },
    [Symbol.iterator]: () => rows[Symbol.iterator](),
  };
}

export interface SqliteStorage extends Disposable {
  storage: DurableObjectStorage;
}

/** A new database in a directory of its own, which goes with it. */
export async function openSqliteStorage(): Promise<SqliteStorage> {
  const { DatabaseSync } = await import('node:sqlite');
  const directory = mkdtempSync(join(tmpdir(), 'fedcar-bench-'));
  const database = new DatabaseSync(join(directory, 'object.sqlite'));
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;');
  let depth = 0;
  const transactionSync = <T>(body: () => T): T => {
    const name = `nested_${depth}`;
    database.exec(`SAVEPOINT ${name}`);
    depth += 1;
    try {
      const result = body();
      database.exec(`RELEASE ${name}`);
      return result;
    } catch (error) {
      database.exec(`ROLLBACK TO ${name}; RELEASE ${name}`);
      throw error;
    } finally {
      depth -= 1;
    }
  };
  return {
    storage: { sql: new Statements(database), transactionSync } as unknown as DurableObjectStorage,
    [Symbol.dispose]: () => {
      database.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
