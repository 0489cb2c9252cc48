/**
 * The clock that the objects go by. A bench that plays months in minutes moves it ahead, by the times that it gives to the
 * cron handler; nothing but development with `FEDCAR_CLOCK = "cron"` lets it. All objects of a machine of one's own live in
 * one isolate, and so does what it is ahead by.
 */
import type { ObjectsEnv } from './env.ts';

let aheadMs = 0;

export const clock = {
  /** Milliseconds since 1970. */
  now: (): number => Date.now() + aheadMs,
  /** A moment of this clock by the platform's, which alarms go by. */
  toPlatform: (at: number): number => at - aheadMs,
  fromPlatform: (at: number): number => at + aheadMs,
};

/** Takes the time of the cron handler as the present one, never an earlier one, where a bench asks for that. */
export function followCron(
  { FEDCAR_ENVIRONMENT, FEDCAR_CLOCK }: Pick<ObjectsEnv, 'FEDCAR_ENVIRONMENT' | 'FEDCAR_CLOCK'>,
  scheduledAt: number,
): void {
  if (FEDCAR_ENVIRONMENT !== 'development' || FEDCAR_CLOCK !== 'cron') return;
  aheadMs = Math.max(aheadMs, scheduledAt - Date.now());
}
