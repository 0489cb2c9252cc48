/**
 * The participant's own privacy ledger: one line a charge, appended and synced before a share of the sum leaves.
 * Nothing is ever taken back; what no window can hold any more may be pruned by hand.
 */

import type { Ledger } from '../../shared/participant/round-guard.ts';
import {
  charge,
  type LedgerEntry,
  mainOrder,
  type PrivacyPolicy,
  spent,
} from '../../shared/privacy/ledger.ts';
import { appendLines, readLinesOf } from './files.ts';

interface Line extends LedgerEntry {
  /** The main filter by which δ was divided before the first charge; absent where an earlier version wrote the line. */
  filter?: PrivacyPolicy['order'];
  /** Earlier versions wrote the round's name too. */
  id?: string;
}

export class LedgerFile implements Ledger {
  readonly #file: string;
  readonly #policy: PrivacyPolicy;
  readonly #entries: LedgerEntry[];

  constructor(file: string, policy: PrivacyPolicy) {
    this.#file = file;
    const lines = readLinesOf<Line>(file);
    // What was promised with the first charge stands: earlier versions knew the orders alone.
    const promised = lines.length === 0 ? policy.order : lines[0]!.filter;
    this.#policy = { ...policy, order: promised ?? mainOrder(policy.epsilon, policy.delta) };
    this.#entries = lines.map(({ id: _, filter: __, ...entry }) => entry);
  }

  /** What it keeps to. */
  get policy(): PrivacyPolicy {
    return this.#policy;
  }

  entries(): readonly LedgerEntry[] {
    return this.#entries;
  }

  /** The largest serial that was charged; 0 before the first. */
  lastRound(): number {
    return this.#entries.reduce((last, { round }) => Math.max(last, round), 0);
  }

  refuses(entry: LedgerEntry): string | null {
    const result = charge(this.#policy, this.#entries, entry);
    return result.ok ? null : result.code;
  }

  charge(entry: LedgerEntry): string | null {
    const result = charge(this.#policy, this.#entries, entry);
    if (!result.ok) return result.code;
    if (result.repeated) return null;
    appendLines(this.#file, [{ ...entry, filter: this.#policy.order } satisfies Line]);
    this.#entries.push(entry);
    return null;
  }

  /** ε spent in the window that ends now. */
  spent(now: number): number {
    return spent(this.#policy, this.#entries, now).epsilon;
  }
}
