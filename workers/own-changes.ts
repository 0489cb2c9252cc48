/**
 * Regions whose documents this isolate has changed lately. The coordinator hears of a change a moment later, and the
 * isolate of that when it next reads the pointer: until then searches ask these regions whatever the pointer says.
 */

/** Far longer than a region takes to tell the coordinator, also when it has to try again. */
export const OWN_CHANGE_MS = 600_000;
/** Regions remembered at a time; the one that was changed longest ago goes first. */
const CAPACITY = 1024;

export class OwnChanges {
  readonly #changedAt = new Map<string, number>();
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  note(collection: string, regions: Iterable<string>): void {
    for (const region of regions) {
      const key = `${collection}/${region}`;
      this.#changedAt.delete(key);
      this.#changedAt.set(key, this.#now());
    }
    for (const key of this.#changedAt.keys()) {
      if (this.#changedAt.size <= CAPACITY) return;
      this.#changedAt.delete(key);
    }
  }

  has(collection: string, region: string): boolean {
    const at = this.#changedAt.get(`${collection}/${region}`);
    return at !== undefined && this.#now() - at < OWN_CHANGE_MS;
  }
}
