/**
 * The privacy ledger in SQLite, append-only: the coordinator keeps one, and every region its own. Nothing deletes from
 * it but age, and age only past the retention window; it outlives its collection, so that deleting one and making it
 * again gives no budget back.
 */
import type { Ledger } from '../shared/participant/round-guard.ts';
import {
  type ChargeResult,
  charge,
  type LedgerEntry,
  mainOrder,
  type PrivacyPolicy,
} from '../shared/privacy/ledger.ts';
import { mergeLedgers } from '../shared/privacy/ledger-merge.ts';
import type { KeptLedger } from './handover.ts';
import { clearTables } from './sql.ts';
import { Values } from './values.ts';

export const LEDGER_TABLE = `CREATE TABLE IF NOT EXISTS ledger (
  round INTEGER NOT NULL, kind TEXT NOT NULL, at INTEGER NOT NULL, sampling_rate REAL NOT NULL,
  noise_multiplier REAL NOT NULL, steps INTEGER NOT NULL,
  -- Two copies of a ledger may hold different charges for one round; when neither covers the other both stand.
  PRIMARY KEY (round, kind, at, sampling_rate, noise_multiplier, steps)
) WITHOUT ROWID;`;

/** Migration: charges name what the round asked for; '' in those from before. */
export const LEDGER_TASKS = `ALTER TABLE ledger RENAME TO ledger_before;
CREATE TABLE ledger (
  round INTEGER NOT NULL, kind TEXT NOT NULL, at INTEGER NOT NULL, sampling_rate REAL NOT NULL,
  noise_multiplier REAL NOT NULL, steps INTEGER NOT NULL, task TEXT NOT NULL,
  PRIMARY KEY (round, kind, at, sampling_rate, noise_multiplier, steps, task)
) WITHOUT ROWID;
INSERT INTO ledger SELECT *, '' FROM ledger_before;
DROP TABLE ledger_before;`;

/** Migration: charges name the records that they read; null in those from before, which read all there was. */
export const LEDGER_ARRIVALS = 'ALTER TABLE ledger ADD COLUMN since INTEGER;';

/** Charges are kept so much longer than they count: rounds are charged for the moment in which they began. */
const MARGIN_MS = 2 * 86_400_000;
/** The longest retention time that any life of the collection promised. */
const RETENTION = 'ledgerRetentionMs';
/** The main filter by which δ was divided before the first charge: what was promised then goes by it. */
const ORDER = 'ledgerOrder';

interface LedgerRow extends Record<string, SqlStorageValue> {
  round: number;
  kind: string;
  at: number;
  sampling_rate: number;
  noise_multiplier: number;
  steps: number;
  task: string;
  since: number | null;
}

