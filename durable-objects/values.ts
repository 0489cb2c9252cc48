/**
 * JSON values under a key, for the few singletons of an object. An object is the only writer of its storage: a value is
 * read from the database once and remembered for as long as the object lives. All `Values` of a storage share what is
 * remembered. Invariant: what a transaction takes back was never remembered. A value that was just written is read from
 * the database until the present turn of the event loop ends, and no transaction outlasts its turn.
 */

type Storage = DurableObjectStorage;

/**
 * One that is longer than a row may be (a secure round of many members, a chain of large rosters) lies in pieces under
 * `key#0`, `key#1`, …, and `key` says how many.
 */
export const VALUE_TABLE = 'CREATE TABLE kv (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;';

interface Remembered {
  /** Null where nothing is stored. */
  text: string | null;
  /** What `kept` made of the text. */
  made?: { value: unknown };
}

class Memory {
  readonly #known = new Map<string, Remembered>();
  /** Keys written in this turn; `all` after tables were emptied. Null between turns that write. */
  #written: Set<string> | 'all' | null = null;
  /** How often tables were emptied, or filled, by other means than `Values`. */
  emptyings = 0;

  /** Undefined where only the database can tell. */
  known(key: string): Remembered | undefined {
    const unsure = this.#written === 'all' || this.#written?.has(key);
    return unsure ? undefined : this.#known.get(key);
  }

  look(key: string, read: () => string | null): Remembered {
    const sure = this.known(key);
    if (sure !== undefined) return sure;
    const known = this.#known.get(key);
    const text = read();
    const found = known?.text === text ? known : { text };
    this.#known.set(key, found);
    return found;
  }

  write(key: string): void {
    if (this.#written === null) this.#atTheEnd();
    if (this.#written === null) this.#written = new Set([key]);
    else if (this.#written !== 'all') this.#written.add(key);
  }

  writeAll(): void {
    this.emptyings += 1;
    if (this.#written === null) this.#atTheEnd();
    this.#written = 'all';
  }

  #atTheEnd(): void {
    queueMicrotask(() => {
      if (this.#written === 'all') this.#known.clear();
      else for (const key of this.#written ?? []) this.#known.delete(key);
      this.#written = null;
    });
  }
}

const memories = new WeakMap<Storage, Memory>();

function memoryOf(storage: Storage): Memory {
  const known = memories.get(storage) ?? new Memory();
  memories.set(storage, known);
  return known;
}

export class Values {
  readonly #storage: Storage;
  readonly #memory: Memory;

  constructor(storage: Storage) {
    this.#storage = storage;
    this.#memory = memoryOf(storage);
  }

  has(key: string): boolean {
    return this.#look(key).text !== null;
  }

  /** A copy of its own for every caller. */
  get<T>(key: string): T | null {
    const { text } = this.#look(key);
    return text === null ? null : (JSON.parse(text) as T);
  }

  /** What `read` makes of a value; made once for as long as the same is stored, so nobody may change it. */
  kept<T>(key: string, read: (value: unknown) => T): T | null {
    const known = this.#look(key);
    if (known.text === null) return null;
    known.made ??= { value: read(JSON.parse(known.text)) };
    return known.made.value as T;
  }

  set(key: string, value: unknown): void {
    const pieces = piecesOf(JSON.stringify(value));
    this.#storage.transactionSync(() => {
      this.#dropPieces(key);
      this.#put(key, pieces.length === 1 ? pieces[0]! : `${PIECES}${pieces.length}`);
      if (pieces.length === 1) return;
      for (const [piece, text] of pieces.entries()) this.#put(`${key}#${piece}`, text);
    });
    this.#memory.write(key);
  }

  delete(key: string): void {
    this.#dropPieces(key);
    this.#storage.sql.exec('DELETE FROM kv WHERE key = ?', key);
    this.#memory.write(key);
  }

  #put(key: string, text: string): void {
    this.#storage.sql.exec('INSERT OR REPLACE INTO kv (key, value) VALUES (?, ?)', key, text);
  }

  #dropPieces(key: string): void {
    const known = this.#memory.known(key);
    if (known !== undefined && (known.text?.length ?? 0) <= PIECE_UNITS) return;
    // `$` follows `#`: nothing but pieces lies between.
    this.#storage.sql.exec('DELETE FROM kv WHERE key > ? AND key < ?', `${key}#`, `${key}$`);
  }

  #look(key: string): Remembered {
    return this.#memory.look(key, () => this.#text(key));
  }

  #text(key: string): string | null {
    const text = this.#row(key);
    if (text === null || !text.startsWith(PIECES)) return text;
    const count = Number(text.slice(PIECES.length));
    return Array.from({ length: count }, (_, piece) => this.#row(`${key}#${piece}`) ?? '').join('');
  }

  #row(key: string): string | null {
    const [row] = this.#storage.sql
      .exec<{ value: string }>('SELECT value FROM kv WHERE key = ?', key)
      .toArray();
    return row?.value ?? null;
  }
}

/** Counts how often that was so: what is remembered of other tables may not hold any more. */
export function emptyings(storage: Storage): number {
  return memoryOf(storage).emptyings;
}

/** The table was emptied, or filled, by other means than `Values`. */
export function forgetValues(storage: Storage): void {
  memoryOf(storage).writeAll();
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
