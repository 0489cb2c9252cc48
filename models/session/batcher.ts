/**
 * Queries that arrive together run together: a microbatch of eight costs about three of one. Every caller hands in
 * its query and gives way once; whoever comes back first runs all that have gathered under the same key, and the
 * others find their result. Callers share values, never promises (see single-flight.ts).
 */
interface Ticket<Input, Result> {
  readonly key: object;
  readonly kind: number;
  readonly input: Input;
  result: Result | null;
}

export class Batcher<Input, Result> {
  readonly #yieldNow: () => Promise<void>;
  #waiting: Ticket<Input, Result>[] = [];

  /** `yieldNow` lets everything run that waits for the isolate, in the caller's own request. */
  constructor(yieldNow: () => Promise<void>) {
    this.#yieldNow = yieldNow;
  }

  /**
   * The result of `input`, from a `run` over at most `limit` inputs of the same `key` (by identity) and `kind`.
   * Rejects when the caller's own run fails; the others then run theirs.
   */
  async join(
    input: Input,
    { key, kind, limit }: { key: object; kind: number; limit: number },
    run: (inputs: Input[]) => Result[],
  ): Promise<Result> {
    const ticket: Ticket<Input, Result> = { key, kind, input, result: null };
    this.#waiting.push(ticket);
    await this.#yieldNow();
    if (ticket.result !== null) return ticket.result;
    this.#waiting = this.#waiting.filter((other) => other !== ticket);
    const fellows = this.#waiting
      .filter((other) => other.key === key && other.kind === kind)
      .slice(0, limit - 1);
    const together = [ticket, ...fellows];
    const results = run(together.map((each) => each.input));
    for (const [index, each] of together.entries()) each.result = results[index]!;
    this.#waiting = this.#waiting.filter((other) => other.result === null);
    return results[0]!;
  }
}
