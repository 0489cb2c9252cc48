/**
 * The privacy ledger: append-only charges and the filter over them. Rényi filter at integer orders (Feldman, Zrnic 2021;
 * Lécuyer 2021): a charge is admitted when at some order the sum of what a record pays stays below that order's budget.
 * Beside the orders stands the exact Gaussian filter, which knows no sampling. Which of them has room may depend on what
 * was released, so δ is divided over them beforehand and a union bound applies; the main one gets nearly all. A charge
 * names the records that it read, by their arrival, and the filter holds for every arrival (block composition: Lécuyer
 * et al. 2019). Training and held-out units are disjoint: a unit pays the larger of the two.
 */
import { epsilonAtOrder, rdpBudgetAtOrder } from './conversion.ts';
import { gaussianCost, gaussianEpsilon } from './gaussian-filter.ts';
import { type Arrivals, heaviest, payersOf, readBy } from './ledger-arrivals.ts';
import { INTEGER_ORDERS, type Release, subsampledGaussianRdp } from './rdp.ts';
import type { PrivacyUnit } from './units.ts';

/** What a release was for. `gate` concerns held-out units, all others training units. */
export type ChargeKind = 'train' | 'counts' | 'gate';

/** One row of the ledger. */
export interface LedgerEntry extends Release {
  readonly round: number;
  readonly kind: ChargeKind;
  /** When the round sampled its units, milliseconds since 1970: not later than any use of a record. */
  readonly atMs: number;
  /**
   * It read records that arrived after this moment, up to `atMs`. Absent in charges of earlier versions, which read all
   * that the retention time left.
   */
  readonly from?: number | undefined;
  /** Hash of what the round asked for; absent in charges of earlier versions. */
  readonly task?: string | undefined;
}

/** What a collection promises. Fixed for its life. */
export interface PrivacyPolicy {
  readonly epsilon: number;
  readonly delta: number;
  /** Records are not used beyond this age. */
  readonly retentionMs: number;
  /** A contributor may have records of any age, and pays for the whole window. */
  readonly unit: PrivacyUnit;
  /** The filter that gets nearly all of δ: an integer order, or the Gaussian filter; see `mainFilter`. */
  readonly order: number | 'gaussian';
}

/** ε by the filter's own accounting, of the record that pays most. */
export interface Spent {
  /** The larger of the two below. */
  readonly epsilon: number;
  readonly training: number;
  readonly heldOut: number;
}

/** The answer to a charge. A repeated charge is admitted once. */
export type ChargeResult =
  | { readonly ok: true; readonly repeated: boolean; readonly spent: Spent }
  | { readonly ok: false; readonly code: 'privacy_budget_exceeded'; readonly projected: Spent }
  | { readonly ok: false; readonly code: 'privacy_charge_conflict'; readonly charged: LedgerEntry };

/** Part of δ that goes to the filters other than the main one, evenly. */
export const OTHERS_SHARE = 1 / 32;

/**
 * The main filter of a new ledger: the exact one where every release reads all units, else an order.
 * @param samplingRate q of the releases to come
 */
export function mainFilter(epsilon: number, delta: number, samplingRate: number): PrivacyPolicy['order'] {
  return samplingRate === 1 ? 'gaussian' : mainOrder(epsilon, delta);
}

/** The order at which a Gaussian mechanism makes the most of (ε, δ). */
export function mainOrder(epsilon: number, delta: number): number {
  const value = (order: number) => rdpBudgetAtOrder(order, epsilon, delta) / order;
  return INTEGER_ORDERS.reduce((best, order) => (value(order) > value(best) ? order : best));
}

/** ε of the records that are still within the retention time at `nowMs`: of those that pay most. */
export function spent(policy: PrivacyPolicy, entries: readonly LedgerEntry[], nowMs: number): Spent {
  return spentBy(policy, entries, alive(policy, nowMs));
}

