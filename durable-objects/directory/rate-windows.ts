/**
 * Requests of each token over the whole deployment, by the minute. Every location counts for itself and reports when
 * it asks about the token again, so the figure lags by some seconds. It lives in memory: an eviction begins it anew.
 */

const WINDOW_MS = 60_000;

export class RateWindows {
  readonly #spent = new Map<string, number>();
  #begin = 0;

  /**
   * Adds `requests` of a token that may make `perMinute`.
   * @returns until when it has to wait, in milliseconds since 1970; null when it has some left.
   */
  spend(id: string, requests: number, perMinute: number, now: number): number | null {
    const begin = now - (now % WINDOW_MS);
    if (begin !== this.#begin) {
      this.#spent.clear();
      this.#begin = begin;
    }
    const spent = (this.#spent.get(id) ?? 0) + requests;
    this.#spent.set(id, spent);
    return spent > perMinute ? begin + WINDOW_MS : null;
  }
}
