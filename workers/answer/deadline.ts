/**
 * How long an upstream may take: a limit for its first sign of life and between two signs, and one for everything.
 * Together with whoever asked going away it makes one signal for `fetch`.
 */
import { AnswererError } from './answerer.ts';

export interface DeadlineLimits {
  /** Until the first byte, and between two. */
  idleMs: number;
  totalMs: number;
}

export const LIMITS: DeadlineLimits = { idleMs: 30_000, totalMs: 180_000 };

export class Deadline {
  readonly signal: AbortSignal;
  readonly #limits: DeadlineLimits;
  readonly #controller = new AbortController();
  readonly #total: ReturnType<typeof setTimeout>;
  #idle: ReturnType<typeof setTimeout>;

  constructor(caller: AbortSignal, limits: DeadlineLimits = LIMITS) {
    this.#limits = limits;
    this.signal = AbortSignal.any([caller, this.#controller.signal]);
    this.#idle = this.#timer(limits.idleMs);
    this.#total = this.#timer(limits.totalMs);
  }

  /** The upstream showed a sign of life. */
  touch(): void {
    clearTimeout(this.#idle);
    if (!this.signal.aborted) this.#idle = this.#timer(this.#limits.idleMs);
  }

  /** Nothing is waited for any more. */
  end(): void {
    clearTimeout(this.#idle);
    clearTimeout(this.#total);
  }

  /** What `error` means: the limit's own error, the caller's reason, or a failure of the upstream. */
  explain(error: unknown): unknown {
    if (this.signal.aborted) return this.signal.reason;
    if (error instanceof AnswererError) return error;
    return new AnswererError('answerer_failed', 'The answering model failed.', error);
  }

  #timer(ms: number): ReturnType<typeof setTimeout> {
    return setTimeout(() => {
      this.#controller.abort(
        new AnswererError('answerer_timeout', `The answering model said nothing for ${ms} ms.`),
      );
    }, ms);
  }
}