/** Arrivals of records that are still within the retention time at `nowMs`. */
export function alive({ retentionMs }: Pick<PrivacyPolicy, 'retentionMs'>, nowMs: number): Arrivals {
  return { from: nowMs - retentionMs - 1, to: Number.POSITIVE_INFINITY };
}

/** ε of the records that arrived within `arrivals`: of those that pay most. */
export function spentBy(policy: PrivacyPolicy, entries: readonly LedgerEntry[], arrivals: Arrivals): Spent {
  const { training, heldOut } = paidMost(policy, entries, arrivals);
  return {
    epsilon: Math.max(training.epsilon, heldOut.epsilon),
    training: training.epsilon,
    heldOut: heldOut.epsilon,
  };
}

/** What the records pay that pay most, among those that arrived within `arrivals`: by the filter's ε. */
export function paidMost(policy: PrivacyPolicy, entries: readonly LedgerEntry[], arrivals: Arrivals) {
  const ofKind = (gate: boolean) => {
    const charges = entries.filter(({ kind }) => (kind === 'gate') === gate);
    return heaviest(payersOf(policy, charges, arrivals), (paid) => filterEpsilon(policy, paid));
  };
  return { training: ofKind(false), heldOut: ofKind(true) };
}

/** A release that is planned, and for what. */
export type PlannedRelease = Release & Pick<LedgerEntry, 'kind'>;

/**
 * ε as it would be if all of `plan` were charged at `nowMs`; what exceeds the budget must not start.
 * @param from the plan reads what arrived after this moment
 */
export function project(
  policy: PrivacyPolicy,
  entries: readonly LedgerEntry[],
  plan: readonly PlannedRelease[],
  nowMs: number,
  from = nowMs - policy.retentionMs - 1,
): Spent & { readonly fits: boolean } {
  const planned = plan.map((release, i) => ({ ...release, round: -1 - i, atMs: nowMs, from }));
  const total = spentBy(policy, [...entries, ...planned], { from, to: nowMs });
  return { ...total, fits: total.epsilon <= policy.epsilon };
}

/**
 * Asks to charge `entry`. When `ok` and not `repeated` the caller stores it before anything is unmasked. Every arrival
 * that the entry reads is looked at, also with what later entries read of it.
 * @throws RangeError for an entry or a policy that is malformed
 */
export function charge(
  policy: PrivacyPolicy,
  entries: readonly LedgerEntry[],
  entry: LedgerEntry,
): ChargeResult {
  checkPolicy(policy);
  checkEntry(entry);
  const charged = entries.find(({ round, kind }) => round === entry.round && kind === entry.kind);
  if (charged) {
    if (!isSameCharge(charged, entry)) return { ok: false, code: 'privacy_charge_conflict', charged };
    return { ok: true, repeated: true, spent: spentBy(policy, entries, readBy(policy, entry)) };
  }
  const total = spentBy(policy, [...entries, entry], readBy(policy, entry));
  return total.epsilon <= policy.epsilon
    ? { ok: true, repeated: false, spent: total }
    : { ok: false, code: 'privacy_budget_exceeded', projected: total };
}

/** Whether two charges are of one release: everything that was asked is the same. */
function isSameCharge(one: LedgerEntry, other: LedgerEntry): boolean {
  return (
    one.atMs === other.atMs &&
    one.from === other.from &&
    one.samplingRate === other.samplingRate &&
    one.noiseMultiplier === other.noiseMultiplier &&
    one.steps === other.steps &&
    (one.task === undefined || other.task === undefined || one.task === other.task)
  );
}

/** How many more times the budget admits all releases of `run` now, at most `limit`. */
export function runsLeft(
  policy: PrivacyPolicy,
  entries: readonly LedgerEntry[],
  run: readonly PlannedRelease[],
  nowMs: number,
  { limit = 100, from = nowMs - policy.retentionMs - 1 } = {},
): number {
  const times = (runs: number) => run.map((release) => ({ ...release, steps: runs * release.steps }));
  const fits = (runs: number) => project(policy, entries, times(runs), nowMs, from).fits;
  let admitted = 0;
  let refused = limit + 1;
  while (refused - admitted > 1) {
    const middle = Math.floor((admitted + refused) / 2);
    if (fits(middle)) admitted = middle;
    else refused = middle;
  }
  return admitted;
}

