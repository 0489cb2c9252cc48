/**
 * Bearer tokens in the directory's storage: hashes, never secrets. Invariant: a token is granted exactly while its row
 * is neither revoked nor past its end.
 */
import { equalBytes, fromHex } from '../../shared/crypto/bytes.ts';
import type { Token } from '../../shared/protocol/api/token.ts';
import type { Outcome } from '../../shared/protocol/objects.ts';

export const TOKEN_TABLE = `CREATE TABLE tokens (
  id TEXT PRIMARY KEY, hash TEXT NOT NULL, info TEXT NOT NULL,
  created_at INTEGER NOT NULL, expires_at INTEGER, revoked_at INTEGER
) WITHOUT ROWID;`;

/** Tokens that are good for something, at a time. */
export const MAX_TOKENS = 1000;
/** How long a token that is over stays in the list. */
const REMEMBERED_MS = 90 * 86_400_000;

interface TokenRow extends Record<string, SqlStorageValue> {
  id: string;
  hash: string;
  info: string;
  created_at: number;
  expires_at: number | null;
  revoked_at: number | null;
}

export class TokenStore {
  readonly #sql: SqlStorage;

  constructor(storage: DurableObjectStorage) {
    this.#sql = storage.sql;
  }

  /** May be repeated with the same hash. */
  add(token: Omit<Token, 'revoked_at'>, hash: string, now: number): Outcome<Token> {
    const { id, created_at, expires_at, ...info } = token;
    const known = this.#row(id);
    if (known !== null) {
      if (known.hash === hash) return { ok: true, value: shown(known) };
      return { ok: false, code: 'conflict', detail: `token: there is another one with the id ${id}` };
    }
    this.#sql.exec(
      'DELETE FROM tokens WHERE coalesce(revoked_at, expires_at, ?) < ?',
      now,
      now - REMEMBERED_MS,
    );
    const live = this.#rows().filter((row) => isGood(row, now)).length;
    if (live >= MAX_TOKENS) {
      return { ok: false, code: 'conflict', detail: `tokens: at most ${MAX_TOKENS} at a time, revoke some` };
    }
    this.#sql.exec(
      'INSERT INTO tokens (id, hash, info, created_at, expires_at) VALUES (?, ?, ?, ?, ?)',
      id,
      hash,
      JSON.stringify(info),
      created_at,
      expires_at,
    );
    return { ok: true, value: shown(this.#row(id) as TokenRow) };
  }

  /** Newest first, also those that are over. */
  all(): Token[] {
    return this.#rows().map(shown);
  }

  revoke(id: string, now: number): Outcome<Token> {
    this.#sql.exec('UPDATE tokens SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL', now, id);
    const row = this.#row(id);
    if (row === null)
      return { ok: false, code: 'unknown_token', detail: `token: there is none with the id ${id}` };
    return { ok: true, value: shown(row) };
  }

  /** Null for an unknown id, another secret, and a token that is over: the caller cannot tell which. */
  granted(id: string, hash: string, now: number): Token | null {
    const row = this.#row(id);
    if (row === null || !equalBytes(fromHex(row.hash), fromHex(hash)) || !isGood(row, now)) return null;
    return shown(row);
  }

  #rows(): TokenRow[] {
    return this.#sql.exec<TokenRow>('SELECT * FROM tokens ORDER BY created_at DESC, id').toArray();
  }

  #row(id: string): TokenRow | null {
    return this.#sql.exec<TokenRow>('SELECT * FROM tokens WHERE id = ?', id).toArray()[0] ?? null;
  }
}

function isGood({ revoked_at, expires_at }: TokenRow, now: number): boolean {
  return revoked_at === null && (expires_at === null || expires_at > now);
}

function shown({ id, info, created_at, expires_at, revoked_at }: TokenRow): Token {
  return { ...JSON.parse(info), id, created_at, expires_at, revoked_at };
}
