/**
 * The clock that the objects go by. A bench that plays months in minutes moves it ahead, by the times that it gives to the
 * cron handler; nothing but development with `FEDCAR_CLOCK = "cron"` lets it. All objects of a machine of one's own live in
 * one isolate, and so does what it is ahead by.
 */
import type { ObjectsEnv } from './env.ts';

export class ObjectsClock {
  #aheadMs = 0;

  /** Milliseconds since 1970. */
  readonly now = (): number => Date.now() + this.#aheadMs;

  /** A moment of this clock by the platform's, which alarms go by. */
  toPlatform(at: number): number {
    return at - this.#aheadMs;
  }

  fromPlatform(at: number): number {
    return at + this.#aheadMs;
  }

  /** Takes the time of the cron handler as the present one, never an earlier one, where a bench asks for that. */
  followCron(
    { FEDCAR_ENVIRONMENT, FEDCAR_CLOCK }: Pick<ObjectsEnv, 'FEDCAR_ENVIRONMENT' | 'FEDCAR_CLOCK'>,
    scheduledAt: number,
  ): void {
    if (FEDCAR_ENVIRONMENT !== 'development' || FEDCAR_CLOCK !== 'cron') return;
    this.#aheadMs = Math.max(this.#aheadMs, scheduledAt - Date.now());
  }
}

export const clock = new ObjectsClock();
