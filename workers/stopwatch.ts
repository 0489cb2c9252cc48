/**
 * Times the parts of a request for the `server-timing` header. A part that runs several times is added up. Clocks on
 * the platform advance only with I/O, so pure computation shows as part of what follows it.
 */
import type { Context } from 'hono';
import { setMetric } from 'hono/timing';
import { inSpan } from '../durable-objects/tracing.ts';

export type Part = 'embed' | 'score' | 'passages' | 'answer';

/** Measures a piece of the work under the name of its part. */
export type Measure = <T>(part: Part, work: () => Promise<T>) => Promise<T>;

export class Stopwatch {
  readonly #spent = new Map<Part, number>();
  readonly #now: () => number;

  /** @param now milliseconds, never going back. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  readonly measure: Measure = async (part, work) => {
    const begin = this.#now();
    try {
      return await inSpan(part, {}, work);
    } finally {
      this.#spent.set(part, (this.#spent.get(part) ?? 0) + this.#now() - begin);
    }
  };

  /** Hands what was measured to the response. */
  report(c: Context): void {
    for (const [part, ms] of this.#spent) setMetric(c, part, ms);
  }
}
