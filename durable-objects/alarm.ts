/** An object's alarm, of which it has one: whoever asks for it gets it then or sooner. */
import { clock } from './clock.ts';

export class Alarm {
  readonly #storage: Pick<DurableObjectStorage, 'getAlarm' | 'setAlarm'>;
  #turn: Promise<void> = Promise.resolve();

  constructor(storage: Pick<DurableObjectStorage, 'getAlarm' | 'setAlarm'>) {
    this.#storage = storage;
  }

  /** @param at by the objects’ clock, milliseconds since 1970 */
  by(at: number): Promise<void> {
    return this.#next(async () => {
      const set = await this.#storage.getAlarm();
      if (set === null || clock.fromPlatform(set) > at) await this.#storage.setAlarm(clock.toPlatform(at));
    });
  }

  /** The alarm at this time, whatever was set: one that is said to be set may never come, as after a restart in workerd. */
  at(at: number): Promise<void> {
    return this.#next(() => this.#storage.setAlarm(clock.toPlatform(at)));
  }

  /** One at a time: who looked before another set a sooner alarm would put it off. */
  #next(step: () => Promise<void>): Promise<void> {
    const turn = this.#turn.then(step);
    this.#turn = turn.catch(() => {});
    return turn;
  }
}
