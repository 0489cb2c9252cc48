/** Embeddings in an isolate's memory under string keys, bounded by bytes: what was used longest ago goes first. */

/** What an entry costs beside its numbers and its key's characters: the map, the typed array, its buffer. */
const OVERHEAD_BYTES = 256;

export class EmbeddingCache {
  /** In order of use, the latest last. */
  readonly #entries = new Map<string, Float32Array>();
  readonly #maxBytes: number;
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Of all entries; never above the maximum. */
  get bytes(): number {
    return this.#bytes;
  }

  get(key: string): Float32Array | undefined {
    const found = this.#entries.get(key);
    if (found === undefined) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, found);
    return found;
  }

  /** Nobody may change `embedding` from now on. */
  set(key: string, embedding: Float32Array): void {
    this.#remove(key);
    this.#entries.set(key, embedding);
    this.#bytes += sizeOf(key, embedding);
    for (const oldest of this.#entries.keys()) {
      if (this.#bytes <= this.#maxBytes) return;
      this.#remove(oldest);
    }
  }

  #remove(key: string): void {
    const found = this.#entries.get(key);
    if (found === undefined) return;
    this.#entries.delete(key);
    this.#bytes -= sizeOf(key, found);
  }
}

function sizeOf(key: string, { byteLength }: Float32Array): number {
  return OVERHEAD_BYTES + 2 * key.length + byteLength;
}
