/**
 * What stands between a round and a participant's records: the rules that were agreed, rounds joined once, and the
 * participant's own ledger. Every participant asks it three times: before it joins, before it approves the parameters
 * of a secure sum, and before its vector leaves. Invariant: of one serial at most one vector leaves.
 */
import type { LedgerEntry } from '../privacy/ledger.ts';
import { SKEW_S } from '../protocol/fl.ts';
import type { FailureCode, RoundSpec } from '../protocol/rounds.ts';
import { chargeOf } from '../round/noised-release.ts';
import { taskOf } from '../round/secure-round.ts';

/** A participant's own ledger, whatever keeps it. What it says lasts before it returns. */
export interface Ledger {
  /** Why this must not be charged, or null. */
  refuses(entry: LedgerEntry): string | null;
  /** Charges it, a repeat once. @returns why it must not be charged, or null */
  charge(entry: LedgerEntry): string | null;
}

/** A value that outlives the process. */
export interface Kept<T> {
  get(): T | null;
  /** Lasts before it returns. */
  set(value: T): void;
}

/** The last round that this participant joined. */
export interface Joined {
  serial: number;
  /** Hash of the round's specification; null where an earlier version kept the serial alone. */
  task: string | null;
}

/**
 * A charge counts from `startedAt`: dated ahead it would lock a budget for as long. As much as requests may be ahead of a
 * clock.
 */
const MOST_AHEAD_MS = 1000 * SKEW_S;
const DAY_MS = 86_400_000;
/**
 * … and dated back it would be over sooner, or stand in a window of its own: a contributor, who has records of any age,
 * would pay twice within one retention time. A round is joined while it is open, and nearly always when it opens.
 */
const MOST_BEHIND_MS = DAY_MS;
/** A round under way waits for slow members and for each step of the sum: as long as settings allow, and no longer. */
const LONGEST_ROUND_MS = 12 * DAY_MS;

/** Why a participant stays out: the coordinator is told the code and nothing else. */
export class RoundRefused extends Error {
  override readonly name = 'RoundRefused';
  readonly code: FailureCode;

  constructor(code: FailureCode, detail: string) {
    super(detail);
    this.code = code;
  }
}

export interface GuardDeps {
  /** Why the round is not as agreed, or null. */
  rules(spec: RoundSpec): string | null;
  ledger: Ledger;
  joined: Kept<Joined>;
  /** Milliseconds since 1970. */
  now(): number;
  /** How old a record may be that takes part. */
  retentionMs: number;
}

export class RoundGuard {
  readonly #deps: GuardDeps;

  constructor(deps: GuardDeps) {
    this.#deps = deps;
  }

  /** Why this participant does not join the round, or null: whatever the round is called, its serial must be new. */
  refuses(spec: RoundSpec): RoundRefused | null {
    const last = this.#deps.joined.get();
    if (last !== null && spec.serial <= last.serial) {
      const detail = `round ${spec.id}: serial ${spec.serial} is not above ${last.serial}, which was joined`;
      return new RoundRefused('serial_used', detail);
    }
    return this.#refusal(spec, MOST_BEHIND_MS);
  }

  /** Joins the round, once. @returns why not, or null */
  join(spec: RoundSpec): RoundRefused | null {
    const refusal = this.refuses(spec);
    if (refusal === null) this.adopt(spec);
    return refusal;
  }

  /** Takes a round that is under way for the one that was joined last. */
  adopt(spec: RoundSpec): void {
    this.#deps.joined.set({ serial: spec.serial, task: taskOf(spec) });
  }

  /** Why the round under way must not go on, or null. */
  stops(spec: RoundSpec): RoundRefused | null {
    const last = this.#deps.joined.get();
    if (last?.serial !== spec.serial || last.task !== taskOf(spec)) {
      const joined = last?.serial ?? 'none';
      const detail = `round ${spec.id}: not the round of serial ${joined} that was joined`;
      return new RoundRefused('serial_used', detail);
    }
    return this.#refusal(spec, LONGEST_ROUND_MS);
  }

  /** Records what the round under way costs, before its vector leaves. Repeatable. */
  charge(spec: RoundSpec): RoundRefused | null {
    const stopped = this.stops(spec);
    const entry = chargeOf(spec);
    if (stopped !== null || entry === null) return stopped;
    return ofLedger(spec, this.#deps.ledger.charge(entry));
  }

  #refusal(spec: RoundSpec, mostBehindMs: number): RoundRefused | null {
    const { now, retentionMs } = this.#deps;
    const ahead = spec.startedAt - now();
    if (ahead > MOST_AHEAD_MS || -ahead > Math.min(mostBehindMs, retentionMs)) {
      const detail = `round ${spec.id}: startedAt is ${Math.round(ahead / 1000)} s from the clock here`;
      return new RoundRefused('not_as_agreed', detail);
    }
    const other = this.#deps.rules(spec);
    if (other !== null) return new RoundRefused('not_as_agreed', other);
    const entry = chargeOf(spec);
    return entry === null ? null : ofLedger(spec, this.#deps.ledger.refuses(entry));
  }
}

function ofLedger(spec: RoundSpec, refusal: string | null): RoundRefused | null {
  const detail = `round ${spec.id}: ${refusal} at this participant`;
  return refusal === null ? null : new RoundRefused('ledger', detail);
}
