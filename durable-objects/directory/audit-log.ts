/**
 * The audit log: what an admin's token did, written before it is done and completed with how it ended. Entries are
 * only ever added, and go by their age alone. Invariant: nothing that a token does makes room for itself; a token that
 * has written too much is refused.
 */
import type { AuditEntry, AuditInput } from '../../shared/protocol/api/audit.ts';
import type { Outcome, Refusal } from '../../shared/protocol/objects.ts';

export const AUDIT_TABLE = `CREATE TABLE audit (
  id INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, principal TEXT NOT NULL, action TEXT NOT NULL,
  collection TEXT, target TEXT, request_id TEXT NOT NULL, status INTEGER
);`;

/** How many entries of whom there are, by day since 1970: what a token may add is bounded. */
export const AUDIT_DAYS_TABLE = `CREATE TABLE audit_days (
  principal TEXT NOT NULL, day INTEGER NOT NULL, entries INTEGER NOT NULL, PRIMARY KEY (principal, day)
) WITHOUT ROWID;`;

const DAY_MS = 86_400_000;

export interface AuditLimits {
  /** An entry stays so long, whatever else is done meanwhile. */
  keptDays: number;
  /** Entries of one token on a day (UTC). */
  ofTokenPerDay: number;
  /** Entries in all, from which on tokens add no more; about 1 GB. */
  inAll: number;
}

const LIMITS: AuditLimits = { keptDays: 400, ofTokenPerDay: 5_000, inAll: 4_000_000 };
/** Entries that go at a time, so that no call takes long. */
const GO_AT_A_TIME = 1_000;

export class AuditLog {
  readonly #storage: DurableObjectStorage;
  readonly #sql: SqlStorage;
  readonly #limits: AuditLimits;

  constructor(storage: DurableObjectStorage, limits: AuditLimits = LIMITS) {
    this.#storage = storage;
    this.#sql = storage.sql;
    this.#limits = limits;
  }

  /** Refused when the log has no room for more of this token; the deployment's own secret always has. */
  begin(entry: AuditInput, now: number): Outcome<number> {
    return this.#storage.transactionSync(() => {
      this.#expire(now);
      const refused = isToken(entry.principal) ? this.#refused(entry.principal, now) : null;
      return refused ?? { ok: true, value: this.#add(entry, now) };
    });
  }

  #refused(principal: string, now: number): Refusal | null {
    const { ofTokenPerDay, inAll } = this.#limits;
    const day = Math.floor(now / DAY_MS);
    const [row] = this.#sql
      .exec<{ entries: number }>(
        'SELECT entries FROM audit_days WHERE principal = ? AND day = ?',
        principal,
        day,
      )
      .toArray();
    if ((row?.entries ?? 0) >= ofTokenPerDay) {
      const retryAfter = Math.ceil(((day + 1) * DAY_MS - now) / 1000);
      const detail = `the token has made ${ofTokenPerDay} changes that the audit log keeps, as many as it may on a day`;
      return { ok: false, code: 'too_many_requests', detail, retryAfter };
    }
    // Numbers have no gaps: entries are only added, and only the oldest go.
    const { first, last } = this.#sql
      .exec<{ first: number | null; last: number | null }>(
        'SELECT min(id) AS first, max(id) AS last FROM audit',
      )
      .one();
    if (first === null || last === null || last - first + 1 < inAll) return null;
    const detail = `the audit log has ${inAll} entries, as many as it may; changes need the deployment's secret until the oldest go`;
    return { ok: false, code: 'audit_full', detail };
  }

  #add({ at, principal, action, collection, target, request_id }: AuditInput, now: number): number {
    this.#sql.exec(
      `INSERT INTO audit_days (principal, day, entries) VALUES (?, ?, 1)
       ON CONFLICT (principal, day) DO UPDATE SET entries = entries + 1`,
      principal,
      Math.floor(now / DAY_MS),
    );
    return this.#sql
      .exec<{ id: number }>(
        `INSERT INTO audit (at, principal, action, collection, target, request_id) VALUES (?, ?, ?, ?, ?, ?)
         RETURNING id`,
        at,
        principal,
        action,
        collection,
        target,
        request_id,
      )
      .one().id;
  }

  /** Only age takes an entry away. */
  #expire(now: number): void {
    const oldest = this.#sql
      .exec<{ id: number; at: number }>('SELECT id, at FROM audit ORDER BY id LIMIT 1')
      .toArray()[0];
    const before = now - this.#limits.keptDays * DAY_MS;
    if (oldest === undefined || oldest.at >= before) return;
    this.#sql.exec('DELETE FROM audit WHERE id < ? AND at < ?', oldest.id + GO_AT_A_TIME, before);
    this.#sql.exec('DELETE FROM audit_days WHERE day < ?', Math.floor(before / DAY_MS));
  }

  /** The first end counts. */
  end(id: number, status: number): void {
    this.#sql.exec('UPDATE audit SET status = ? WHERE id = ? AND status IS NULL', status, id);
  }

  /** Newest first; those before `before`, or from the newest on. */
  page(before: number | null, limit: number): AuditEntry[] {
    return this.#sql
      .exec<AuditEntry>(
        'SELECT * FROM audit WHERE id < ? ORDER BY id DESC LIMIT ?',
        before ?? Number.MAX_SAFE_INTEGER,
        limit,
      )
      .toArray();
  }
}

/** Others are the deployment's secret, and everybody in development without one. */
function isToken(principal: string): boolean {
  return principal !== 'root' && principal !== 'open';
}
