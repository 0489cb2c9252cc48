/** Values in an isolate's memory under string keys, bounded by bytes: what was used longest ago goes first. */

/** What an entry costs beside its value and its key's characters: the map, and the value's own frame. */
const OVERHEAD_BYTES = 256;

export class SizedCache<Value> {
  /** In order of use, the latest last. */
  readonly #entries = new Map<string, { value: Value; bytes: number }>();
  readonly #maxBytes: number;
  readonly #sizeOf: (value: Value) => number;
  #bytes = 0;

  /** @param sizeOf bytes of a value; asked when it is set */
  constructor(maxBytes: number, sizeOf: (value: Value) => number) {
    this.#maxBytes = maxBytes;
    this.#sizeOf = sizeOf;
  }

  /** Of all entries; never above the maximum. */
  get bytes(): number {
    return this.#bytes;
  }

  get(key: string): Value | undefined {
    const found = this.#entries.get(key);
    if (found === undefined) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, found);
    return found.value;
  }

  /** A value that changes its size is set again. */
  set(key: string, value: Value): void {
    this.#remove(key);
    const bytes = OVERHEAD_BYTES + 2 * key.length + this.#sizeOf(value);
    this.#entries.set(key, { value, bytes });
    this.#bytes += bytes;
    for (const oldest of this.#entries.keys()) {
      if (this.#bytes <= this.#maxBytes) return;
      this.#remove(oldest);
    }
  }

  #remove(key: string): void {
    const found = this.#entries.get(key);
    if (found === undefined) return;
    this.#entries.delete(key);
    this.#bytes -= found.bytes;
  }
}
