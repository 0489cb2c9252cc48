/**
 * One job at a time per key, shared by the requests of an isolate. A promise made in one request must not be awaited
 * in another (the runtime ties promises to their request, and a client that leaves takes its promises with it), so
 * whoever comes second polls. A job that shows no progress for `patienceMs` counts as abandoned and is taken over.
 */

export interface Flight {
  /** Says that the job still advances. */
  touch(): void;
}

interface Job {
  touchedAt: number;
  /** What became of it, for those who wait. */
  failure: { error: unknown } | null;
}

/** Jobs whose clients left stay until there are so many. */
const SWEEP_ABOVE = 256;

export class SingleFlight {
  /** Those going on. */
  readonly #jobs = new Map<string, Job>();
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
    const job = this.#jobs.get(key);
    return job !== undefined && !this.#abandoned(job);
  }

  #abandoned({ touchedAt }: Job): boolean {
    return this.#now() - touchedAt >= this.#patienceMs;
  }

  /**
   * What `ready` finds, else the result of `work`, else of the job that another request runs. When that one fails,
   * those who wait for it fail with it: a broken source is not asked once for each of them.
   */
  async run<T>(key: string, ready: () => T | undefined, work: (flight: Flight) => Promise<T>): Promise<T> {
    let followed: Job | undefined;
    for (;;) {
      const found = ready();
      if (found !== undefined) return found;
      if (followed?.failure) throw followed.failure.error;
      followed = this.#jobs.get(key);
      if (followed === undefined || this.#abandoned(followed)) return await this.#fly(key, work);
      await this.#wait(10);
    }
  }

  async #fly<T>(key: string, work: (flight: Flight) => Promise<T>): Promise<T> {
    if (this.#jobs.size > SWEEP_ABOVE) {
      for (const [other, job] of this.#jobs) if (this.#abandoned(job)) this.#jobs.delete(other);
    }
    const job: Job = { touchedAt: this.#now(), failure: null };
    this.#jobs.set(key, job);
    const touch = () => {
      job.touchedAt = this.#now();
    };
    try {
      return await work({ touch });
    } catch (error) {
      job.failure = { error };
      throw error;
    } finally {
      if (this.#jobs.get(key) === job) this.#jobs.delete(key);
    }
  }
}
