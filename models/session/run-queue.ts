/**
 * Who may run the next microbatch. A run itself is synchronous, so nothing has to be locked: background work yields
 * after every microbatch and holds back while interactive work is under way. Interactive work whose request was
 * abandoned never says so; it is forgotten when it has not moved for a number of looks.
 */
export type Priority = 'interactive' | 'background';

/** Looks without movement after which interactive work counts as abandoned. */
const ABANDONED_AFTER_LOOKS = 64;

export class RunQueue {
  readonly #yieldNow: () => Promise<void>;
  readonly #interactive = new Map<object, { moves: number }>();

  /** `yieldNow` lets everything run that waits for the isolate, in the caller's own request. */
  constructor(yieldNow: () => Promise<void>) {
    this.#yieldNow = yieldNow;
  }

  /** Runs `steps` one after the other, giving way between them. */
  async run(priority: Priority, steps: readonly (() => void | Promise<void>)[]): Promise<void> {
    const ticket = { moves: 0 };
    if (priority === 'interactive' && steps.length > 1) this.#interactive.set(ticket, ticket);
    try {
      for (const [index, step] of steps.entries()) {
        if (index > 0) await this.#yieldNow();
        if (priority === 'background') await this.#giveWay();
        ticket.moves += 1;
        await step();
      }
    } finally {
      this.#interactive.delete(ticket);
    }
  }

  async #giveWay(): Promise<void> {
    const seen = new Map<object, { moves: number; looks: number }>();
    while (this.#interactive.size > 0) {
      for (const [ticket, { moves }] of this.#interactive) {
        const last = seen.get(ticket);
        if (last === undefined || last.moves !== moves) seen.set(ticket, { moves, looks: 0 });
        else if (++last.looks >= ABANDONED_AFTER_LOOKS) this.#interactive.delete(ticket);
      }
      await this.#yieldNow();
    }
  }
}
