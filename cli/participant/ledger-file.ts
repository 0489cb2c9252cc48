/**
 * The participant's own privacy ledger: one line a charge, appended and synced before a share of the sum leaves.
 * Nothing is ever taken back; what no window can hold any more may be pruned by hand.
 */

import type { AgreedRounds, Charged } from '../../shared/participant/agreement.ts';
import { charge, type LedgerEntry, spent } from '../../shared/privacy/ledger.ts';
import type { RoundSpec } from '../../shared/protocol/rounds.ts';
import { chargeOf } from '../../shared/round/noised-release.ts';
import { appendLines, readLinesOf } from './files.ts';

/** A line: the charge, and the round's own name. */
interface Line extends LedgerEntry {
  id: string;
}

export class LedgerFile {
  readonly #file: string;
  readonly #rounds: AgreedRounds;
  readonly #lines: Line[];

  constructor(file: string, rounds: AgreedRounds) {
    this.#file = file;
    this.#rounds = rounds;
    this.#lines = readLinesOf<Line>(file);
  }

  entries(): LedgerEntry[] {
    return this.#lines.map(({ id: _, ...entry }) => entry);
  }

  #last(): Charged | null {
    return this.#lines.reduce<Charged | null>(
      (last, { round, id }) => (last === null || round > last.serial ? { serial: round, id } : last),
      null,
    );
  }

  /** Why this participant stays out of the round; null when it does not. */
  refuses(spec: RoundSpec): string | null {
    return this.#rounds.refuses(spec, this.entries(), this.#last());
  }

  /** Charges the round; a repeat changes nothing. @returns why it must not be released, or null */
  charge(spec: RoundSpec): string | null {
    const refusal = this.refuses(spec);
    const entry = chargeOf(spec);
    if (refusal !== null || entry === null) return refusal;
    const result = charge(this.#rounds.policy, this.entries(), entry);
    if (!result.ok) return `round ${spec.id}: ${result.code}`;
    if (result.repeated) return null;
    const line: Line = { ...entry, id: spec.id };
    appendLines(this.#file, [line]);
    this.#lines.push(line);
    return null;
  }

  /** ε spent in the window that ends now. */
  spent(now: number): number {
    return spent(this.#rounds.policy, this.entries(), now).epsilon;
  }
}