export class LedgerStore {
  readonly #storage: DurableObjectStorage;
  readonly #values: Values;

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage;
    this.#values = new Values(storage);
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
        ...(row.task !== '' && { task: row.task }),
        ...(row.since !== null && { from: row.since }),
      }));
  }

  /** The largest round that was ever charged here and has not expired; 0 before the first. */
  lastRound(): number {
    const { last } = this.#storage.sql
      .exec<{ last: number | null }>('SELECT max(round) AS last FROM ledger')
      .one();
    return last ?? 0;
  }

  /**
   * The policy with the window of an earlier life of the collection, where that was longer, and with the division of δ
   * over the orders that the charges so far went by: under a smaller ε it admits nothing that it did not admit before.
   */
  covering(policy: PrivacyPolicy): PrivacyPolicy {
    const kept = this.#values.get<number>(RETENTION) ?? 0;
    const order = this.#values.get<PrivacyPolicy['order']>(ORDER) ?? this.#firstFilter(policy);
    return { ...policy, order, retentionMs: Math.max(policy.retentionMs, kept) };
  }

  /**
   * Of charges that came from elsewhere, or from the first versions, which did not write down by what they charged: those
   * of earlier versions name no task, and went by the order of their budget.
   */
  #firstFilter({ order, epsilon, delta }: PrivacyPolicy): PrivacyPolicy['order'] {
    return this.entries().some(({ task }) => task === undefined) ? mainOrder(epsilon, delta) : order;
  }

  /** Charges and stores in one transaction; a refusal stores nothing. May be repeated. */
  charge(policy: PrivacyPolicy, entry: LedgerEntry): ChargeResult {
    return this.#storage.transactionSync(() => {
      const covering = this.covering(policy);
      const result = charge(covering, this.entries(), entry);
      if (result.ok && !result.repeated) {
        this.#insert(entry);
        this.#values.set(ORDER, covering.order);
      }
      return result;
    });
  }

  /** As a participant's own ledger, which keeps to `policy`. */
  under(policy: PrivacyPolicy): Ledger {
    return {
      refuses: (entry) => refusalOf(charge(this.covering(policy), this.entries(), entry)),
      charge: (entry) => refusalOf(this.charge(policy, entry)),
    };
  }

  /** Takes over what another copy of the ledger has: after a restore the larger one counts. May be repeated. */
  merge(theirs: readonly LedgerEntry[]): void {
    this.#storage.transactionSync(() => {
      const ours = this.entries();
      const known = new Set(ours.map(keyOf));
      // Copies are nearly always equal, and joining takes quadratic time.
      const news = theirs.filter((entry) => !known.has(keyOf(entry)));
      if (news.length === 0) return;
      const concerned = new Set(news.map(({ round }) => round));
      const joined = mergeLedgers(
        ours.filter(({ round }) => concerned.has(round)),
        news,
      );
      for (const round of concerned) this.#storage.sql.exec('DELETE FROM ledger WHERE round = ?', round);
      for (const entry of joined) this.#insert(entry);
    });
  }

  /** Forgets charges that no window of the policy can hold any more. */
  expire(policy: PrivacyPolicy, now: number): void {
    const { retentionMs } = this.covering(policy);
    this.#storage.sql.exec('DELETE FROM ledger WHERE at < ?', now - retentionMs - MARGIN_MS);
  }

  /** The ledger with what stands beside it, and the values named `more`, for the object that takes this one's place. */
  handOver(more: readonly string[]): KeptLedger {
    const names = [RETENTION, ORDER, ...more];
    const values = names.map((name) => [name, this.#values.get(name)]);
    return { entries: this.entries(), values: Object.fromEntries(values) };
  }

  /** May be repeated. */
  takeOver({ entries, values }: KeptLedger): void {
    this.#storage.transactionSync(() => {
      this.merge(entries);
      for (const [name, value] of Object.entries(values)) if (value !== null) this.#values.set(name, value);
    });
  }

  /**
   * Forgets everything in the object's tables but the ledger and the values named `keep`. Returns until when the ledger
   * has to stay, milliseconds since 1970; null when nothing was ever charged.
   */
  outlive(policy: PrivacyPolicy, keep: readonly string[]): number | null {
    return this.#storage.transactionSync(() => {
      const { retentionMs } = this.covering(policy);
      const kept = [...keep, ORDER].map((key) => [key, this.#values.get(key)] as const);
      clearTables(this.#storage, ['ledger']);
      for (const [key, value] of kept) if (value !== null) this.#values.set(key, value);
      this.#values.set(RETENTION, retentionMs);
      return this.#keptUntil();
    });
  }

  /** Of a collection that is gone: whether its last charge has expired too. */
  expired(now: number): boolean {
    return (this.#keptUntil() ?? 0) <= now;
  }

  #keptUntil(): number | null {
    const { last } = this.#storage.sql
      .exec<{ last: number | null }>('SELECT max(at) AS last FROM ledger')
      .one();
    return last === null ? null : last + (this.#values.get<number>(RETENTION) ?? 0) + MARGIN_MS;
  }

  #insert(entry: LedgerEntry): void {
    this.#storage.sql.exec(
      'INSERT OR IGNORE INTO ledger (round, kind, at, sampling_rate, noise_multiplier, steps, task, since) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
      entry.round,
      entry.kind,
      entry.atMs,
      entry.samplingRate,
      entry.noiseMultiplier,
      entry.steps,
      entry.task ?? '',
      entry.from ?? null,
    );
  }
}

function keyOf({ round, kind, atMs, from, ...rest }: LedgerEntry): string {
  const { samplingRate, noiseMultiplier, steps, task } = rest;
  return `${round} ${kind} ${atMs} ${from ?? ''} ${samplingRate} ${noiseMultiplier} ${steps} ${task ?? ''}`;
}

function refusalOf(result: ChargeResult): string | null {
  return result.ok ? null : result.code;
}
