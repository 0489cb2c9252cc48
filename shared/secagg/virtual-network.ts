/** A queue of events in virtual time, and deliveries that may be late, out of order, lost or doubled by a seed. */

export interface NetworkConditions {
  /** Decides every chance; the same seed gives the same run. */
  seed: number;
  /** Milliseconds each delivery takes at least and at most: the spread reorders. */
  minDelayMs: number;
  maxDelayMs: number;
  /** Chances between 0 and 1. */
  loss: number;
  duplication: number;
}

export const PERFECT_NETWORK: NetworkConditions = {
  seed: 1,
  minDelayMs: 1,
  maxDelayMs: 1,
  loss: 0,
  duplication: 0,
};

/** Uniform in [0, 1): the integer hash of Wang and Jenkins type over a counter. Chances only, never secrets. */
export function seededUniform(seed: number): () => number {
  let counter = Math.imul(seed, 0x9e37_79b9);
  return () => {
    counter = (counter + 0x9e37_79b9) | 0;
    let x = counter;
    x = Math.imul(x ^ (x >>> 16), 0x85eb_ca6b);
    x = Math.imul(x ^ (x >>> 13), 0xc2b2_ae35);
    return ((x ^ (x >>> 16)) >>> 0) / 2 ** 32;
  };
}

interface Event {
  at: number;
  order: number;
  run: () => Promise<void>;
}

export class VirtualNetwork {
  readonly #conditions: NetworkConditions;
  readonly #uniform: () => number;
  /** A binary heap by time, then by order of scheduling. */
  readonly #events: Event[] = [];
  #order = 0;
  now = 0;

  constructor(conditions: NetworkConditions) {
    this.#conditions = conditions;
    this.#uniform = seededUniform(conditions.seed);
  }

  at(time: number, run: () => Promise<void>): void {
    const events = this.#events;
    events.push({ at: Math.max(time, this.now), order: this.#order++, run });
    for (let i = events.length - 1; i > 0; ) {
      const parent = (i - 1) >> 1;
      if (!before(events[i]!, events[parent]!)) break;
      [events[i], events[parent]] = [events[parent]!, events[i]!];
      i = parent;
    }
  }

  /** Delivers once, twice or never, each time after its own delay. */
  send(deliver: () => Promise<void>): void {
    const { minDelayMs, maxDelayMs, loss, duplication } = this.#conditions;
    const copies = this.#uniform() < duplication ? 2 : 1;
    for (let copy = 0; copy < copies; copy++) {
      const delay = minDelayMs + this.#uniform() * (maxDelayMs - minDelayMs);
      if (this.#uniform() >= loss) this.at(this.now + delay, deliver);
    }
  }

  /** Runs events in order of time until `done` or none is left. */
  async run(done: () => boolean): Promise<void> {
    while (!done()) {
      const event = this.#pop();
      if (event === undefined) return;
      this.now = event.at;
      await event.run();
    }
  }

  #pop(): Event | undefined {
    const events = this.#events;
    const first = events[0];
    const last = events.pop();
    if (last === undefined || events.length === 0) return first;
    events[0] = last;
    for (let i = 0; ; ) {
      const left = 2 * i + 1;
      if (left >= events.length) break;
      const right = left + 1;
      const child = right < events.length && before(events[right]!, events[left]!) ? right : left;
      if (!before(events[child]!, events[i]!)) break;
      [events[i], events[child]] = [events[child]!, events[i]!];
      i = child;
    }
    return first;
  }
}

function before(a: Event, b: Event): boolean {
  return a.at !== b.at ? a.at < b.at : a.order < b.order;
}
