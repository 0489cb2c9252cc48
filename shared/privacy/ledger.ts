/**
 * The privacy ledger: append-only charges and the filter over them. Rényi filter at integer orders (Feldman, Zrnic 2021;
 * Lécuyer 2021): a charge is admitted when at some order the sum over the retention window stays below that order's budget.
 * Which order that is may depend on what was released, so δ is divided over the orders beforehand and a union bound
 * applies; the main order gets nearly all. Training and held-out units are disjoint: a unit pays the larger of the two.
 */
import { epsilonAtOrder, rdpBudgetAtOrder } from './conversion.ts';
import { INTEGER_ORDERS, type Release, subsampledGaussianRdp } from './rdp.ts';

/** What a release was for. `gate` concerns held-out units, all others training units. */
export type ChargeKind = 'train' | 'counts' | 'gate';

/** One row of the ledger. */
export interface LedgerEntry extends Release {
  readonly round: number;
  readonly kind: ChargeKind;
  /** When the round sampled its units, milliseconds since 1970: not later than any use of a record. */
  readonly atMs: number;
}

/** What a collection promises. Fixed for its life. */
export interface PrivacyPolicy {
  readonly epsilon: number;
  readonly delta: number;
  /** Records are not used beyond this age; the promise holds for every window of this length. */
  readonly retentionMs: number;
  /** The integer order that gets nearly all of δ; see `mainOrder`. */
  readonly order: number;
}

/** ε by the filter's own accounting. */
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

/** Part of δ that goes to the orders other than the main one, evenly. */
const OTHER_ORDERS_SHARE = 1 / 32;

/** The order at which a Gaussian mechanism makes the most of (ε, δ): the main order of a new ledger. */
export function mainOrder(epsilon: number, delta: number): number {
  const value = (order: number) => rdpBudgetAtOrder(order, epsilon, delta) / order;
  return INTEGER_ORDERS.reduce((best, order) => (value(order) > value(best) ? order : best));
}

/** ε of what was charged at `nowMs`, within the retention window. */
export function spent(policy: PrivacyPolicy, entries: readonly LedgerEntry[], nowMs: number): Spent {
  const counted = entries.filter(({ atMs }) => atMs >= nowMs - policy.retentionMs);
  const training = filterEpsilon(
    policy,
    counted.filter(({ kind }) => kind !== 'gate'),
  );
  const heldOut = filterEpsilon(
    policy,
    counted.filter(({ kind }) => kind === 'gate'),
  );
  return { epsilon: Math.max(training, heldOut), training, heldOut };
}

/** A release that is planned, and for what. */
export type PlannedRelease = Release & Pick<LedgerEntry, 'kind'>;

/** ε as it would be if all of `plan` were charged at `nowMs`; what exceeds the budget must not start. */
export function project(
  policy: PrivacyPolicy,
  entries: readonly LedgerEntry[],
  plan: readonly PlannedRelease[],
  nowMs: number,
): Spent & { readonly fits: boolean } {
  const planned = plan.map((release, i) => ({ ...release, round: -1 - i, atMs: nowMs }));
  const total = spent(policy, [...entries, ...planned], nowMs);
  return { ...total, fits: total.epsilon <= policy.epsilon };
}

/**
 * Asks to charge `entry`. When `ok` and not `repeated` the caller stores it before anything is unmasked. Every window
 * that holds the entry is covered, also by later entries.
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
    const same =
      charged.samplingRate === entry.samplingRate &&
      charged.noiseMultiplier === entry.noiseMultiplier &&
      charged.steps === entry.steps;
    if (!same) return { ok: false, code: 'privacy_charge_conflict', charged };
    return { ok: true, repeated: true, spent: spent(policy, entries, entry.atMs) };
  }
  const total = spent(policy, [...entries, entry], entry.atMs);
  return total.epsilon <= policy.epsilon
    ? { ok: true, repeated: false, spent: total }
    : { ok: false, code: 'privacy_budget_exceeded', projected: total };
}

/** How many more times the budget admits all releases of `run` now, at most `limit`. */
export function runsLeft(
  policy: PrivacyPolicy,
  entries: readonly LedgerEntry[],
  run: readonly PlannedRelease[],
  nowMs: number,
  limit = 100,
): number {
  const times = (runs: number) => run.map((release) => ({ ...release, steps: runs * release.steps }));
  const fits = (runs: number) => project(policy, entries, times(runs), nowMs).fits;
  let admitted = 0;
  let refused = limit + 1;
  while (refused - admitted > 1) {
    const middle = Math.floor((admitted + refused) / 2);
    if (fits(middle)) admitted = middle;
    else refused = middle;
  }
  return admitted;
}

/** The least over orders of ε at that order's part of δ. */
function filterEpsilon(policy: PrivacyPolicy, schedule: readonly Release[]): number {
  const parts = mergeEqual(schedule);
  let best = parts.length === 0 ? 0 : Number.POSITIVE_INFINITY;
  for (const order of INTEGER_ORDERS) {
    const share =
      order === policy.order ? 1 - OTHER_ORDERS_SHARE : OTHER_ORDERS_SHARE / (INTEGER_ORDERS.length - 1);
    const rdp = parts.reduce(
      (sum, { samplingRate, noiseMultiplier, steps }) =>
        sum + steps * subsampledGaussianRdp(samplingRate, noiseMultiplier, order),
      0,
    );
    best = Math.min(best, epsilonAtOrder(order, rdp, policy.delta * share));
  }
  return best;
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
  if (!INTEGER_ORDERS.includes(order)) {
    throw new RangeError(`order must be one of the charged orders, got ${order}`);
  }
}

function checkEntry({ samplingRate, noiseMultiplier, steps, atMs }: LedgerEntry): void {
  if (!(samplingRate > 0 && samplingRate <= 1)) {
    throw new RangeError(`sampling rate must be in (0, 1], got ${samplingRate}`);
  }
  if (!(noiseMultiplier >= 0)) throw new RangeError(`noise multiplier must be ≥ 0, got ${noiseMultiplier}`);
  if (!Number.isInteger(steps) || steps < 1) throw new RangeError(`steps must be ≥ 1, got ${steps}`);
  if (!Number.isFinite(atMs)) throw new RangeError(`time of a charge must be finite, got ${atMs}`);
}
