/**
 * Snapshots in the isolate's memory. A snapshot is immutable and named by its hash; what changes is the pointer to
 * the serving one, which is read again in the background at most every 30 s, so that no query waits for it. A new
 * snapshot replaces the old one only when it is complete and its hash is right.
 */
import { freeBuffer } from '../shared/free-buffer.ts';
import { errorText, logLine } from '../shared/log.ts';
import type { SnapshotPointer } from '../shared/protocol/objects.ts';
import { decodeSnapshot, MAX_SNAPSHOT_BYTES, type Snapshot } from '../shared/protocol/snapshot.ts';
import type { Flight, SingleFlight } from './single-flight.ts';

export const REFRESH_MS = 30_000;
/** Bytes of snapshots kept; the newest is kept whatever its size. */
const BUDGET_BYTES = 24 << 20;

export type SnapshotName = Pick<SnapshotPointer, 'hash' | 'bytes' | 'parts'>;

/** Where a collection's snapshots come from. */
export interface SnapshotSource {
  /** Distinguishes collections, and pinned versions of one. */
  key: string;
  pointer(): Promise<SnapshotName>;
  /** The bytes are the caller's, who may free them. */
  part(hash: string, part: number): Promise<Uint8Array | null>;
}

/** Bytes by content hash, shared by the isolates of a data centre where the platform offers it. */
export interface SharedBytes {
  get(hash: string): Promise<Uint8Array | null>;
  /** May do nothing. */
  put(hash: string, bytes: Uint8Array): void;
}

export interface Loaded {
  hash: string;
  bytes: number;
  snapshot: Snapshot;
}

export class SnapshotCache {
  /** In order of use, the latest last. */
  readonly #loaded = new Map<string, Loaded>();
  readonly #pointers = new Map<string, { hash: string; checkedAt: number }>();
  readonly #flights: SingleFlight;
  readonly #now: () => number;

  constructor(options: { flights: SingleFlight; now: () => number }) {
    this.#flights = options.flights;
    this.#now = options.now;
  }

  /** The snapshot that serves; refreshed behind the answer through `later`. */
  async current(
    source: SnapshotSource,
    shared: SharedBytes,
    later: (work: Promise<unknown>) => void,
  ): Promise<Loaded> {
    const ready = () => this.#ready(source.key);
    const found = ready();
    if (found === undefined) {
      return await this.#flights.run(source.key, ready, (flight) => this.#refresh(source, shared, flight));
    }
    const pointer = this.#pointers.get(source.key);
    if (pointer && this.#now() - pointer.checkedAt >= REFRESH_MS && !this.#flights.busy(source.key)) {
      const refresh = (flight: Flight) => this.#refresh(source, shared, flight);
      // What serves goes on serving when the refresh fails; the next query after 30 s tries again.
      pointer.checkedAt = this.#now();
      later(
        this.#flights
          .run<Loaded>(source.key, () => undefined, refresh)
          .catch((error) => logLine('snapshot_refresh_failed', { level: 'error', error: errorText(error) })),
      );
    }
    return found;
  }

  /** The next query asks for the pointer first: after an activation through this isolate. */
  forget(collection: string): void {
    for (const key of this.#pointers.keys()) {
      if (key === collection || key.startsWith(`${collection}@`)) this.#pointers.delete(key);
    }
  }

  /** Bytes of all snapshots held. */
  get bytes(): number {
    return [...this.#loaded.values()].reduce((sum, entry) => sum + entry.bytes, 0);
  }

  #ready(key: string): Loaded | undefined {
    const pointer = this.#pointers.get(key);
    const loaded = pointer && this.#loaded.get(pointer.hash);
    if (loaded === undefined) return undefined;
    this.#loaded.delete(loaded.hash);
    this.#loaded.set(loaded.hash, loaded);
    return loaded;
  }

  async #refresh(source: SnapshotSource, shared: SharedBytes, flight: Flight): Promise<Loaded> {
    const name = await source.pointer();
    flight.touch();
    let loaded = this.#loaded.get(name.hash);
    if (loaded === undefined) {
      const bytes = await loadBytes(name, source, shared, flight);
      loaded = { hash: name.hash, bytes: bytes.length, snapshot: decodeSnapshot(bytes) };
      this.#loaded.set(name.hash, loaded);
    }
    this.#pointers.set(source.key, { hash: name.hash, checkedAt: this.#now() });
    this.#evict(name.hash);
    return loaded;
  }

  #evict(keep: string): void {
    for (const hash of this.#loaded.keys()) {
      if (this.bytes <= BUDGET_BYTES) return;
      if (hash !== keep) this.#loaded.delete(hash);
    }
  }
}

async function loadBytes(
  name: SnapshotName,
  source: SnapshotSource,
  shared: SharedBytes,
  flight: Flight,
): Promise<Uint8Array> {
  if (name.bytes > MAX_SNAPSHOT_BYTES) {
    throw new RangeError(`snapshot: ${name.bytes} bytes where at most ${MAX_SNAPSHOT_BYTES} are loaded`);
  }
  const kept = await shared.get(name.hash);
  if (kept !== null && (await hasHash(kept, name.hash))) return kept;
  flight.touch();
  const bytes = new Uint8Array(name.bytes);
  let at = 0;
  for (let part = 0; part < name.parts; part++) {
    const piece = await source.part(name.hash, part);
    if (piece === null) throw new Error(`snapshot ${name.hash}: part ${part} of ${name.parts} is gone`);
    if (at + piece.length > bytes.length) break;
    bytes.set(piece, at);
    at += piece.length;
    freeBuffer(piece);
    flight.touch();
  }
  if (at !== bytes.length || !(await hasHash(bytes, name.hash))) {
    throw new Error(`snapshot ${name.hash}: the ${at} bytes received are not the ${name.bytes} it names`);
  }
  shared.put(name.hash, bytes);
  return bytes;
}

async function hasHash(bytes: Uint8Array, hash: string): Promise<boolean> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('') === hash;
}
