/** The rounds that a region let be released, in its SQLite: what it signs of them goes into certificates. */
import { type RoundLog, runOf } from '../../shared/certificate/round-log.ts';
import { RoundRecord } from '../../shared/protocol/certificate.ts';

export const ROUND_LOG_TABLE = `CREATE TABLE round_log (
  serial INTEGER PRIMARY KEY, run TEXT NOT NULL, at INTEGER NOT NULL, record TEXT NOT NULL
);
CREATE INDEX round_log_run ON round_log (run);`;

export class RoundLogStore implements RoundLog {
  readonly #sql: SqlStorage;

  constructor({ sql }: DurableObjectStorage) {
    this.#sql = sql;
  }

  add(record: RoundRecord): void {
    this.#sql.exec(
      'INSERT OR IGNORE INTO round_log (serial, run, at, record) VALUES (?, ?, ?, ?)',
      record.serial,
      runOf(record.round),
      record.startedAt,
      JSON.stringify(record),
    );
  }

  of(run: string): RoundRecord[] {
    return this.#sql
      .exec<{ record: string }>('SELECT record FROM round_log WHERE run = ? ORDER BY serial', run)
      .toArray()
      .map(({ record }) => RoundRecord.parse(JSON.parse(record)));
  }

  /** Rounds are forgotten with the charges that they led to. */
  expire(retentionMs: number, now: number): void {
    this.#sql.exec('DELETE FROM round_log WHERE at < ?', now - retentionMs);
  }
}
