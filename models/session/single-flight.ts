/**
 * One load for many callers that share an isolate. workerd ties a promise to the request that made it: awaiting
 * another request's promise hangs when that request ends. So callers share values only: one leads the load, the
 * others look again at intervals of their own, and take over when the leader shows no progress (its client left).
 */
export interface SingleFlightOptions {
  /** Waits for so many milliseconds, in the caller's own request. */
  pause: (ms: number) => Promise<void>;
  /** Waiting callers look again after this time. */
  pollMs: number;
  /** A leader without progress for this time is given up. */
  stallMs: number;
}

type Attempt = { beats: number; outcome: 'open' | { error: unknown } };

export class SingleFlight<T> {
  readonly #options: SingleFlightOptions;
  #value: { readonly of: T } | null = null;
  #attempt: Attempt | null = null;

  constructor(options: SingleFlightOptions) {
    this.#options = options;
  }

  /** The loaded value, if there is one. */
  get value(): T | null {
    return this.#value === null ? null : this.#value.of;
  }

  /**
   * The value, loaded by this call or by another one that is under way. `load` calls `beat` whenever it gets on.
   * Rejects with the error of the load that the caller led or waited for; the next call tries again.
   */
  async get(load: (beat: () => void) => Promise<T>): Promise<T> {
    let followed: Attempt | null = null;
    let seen = -1;
    let idleMs = 0;
    for (;;) {
      if (this.#value !== null) return this.#value.of;
      if (followed !== null && followed.outcome !== 'open') throw followed.outcome.error;
      const attempt = this.#attempt;
      if (attempt === null || (attempt === followed && idleMs >= this.#options.stallMs))
        return this.#lead(load);
      if (attempt !== followed || attempt.beats !== seen) {
        followed = attempt;
        seen = attempt.beats;
        idleMs = 0;
      }
      await this.#options.pause(this.#options.pollMs);
      idleMs += this.#options.pollMs;
    }
  }

  /** Forgets `value`, so that the next call loads again; another value that has taken its place stays. */
  drop(value: T): void {
    if (this.#value !== null && this.#value.of === value) this.#value = null;
  }

  async #lead(load: (beat: () => void) => Promise<T>): Promise<T> {
    const attempt: Attempt = { beats: 0, outcome: 'open' };
    this.#attempt = attempt;
    try {
      const value = await load(() => {
        attempt.beats += 1;
      });
      // Whoever took over from a leader that was only slow may have finished first: there is one value.
      this.#value ??= { of: value };
      return this.#value.of;
    } catch (error) {
      attempt.outcome = { error };
      throw error;
    } finally {
      if (this.#attempt === attempt) this.#attempt = null;
    }
  }
}
