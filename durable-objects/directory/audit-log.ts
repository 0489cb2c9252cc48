/**
 * The audit log: what an admin's token did, written before it is done and completed with how it ended. Entries are
 * only ever added; the oldest go when there are too many.
 */
import type { AuditEntry, AuditInput } from '../../shared/protocol/api/audit.ts';

export const AUDIT_TABLE = `CREATE TABLE audit (
  id INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, principal TEXT NOT NULL, action TEXT NOT NULL,
  collection TEXT, target TEXT, request_id TEXT NOT NULL, status INTEGER
);`;

/** Entries kept. */
const KEPT = 100_000;

export class AuditLog {
  readonly #sql: SqlStorage;
  readonly #kept: number;

  constructor(storage: DurableObjectStorage, kept = KEPT) {
    this.#sql = storage.sql;
    this.#kept = kept;
  }

  begin({ at, principal, action, collection, target, request_id }: AuditInput): number {
    const row = this.#sql
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
      .one();
    this.#sql.exec('DELETE FROM audit WHERE id <= ?', row.id - this.#kept);
    return row.id;
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
