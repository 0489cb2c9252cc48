/**
 * One job at a time per key, shared by the requests of an isolate. A promise made in one request must not be awaited
 * in another (the runtime ties promises to their request, and a client that leaves takes its promises with it), so
 * whoever comes second polls. A job that shows no progress for `patienceMs` counts as abandoned and is taken over.
 */

export interface Flight {
  /** Says that the job still advances. */
  touch(): void;
}

interface Entry {
  touchedAt: number;
  /** Which failure the waiting requests see: those who came before it. */
  failures: number;
  lastError: unknown;
  flight: Flight | null;
}

export class SingleFlight {
  readonly #entries = new Map<string, Entry>();
  readonly #now: () => number;
  readonly #wait: (ms: number) => Promise<void>;
  readonly #patienceMs: number;

  constructor(options: { now: () => number; wait: (ms: number) => Promise<void>; patienceMs: number }) {
    this.#now = options.now;
    this.#wait = options.wait;
    this.#patienceMs = options.patienceMs;
  }

  /** Whether a job under `key` is going on. */
  busy(key: string): boolean {
    const entry = this.#entries.get(key);
    return entry?.flight != null && this.#now() - entry.touchedAt < this.#patienceMs;
  }

  /**
   * What `ready` finds, else the result of `job`, else of the job that another request runs. When that one fails,
   * those who wait for it fail with it: a broken source is not asked once for each of them.
   */
  async run<T>(key: string, ready: () => T | undefined, job: (flight: Flight) => Promise<T>): Promise<T> {
    const seen = this.#entries.get(key)?.failures ?? 0;
    for (;;) {
      const found = ready();
      if (found !== undefined) return found;
      const entry = this.#entries.get(key);
      if (entry !== undefined && entry.failures > seen) throw entry.lastError;
      if (!this.busy(key)) return await this.#fly(key, job);
      await this.#wait(10);
    }
  }

  async #fly<T>(key: string, job: (flight: Flight) => Promise<T>): Promise<T> {
    const entry = this.#entries.get(key) ?? { touchedAt: 0, failures: 0, lastError: null, flight: null };
    const flight: Flight = {
      touch: () => {
        if (entry.flight === flight) entry.touchedAt = this.#now();
      },
    };
    entry.flight = flight;
    entry.touchedAt = this.#now();
    this.#entries.set(key, entry);
    try {
      return await job(flight);
    } catch (error) {
      entry.failures += 1;
      entry.lastError = error;
      throw error;
    } finally {
      if (entry.flight === flight) entry.flight = null;
    }
  }
}
