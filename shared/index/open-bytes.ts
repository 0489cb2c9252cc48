/**
 * One budget of bytes for all that an isolate keeps open of indexes: the edge's segments, and the postings and codes of
 * every object that lives in it. The edge comes first, within its own limit. What was used within the last minute stays: an
 * index is looked through from end to end, so that letting go of what was used longest ago would let go of all of it,
 * each time. What finds no room is used once, and read again when it is needed.
 */

/** Of all indexes of an isolate: beside the engine, what leaves it below 115 MB. */
const ISOLATE_BYTES = 40 << 20;
/** Of those, what the edge's segments may take; objects have the rest, and what the edge does not need. */
export const EDGE_BYTES = 36 << 20;
/** What nobody has used for so long makes room. */
export const IDLE_MS = 60_000;

/** Something that is open, with its size. */
export interface OpenPart {
  readonly bytes: number;
}

interface Kept {
  usedAt: number;
  /** Lets go of it where it is kept. */
  drop: () => void;
}

export class OpenBytes {
  readonly #now: () => number;
  /** The one used last at the end. */
  readonly #kept = new Map<OpenPart, Kept>();
  #bytes = 0;
  #edge = 0;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Of all that is kept, without the edge's. */
  get bytes(): number {
    return this.#bytes;
  }

  /** What the edge holds now. What it took over from objects makes room, the one used longest ago first. */
  takeEdge(bytes: number): void {
    this.#edge = bytes;
    for (const part of this.#kept.keys()) {
      if (this.#bytes <= ISOLATE_BYTES - bytes) return;
      this.#drop(part);
    }
  }

  /** Whether it may stay open; `drop` is called when its room is needed. To be asked with every use. */
  keep(part: OpenPart, drop: () => void): boolean {
    this.forget(part);
    const room = ISOLATE_BYTES - this.#edge - part.bytes;
    for (const [other, { usedAt }] of this.#kept) {
      if (this.#bytes <= room || this.#now() - usedAt < IDLE_MS) break;
      this.#drop(other);
    }
    if (this.#bytes > room) return false;
    this.#kept.set(part, { usedAt: this.#now(), drop });
    this.#bytes += part.bytes;
    return true;
  }

  #drop(part: OpenPart): void {
    const { drop } = this.#kept.get(part)!;
    this.forget(part);
    drop();
  }

  /** It is open no more. */
  forget(part: OpenPart): void {
    if (this.#kept.delete(part)) this.#bytes -= part.bytes;
  }
}

/** Of this isolate. */
export const openBytes = new OpenBytes(() => Date.now());
