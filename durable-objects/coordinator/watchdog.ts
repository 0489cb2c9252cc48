/**
 * What the cron trigger does with a collection. Alarms can be lost: those of a run and of regions
 * that have old records to delete are set again from what is saved. Then a run is started if one is due.
 */

import type { Run } from '../../shared/protocol/api/run.ts';
import type { Outcome } from '../../shared/protocol/objects.ts';
import type { Alarm } from '../alarm.ts';
import { clock } from '../clock.ts';
import { noteReady, type ScheduleDeps, scheduleAt } from './schedule.ts';

export interface WatchdogDeps extends ScheduleDeps {
  alarm: Alarm;
  /** Asks every participant to look for work. */
  wakeAll(): Promise<unknown>;
  start(reason: string): Promise<Outcome<Run>>;
}

/** Regions are woken at least so often: they delete what is older than the retention time, also when nobody trains. */
const WAKE_MS = 86_400_000;
const WOKEN_AT = 'wokenAt';

/**
 * @param now of the cron trigger; alarms go by the clock
 * @returns the run that it started, or null
 */
export async function watch(deps: WatchdogDeps, now: number): Promise<{ started: string | null }> {
  const { alarm, values, runs } = deps;
  if (runs.active() !== null) {
    await alarm.at(clock.now());
    await deps.wakeAll();
    return { started: null };
  }
  if (now - (values.get<number>(WOKEN_AT) ?? 0) >= WAKE_MS) {
    values.set(WOKEN_AT, now);
    await deps.wakeAll();
  }
  noteReady(deps, now);
  const { next_at, waiting } = scheduleAt(deps, now);
  if (waiting !== null || next_at === null || next_at > now) return { started: null };
  const outcome = await deps.start('schedule');
  return { started: outcome.ok ? outcome.value.run : null };
}
