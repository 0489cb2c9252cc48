/**
 * SentencePiece's compiled normalisation ("nmt_nfkc" and its kind): a double-array trie of UTF-8 keys (darts-clone),
 * whose values are places in a block of replacements that end in a zero byte. Applied as Hugging Face's tokenizers apply
 * it: to whole grapheme clusters below six bytes first, else to single characters, and always by the shortest key that
 * the cluster begins with.
 */
import { eachGrapheme } from './graphemes.ts';

const SHORT_CLUSTER_BYTES = 6;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

export class Charsmap {
  readonly #units: Uint32Array;
  readonly #replacements: Uint8Array;
  /** What a cluster or character becomes; null: it stays. */
  readonly #known = new Map<string, string | null>();

  /** @param base64 `precompiled_charsmap` of tokenizer.json. Throws a TypeError when it is no such map. */
  constructor(base64: string) {
    const bytes = Uint8Array.from(decode(base64), (unit) => unit.charCodeAt(0));
    const size = bytes.length < 4 ? 0 : new DataView(bytes.buffer).getUint32(0, true);
    if (size === 0 || size % 4 !== 0 || size + 4 > bytes.length) {
      throw new TypeError('precompiled_charsmap is not a compiled normalisation');
    }
    this.#units = new Uint32Array(bytes.buffer.slice(4, 4 + size));
    this.#replacements = bytes.subarray(4 + size);
  }

  normalize(text: string): string {
    const parts: string[] = [];
    eachGrapheme(text, (cluster) => {
      const whole = isShort(cluster) ? this.#replace(cluster) : null;
      if (whole !== null) parts.push(whole);
      else for (const character of cluster) parts.push(this.#replace(character) ?? character);
    });
    return parts.join('');
  }

  #replace(chunk: string): string | null {
    let found = this.#known.get(chunk);
    if (found === undefined) {
      found = this.#lookUp(encoder.encode(chunk));
      // Characters repeat; a hostile text could fill the memory with clusters.
      if (this.#known.size < MOST_KNOWN) this.#known.set(chunk, found);
    }
    return found;
  }

  /** The replacement of the shortest key that `key` begins with. */
  #lookUp(key: Uint8Array): string | null {
    const units = this.#units;
    let place = offsetOf(units[0]!);
    for (const byte of key) {
      if (byte === 0) return null;
      place ^= byte;
      const unit = units[place];
      if (unit === undefined || labelOf(unit) !== byte) return null;
      place ^= offsetOf(unit);
      if (hasLeaf(unit)) return this.#text(units[place]! & 0x7fffffff);
    }
    return null;
  }

  #text(start: number): string {
    const end = this.#replacements.indexOf(0, start);
    return decoder.decode(this.#replacements.subarray(start, end === -1 ? undefined : end));
  }
}

const MOST_KNOWN = 20_000;

function isShort(cluster: string): boolean {
  return cluster.length < SHORT_CLUSTER_BYTES && encoder.encode(cluster).length < SHORT_CLUSTER_BYTES;
}

const labelOf = (unit: number) => (unit & 0x800000ff) >>> 0;
const hasLeaf = (unit: number) => ((unit >>> 8) & 1) === 1;
const offsetOf = (unit: number) => (unit >>> 10) << ((unit & 0x200) >>> 6);

function decode(base64: string): string {
  try {
    return atob(base64);
  } catch (cause) {
    throw new TypeError('precompiled_charsmap is not base64', { cause });
  }
}