/** The least over filters of ε at that filter's part of δ, of charges that are all paid. */
export function filterEpsilon(policy: PrivacyPolicy, schedule: readonly Release[]): number {
  const parts = mergeEqual(schedule);
  if (parts.length === 0) return 0;
  let best = Number.POSITIVE_INFINITY;
  for (const [order, share] of deltaShares(policy.order)) {
    best = Math.min(
      best,
      order === 'gaussian'
        ? gaussianFilterEpsilon(parts, policy.delta * share)
        : epsilonAtOrder(order, rdpAtOrder(parts, order), policy.delta * share),
    );
  }
  return best;
}

/** A release that reads a sample only costs at most what it would cost on all units, and counts as that. */
function gaussianFilterEpsilon(parts: readonly Release[], delta: number): number {
  const releases = parts.reduce((sum, { steps }) => sum + steps, 0);
  const cost = parts.reduce(
    (sum, { noiseMultiplier, steps }) => sum + steps * gaussianCost(noiseMultiplier),
    0,
  );
  return gaussianEpsilon(cost, releases, delta);
}

function rdpAtOrder(parts: readonly Release[], order: number): number {
  return parts.reduce(
    (sum, { samplingRate, noiseMultiplier, steps }) =>
      sum + steps * subsampledGaussianRdp(samplingRate, noiseMultiplier, order),
    0,
  );
}

/**
 * The filters with their parts of δ, which add up to at most 1. A ledger whose main filter is an order was promised
 * before there was another kind, or draws samples: all of its δ went to the orders.
 */
export function* deltaShares(
  main: PrivacyPolicy['order'],
): Generator<readonly [order: PrivacyPolicy['order'], share: number]> {
  yield [main, 1 - OTHERS_SHARE];
  const others = INTEGER_ORDERS.filter((order) => order !== main);
  for (const order of others) yield [order, OTHERS_SHARE / others.length];
}

/** Releases that differ in nothing but their steps become one, so that long ledgers cost little. */
export function mergeEqual(schedule: readonly Release[]): Release[] {
  const merged = new Map<string, Release>();
  for (const { samplingRate, noiseMultiplier, steps } of schedule) {
    const key = `${samplingRate} ${noiseMultiplier}`;
    merged.set(key, { samplingRate, noiseMultiplier, steps: steps + (merged.get(key)?.steps ?? 0) });
  }
  return [...merged.values()];
}

function checkPolicy({ epsilon, delta, retentionMs, order }: PrivacyPolicy): void {
  if (!(epsilon > 0)) throw new RangeError(`budget epsilon must be positive, got ${epsilon}`);
  if (!(delta > 0 && delta < 1)) throw new RangeError(`delta must be in (0, 1), got ${delta}`);
  if (!(retentionMs > 0)) throw new RangeError(`retention must be positive, got ${retentionMs}`);
  if (order !== 'gaussian' && !INTEGER_ORDERS.includes(order)) {
    throw new RangeError(`order must be one of the charged orders, got ${order}`);
  }
}

function checkEntry({ samplingRate, noiseMultiplier, steps, atMs, from }: LedgerEntry): void {
  if (!(samplingRate > 0 && samplingRate <= 1)) {
    throw new RangeError(`sampling rate must be in (0, 1], got ${samplingRate}`);
  }
  if (!(noiseMultiplier >= 0)) throw new RangeError(`noise multiplier must be ≥ 0, got ${noiseMultiplier}`);
  if (!Number.isInteger(steps) || steps < 1) throw new RangeError(`steps must be ≥ 1, got ${steps}`);
  if (!Number.isFinite(atMs)) throw new RangeError(`time of a charge must be finite, got ${atMs}`);
  if (from !== undefined && !(from <= atMs)) throw new RangeError(`from must be ≤ ${atMs}, got ${from}`);
}
