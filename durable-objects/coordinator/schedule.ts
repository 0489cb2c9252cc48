/** What the cron trigger does with a collection: whether a run is due, and what keeps it from starting. */
import type { Schedule } from '../../shared/protocol/api/schedule.ts';
import type { CollectionSettings } from '../../shared/protocol/settings.ts';
import { planNoise, policyOf } from '../../shared/round/noise-plan.ts';
import { afterQuietHours, budgetAllowsAt, dueAt } from '../../shared/round/schedule.ts';
import type { LedgerStore } from '../ledger-store.ts';
import type { RowTable } from './row-table.ts';
import type { RunStore } from './run-store.ts';

export interface ScheduleParts {
  settings: CollectionSettings;
  runs: RunStore;
  rows: RowTable;
  ledger: LedgerStore;
  /** Why no run may start whoever asks; null when one may. */
  problem: string | null;
}

/** When the next scheduled run starts, and why not now although it is due. */
export function scheduleAt({ settings, runs, rows, ledger, problem }: ScheduleParts, now: number): Schedule {
  const { schedule, privacy, retentionDays } = settings;
  const due = dueAt(schedule, runs.lastStartedAt(), now);
  if (due === null) return { next_at: null, waiting: null };
  const from = Math.max(due, now);
  let allowedAt: number | null = from;
  let epsilon = 0;
  if (privacy.noise === 'on') {
    const policy = ledger.covering(policyOf(privacy, retentionDays));
    const { releases } = planNoise(privacy, retentionDays);
    allowedAt = budgetAllowsAt(policy, ledger.entries(), releases, from);
    epsilon = privacy.epsilon;
  }
  const nextAt = allowedAt === null ? null : afterQuietHours(schedule.quietHours, allowedAt);
  const waits = (reason: NonNullable<Schedule['waiting']>['reason'], detail: string): Schedule => ({
    next_at: nextAt,
    waiting: { reason, detail },
  });
  if (problem !== null) return waits('no_roster', problem);
  if (allowedAt === null || (due <= now && allowedAt > now)) {
    const until =
      allowedAt === null ? 'a run costs more than all of it' : `there is room again at ${dateOf(allowedAt)}`;
    return waits('privacy_budget', `the privacy budget, ε ${epsilon}, does not allow another run: ${until}`);
  }
  if (due > now) return { next_at: nextAt, waiting: null };
  if (rows.liveCount() === 0) return waits('no_documents', 'the collection has no documents yet');
  const { quietHours } = schedule;
  if (quietHours !== null && (nextAt ?? 0) > now) {
    return waits(
      'quiet_hours',
      `quiet hours from ${quietHours.from} to ${quietHours.to} ${quietHours.timeZone}`,
    );
  }
  return { next_at: nextAt, waiting: null };
}

function dateOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 16).replace('T', ' ');
}
