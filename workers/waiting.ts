/**
 * How many requests of an isolate wait for the encoder, and that no more come than it gets through: who is turned away at
 * once can go elsewhere, who waits for ever cannot. A request whose client left never says that it is over: it counts for
 * a while only.
 */

export interface WaitingOptions {
  now: () => number;
  /** Requests that may wait. */
  most: number;
  /** After so long a request counts as abandoned. */
  staleMs: number;
}

export class Waiting {
  readonly #options: WaitingOptions;
  /** When each began to wait. */
  readonly #since = new Map<symbol, number>();

  constructor(options: WaitingOptions) {
    this.#options = options;
  }

  /** Runs `work` unless too many wait. @throws what `refuse` makes of their number */
  async run<T>(work: () => Promise<T>, refuse: (waiting: number) => Error): Promise<T> {
    const { now, most, staleMs } = this.#options;
    if (this.#since.size >= most) {
      for (const [ticket, since] of this.#since) if (now() - since >= staleMs) this.#since.delete(ticket);
    }
    if (this.#since.size >= most) throw refuse(this.#since.size);
    const ticket = Symbol('waiting');
    this.#since.set(ticket, now());
    try {
      return await work();
    } finally {
      this.#since.delete(ticket);
    }
  }
}
