/**
 * How often something may happen, for many keys at once, in the memory of one isolate: the generic cell rate
 * algorithm (ITU-T I.371). A key keeps one number, when its bucket will be full again. Invariant: over any time T,
 * a key passes at most perMinute · (1 + T / 1 min) times, while it is remembered.
 */

const MINUTE_MS = 60_000;

export class CellRate {
  readonly #fullAt = new Map<string, number>();
  readonly #now: () => number;
  readonly #capacity: number;

  /** @param options.capacity keys remembered; those that were used longest ago are forgotten first. */
  constructor(options: { now: () => number; capacity: number }) {
    this.#now = options.now;
    this.#capacity = options.capacity;
  }

  /** Seconds until `key` may pass; 0 when it may now. */
  wait(key: string, perMinute: number): number {
    const room = MINUTE_MS - MINUTE_MS / perMinute;
    const ahead = (this.#fullAt.get(key) ?? 0) - this.#now();
    return ahead <= room ? 0 : Math.ceil((ahead - room) / 1000);
  }

  /** Lets `key` pass, whether it may or not. */
  spend(key: string, perMinute: number): void {
    const fullAt = Math.max(this.#fullAt.get(key) ?? 0, this.#now()) + MINUTE_MS / perMinute;
    this.#fullAt.delete(key);
    if (this.#fullAt.size >= this.#capacity) {
      const oldest = this.#fullAt.keys().next();
      if (!oldest.done) this.#fullAt.delete(oldest.value);
    }
    this.#fullAt.set(key, fullAt);
  }

  /** Lets `key` pass if it may. @returns seconds to wait; 0 when it passed. */
  take(key: string, perMinute: number): number {
    const seconds = this.wait(key, perMinute);
    if (seconds === 0) this.spend(key, perMinute);
    return seconds;
  }
}
