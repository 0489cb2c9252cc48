/** Quiet hours, and when a budget that is spent has room again. */
import { type LedgerEntry, type PlannedRelease, type PrivacyPolicy, project } from '../privacy/ledger.ts';
import type { QuietHours } from '../protocol/settings.ts';

const MINUTE_MS = 60_000;
const DAY_MINUTES = 1440;

/** The first moment from `at` on that is not in quiet hours. */
export function afterQuietHours(quiet: QuietHours | null, at: number): number {
  if (quiet === null) return at;
  let moment = at;
  // When clocks are set forward or back the first guess may fall into quiet hours again.
  for (let tries = 0; tries < 3; tries++) {
    const left = quietMinutesLeft(quiet, moment);
    if (left === 0) return moment;
    moment = (Math.floor(moment / MINUTE_MS) + left) * MINUTE_MS;
  }
  return moment;
}

/** Minutes until quiet hours end; 0 outside them. They may last over midnight. */
function quietMinutesLeft({ from, to, timeZone }: QuietHours, at: number): number {
  const clock = minutesOf(
    new Intl.DateTimeFormat('en-GB', {
      timeZone,
      hour: '2-digit',
      minute: '2-digit',
      hourCycle: 'h23',
    }).format(at),
  );
  const since = (clock - minutesOf(from) + DAY_MINUTES) % DAY_MINUTES;
  const length = (minutesOf(to) - minutesOf(from) + DAY_MINUTES) % DAY_MINUTES;
  return since < length ? length - since : 0;
}

function minutesOf(clock: string): number {
  const [hours, minutes] = clock.split(':').map(Number);
  return (hours as number) * 60 + (minutes as number);
}

/**
 * The first moment from `from` on at which the budget admits `plan`, as charges leave the window; null when it never
 * does, because the plan alone is more than the budget.
 */
export function budgetAllowsAt(
  policy: PrivacyPolicy,
  entries: readonly LedgerEntry[],
  plan: readonly PlannedRelease[],
  from: number,
): number | null {
  const fits = (at: number) => project(policy, entries, plan, at).fits;
  if (fits(from)) return from;
  const leaving = entries.map(({ atMs }) => atMs + policy.retentionMs + 1).filter((at) => at > from);
  const moments = [...new Set(leaving)].sort((a, b) => a - b);
  const last = moments.at(-1);
  if (last === undefined || !fits(last)) return null;
  // Charges only leave: what fits at one moment fits at every later one.
  let refused = -1;
  let admitted = moments.length - 1;
  while (admitted - refused > 1) {
    const middle = Math.floor((admitted + refused) / 2);
    if (fits(moments[middle]!)) admitted = middle;
    else refused = middle;
  }
  return moments[admitted]!;
}
