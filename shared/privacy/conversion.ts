/**
 * From Rényi to approximate differential privacy: Canonne, Kamath, Steinke 2020, proposition 12, together with the bound
 * through total variation, δ ≤ √(1 − exp(−ρ)), for tiny ρ.
 */
import { composeRdp, REFERENCE_ORDERS, type Release } from './rdp.ts';

/** Below this order the conversion is not numerically stable. */
const LEAST_ORDER = 1.01;

/** An ε and the order that gave it. */
export interface Converted {
  readonly epsilon: number;
  readonly order: number;
}

/**
 * ε(δ) of a mechanism with RDP ε `rdp` at `order`.
 * @throws RangeError unless 0 < δ < 1
 */
export function epsilonAtOrder(order: number, rdp: number, delta: number): number {
  checkDelta(delta);
  if (delta ** 2 + Math.expm1(-rdp) > 0) return 0;
  if (order <= LEAST_ORDER) return Number.POSITIVE_INFINITY;
  return Math.max(0, rdp + Math.log1p(-1 / order) - Math.log(delta * order) / (order - 1));
}

/** The largest RDP ε at `order` that still gives (ε, δ); negative when no mechanism can show it at this order. */
export function rdpBudgetAtOrder(order: number, epsilon: number, delta: number): number {
  checkDelta(delta);
  return epsilon - Math.log1p(-1 / order) + Math.log(delta * order) / (order - 1);
}

/** The least ε over orders. Infinite when none gives a finite one. */
export function bestEpsilon(orders: readonly number[], rdp: readonly number[], delta: number): Converted {
  let best: Converted = { epsilon: Number.POSITIVE_INFINITY, order: orders[0] ?? Number.NaN };
  orders.forEach((order, i) => {
    const epsilon = epsilonAtOrder(order, rdp[i]!, delta);
    if (epsilon < best.epsilon) best = { epsilon, order };
  });
  return best;
}

/** ε of a schedule fixed beforehand, by RDP at the best of `orders`. */
export function rdpEpsilon(
  schedule: readonly Release[],
  delta: number,
  orders: readonly number[] = REFERENCE_ORDERS,
): Converted {
  return bestEpsilon(orders, composeRdp(schedule, orders), delta);
}

function checkDelta(delta: number): void {
  if (!(delta > 0 && delta < 1)) throw new RangeError(`delta must be in (0, 1), got ${delta}`);
}
