/**
 * The privacy ledger in SQLite, append-only: the coordinator keeps one, and every region its own. Nothing in this
 * code deletes from it but age, and age only past the retention window.
 */
import { type ChargeResult, charge, type LedgerEntry, type PrivacyPolicy } from '../shared/privacy/ledger.ts';

export const LEDGER_TABLE = `CREATE TABLE ledger (
  round INTEGER NOT NULL, kind TEXT NOT NULL, at INTEGER NOT NULL, sampling_rate REAL NOT NULL,
  noise_multiplier REAL NOT NULL, steps INTEGER NOT NULL, PRIMARY KEY (round, kind)
) WITHOUT ROWID;`;

interface LedgerRow extends Record<string, SqlStorageValue> {
  round: number;
  kind: string;
  at: number;
  sampling_rate: number;
  noise_multiplier: number;
  steps: number;
}

export class LedgerStore {
  readonly #storage: DurableObjectStorage;
  constructor(storage: DurableObjectStorage) {
    this.#storage = storage;
  }

  entries(): LedgerEntry[] {
    return this.#storage.sql
      .exec<LedgerRow>('SELECT * FROM ledger ORDER BY at, round')
      .toArray()
      .map((row) => ({
        round: row.round,
        kind: row.kind as LedgerEntry['kind'],
        atMs: row.at,
        samplingRate: row.sampling_rate,
        noiseMultiplier: row.noise_multiplier,
        steps: row.steps,
      }));
  }

  /** Charges and stores in one transaction; a refusal stores nothing. May be repeated. */
  charge(policy: PrivacyPolicy, entry: LedgerEntry): ChargeResult {
    return this.#storage.transactionSync(() => {
      const result = charge(policy, this.entries(), entry);
      if (result.ok && !result.repeated) this.#insert(entry);
      return result;
    });
  }

  /** Takes over entries that another copy of the ledger has: after a restore the larger one counts. */
  adopt(entries: readonly LedgerEntry[]): void {
    this.#storage.transactionSync(() => {
      for (const entry of entries) this.#insert(entry);
    });
  }

  #insert(entry: LedgerEntry): void {
    this.#storage.sql.exec(
      'INSERT OR IGNORE INTO ledger (round, kind, at, sampling_rate, noise_multiplier, steps) VALUES (?, ?, ?, ?, ?, ?)',
      entry.round,
      entry.kind,
      entry.atMs,
      entry.samplingRate,
      entry.noiseMultiplier,
      entry.steps,
    );
  }
}
