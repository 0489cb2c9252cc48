/** What the cron trigger does with a collection, and what a run by hand is held against: when a run may start, and on what. */
import { roomFor } from '../../shared/privacy/ledger-room.ts';
import type { Schedule } from '../../shared/protocol/api/schedule.ts';
import type { Refusal } from '../../shared/protocol/objects.ts';
import type { CollectionSettings } from '../../shared/protocol/settings.ts';
import { type NoisePlan, planNoise, policyOf } from '../../shared/round/noise-plan.ts';
import { countedSince, nextAttemptAt, questionsNeeded } from '../../shared/round/planner.ts';
import { afterQuietHours, budgetAllowsAt } from '../../shared/round/schedule.ts';
import type { LedgerStore } from '../ledger-store.ts';
import type { Values } from '../values.ts';
import { censusesOf } from './census.ts';
import { lostRuns } from './lost-runs.ts';
import type { RowTable } from './row-table.ts';
import type { RunStore } from './run-store.ts';

export interface ScheduleDeps {
  settings: CollectionSettings;
  runs: RunStore;
  rows: RowTable;
  ledger: LedgerStore;
  values: Values;
  /** Why no run may start whoever asks; null when one may. */
  problem: string | null;
}

const HOUR_MS = 3_600_000;
/** Since when public facts allow a run. */
const READY_AT = 'readyAt';

type Budget = { allowedAt: number | null; readsFrom: number | null };

/** Remembers since when documents and members allow a run: by that the first ones are spaced. */
export function noteReady({ rows, values, problem }: ScheduleDeps, now: number): void {
  if (problem === null && lacks(rows) === null && !values.has(READY_AT)) values.set(READY_AT, now);
}

/** When the next scheduled run starts, and why not now although it is due. */
export function scheduleAt(deps: ScheduleDeps, now: number): Schedule {
  const { settings, runs, rows, values, problem } = deps;
  const { schedule, privacy, retentionDays } = settings;
  const plan = privacy.noise === 'off' ? null : planNoise(privacy, retentionDays);
  const readyAt = values.get<number>(READY_AT) ?? runs.firstStartedAt() ?? now;
  const attempts = { readyAt, lastAt: runs.lastStartedAt(), trainedAt: runs.lastTrainedAt() };
  const due = nextAttemptAt(settings, plan, attempts);
  const from = Math.max(due ?? now, now);
  const { allowedAt, readsFrom } = budgetAt(deps, plan, from);
  const nextAt = due === null || allowedAt === null ? null : afterQuietHours(schedule.quietHours, allowedAt);
  const shown = { reads_from: readsFrom, uses: plan?.uses ?? null, census: censusOf(deps, plan, readsFrom) };
  const waits = (reason: NonNullable<Schedule['waiting']>['reason'], detail: string): Schedule => ({
    ...{ next_at: reason === 'no_documents' ? null : nextAt, ...shown },
    waiting: { reason, detail },
  });
  if (due === null) return { next_at: null, ...shown, waiting: null };
  if (problem !== null) return waits('no_roster', problem);
  if (allowedAt === null || allowedAt > from) {
    const until =
      allowedAt === null ? 'a run costs more than all of it' : `there is room again at ${dateOf(allowedAt)}`;
    return waits(
      'privacy_budget',
      `the privacy budget, ε ${privacy.epsilon}, does not allow another run: ${until}`,
    );
  }
  const lacking = lacks(rows);
  if (lacking !== null) return waits('no_documents', lacking);
  if (due > now) return { next_at: nextAt, ...shown, waiting: null };
  const { quietHours } = schedule;
  if (quietHours !== null && (nextAt ?? 0) > now) {
    return waits(
      'quiet_hours',
      `quiet hours from ${quietHours.from} to ${quietHours.to} ${quietHours.timeZone}`,
    );
  }
  return { next_at: nextAt, ...shown, waiting: null };
}

/** Why a run may not start now, whoever asks for it, by what anybody may know; null when it may. */
export function runRefusal(deps: ScheduleDeps, now: number): Refusal | null {
  const { settings, rows, problem } = deps;
  if (problem !== null) return { ok: false, code: 'no_roster', detail: problem };
  const { privacy, retentionDays, schedule } = settings;
  if (privacy.noise === 'off') return null;
  const lacking = lacks(rows);
  if (lacking !== null) return { ok: false, code: 'no_documents', detail: lacking };
  const plan = planNoise(privacy, retentionDays);
  const { allowedAt, readsFrom } = budgetAt(deps, plan, now);
  const shortest = now - schedule.everyHours * HOUR_MS;
  if (readsFrom !== null && readsFrom <= shortest) return null;
  if (readsFrom !== null && schedule.everyHours === 0) return null;
  const { next_at } = scheduleAt(deps, now);
  const of = `of ε ${privacy.epsilon} in ${retentionDays} days, and a run spends ε ${Math.min(privacy.runEpsilon, privacy.epsilon)}`;
  const spent =
    readsFrom === null
      ? `every question has paid for the runs ${of}`
      : `questions until ${dateOf(readsFrom)} have paid for ${plan.uses} runs ${of}; a run now would read the ones that came since`;
  const when =
    readsFrom === null && allowedAt !== null
      ? `there is room again at ${dateOf(allowedAt)}`
      : next_at === null
        ? 'no run is planned'
        : `the next run is planned for ${dateOf(next_at)}`;
  const { ledger, runs } = deps;
  const lost = lostRuns(runs, ledger.covering(policyOf(privacy, retentionDays)), ledger.entries(), now);
  const gone =
    lost.runs === 0
      ? ''
      : `; ε ${lost.epsilon.toFixed(2)} of it went to ${lost.runs} run${lost.runs === 1 ? '' : 's'} that published no version`;
  return { ok: false, code: 'budget_spent', detail: `${spent}${gone}; ${when}` };
}

/** What is missing before anything can be learned. */
function lacks(rows: RowTable): string | null {
  const live = rows.liveCount();
  if (live === 0) return 'the collection has no documents yet';
  return live === 1 ? 'the collection has one passage, and it takes two to tell apart' : null;
}

/** From when on, not before `from`, the budget has room for a run, and for which records. */
function budgetAt({ settings, ledger }: ScheduleDeps, plan: NoisePlan | null, from: number): Budget {
  const { privacy, retentionDays } = settings;
  const policy = ledger.covering(policyOf(privacy, retentionDays));
  if (plan === null) return { allowedAt: from, readsFrom: from - policy.retentionMs - 1 };
  const entries = ledger.entries();
  const room = roomFor(policy, entries, plan.releases, from);
  if (room !== null) return { allowedAt: from, readsFrom: room.from };
  return { allowedAt: budgetAllowsAt(policy, entries, plan.releases, from), readsFrom: null };
}

function censusOf(
  { rows, values }: ScheduleDeps,
  plan: NoisePlan | null,
  readsFrom: number | null,
): Schedule['census'] {
  const censuses = censusesOf(values);
  const last = censuses.at(-1);
  if (last === undefined || plan === null) return null;
  const counted = countedSince(censuses, readsFrom ?? last.at);
  const { total, deviation } = counted;
  const { needed } = questionsNeeded(plan, rows.documentCount(), counted);
  return { at: last.at, questions: Math.max(0, Math.round(total)), deviation: Math.round(deviation), needed };
}

function dateOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 16).replace('T', ' ');
}
