/**
 * Snapshots in the isolate's memory. A snapshot is immutable and named by its hash; what changes is the pointer to
 * the serving one. Invariant: an answer comes from a version whose pointer was asked for within the age that the
 * caller allows, or says how long ago it was. A pointer is read again behind an answer at half that age, so that only
 * who comes after a silence waits, and not for ever. A new snapshot takes an old one's place when it is complete and its
 * hash is right.
 */
import { freeBuffer } from '../shared/free-buffer.ts';
import { errorText, logLine } from '../shared/log.ts';
import type { SnapshotPointer } from '../shared/protocol/objects.ts';
import { decodeSnapshot, MAX_SNAPSHOT_BYTES, type Snapshot } from '../shared/protocol/snapshot.ts';
import { within } from './deadline.ts';
import type { Flight, SingleFlight } from './single-flight.ts';

/** How long an answer waits for the pointer, and for the version that it names, where another one is there. */
export const POINTER_DEADLINE_MS = 2_000;
/** A pointer that could not be read is asked for again by the first who comes after so long. */
const RETRY_MS = 1_000;
/** Rows that came since are found through their regions: a version's next revision is fetched no sooner. */
export const REVISION_MS = 30_000;
/** Bytes of snapshots kept; the newest is kept whatever its size. */
const BUDGET_BYTES = 24 << 20;

export type SnapshotName = Omit<SnapshotPointer, 'revision'>;

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

/** What serves, as far as the isolate knows. */
export interface Served extends Loaded {
  /** Since it was last known to serve, where that is longer than the caller allows; null: it is not. */
  staleMs: number | null;
  /** Up to which of its changes each region was known when the pointer was read. */
  watermarks: SnapshotPointer['watermarks'];
  /** How far the index of all passages was then. */
  index: SnapshotPointer['index'];
}

/** How far behind a caller accepts to be. */
export interface Freshness {
  /** Age of the pointer, in milliseconds. */
  maxAgeMs: number;
  /** Whether the pointer is asked for whatever its age. */
  now: boolean;
}

interface Pointer extends Pick<SnapshotPointer, 'hash' | 'watermarks' | 'index'> {
  /** When it was asked for, and the place of that question among all. */
  askedAt: number;
  asked: number;
  /** When somebody last tried to have a newer one. */
  triedAt: number;
  /** When its snapshot was fetched. */
  loadedAt: number;
}

const NO_INDEX: SnapshotPointer['index'] = { revision: 0, bytes: null };

type Later = (work: Promise<unknown>) => void;

export class SnapshotCache {
  /** In order of use, the latest last. */
  readonly #loaded = new Map<string, Loaded>();
  readonly #pointers = new Map<string, Pointer>();
  /** By collection: pointers that were asked for before this question are not good. */
  readonly #outdated = new Map<string, number>();
  readonly #flights: SingleFlight;
  readonly #now: () => number;
  /** Questions for pointers so far: the clock stands still between inputs and outputs. */
  #questions = 0;

  constructor(options: { flights: SingleFlight; now: () => number }) {
    this.#flights = options.flights;
    this.#now = options.now;
  }

  /** The snapshot that serves; read again behind the answer through `later`. @throws when none is here and none comes */
  async current(
    source: SnapshotSource,
    shared: SharedBytes,
    later: Later,
    { maxAgeMs, now }: Freshness,
  ): Promise<Served> {
    const { key } = source;
    const before = this.#questions;
    const fresh = () => {
      const pointer = this.#pointers.get(key);
      if (pointer === undefined) return undefined;
      const young = !now && this.#now() - pointer.askedAt < maxAgeMs && !this.#isOutdated(key, pointer);
      return young || pointer.asked > before ? this.#ready(key) : undefined;
    };
    const refresh = (flight: Flight) => this.#refresh(source, shared, later, flight);
    const found = fresh();
    const pointer = this.#pointers.get(key);
    if (found !== undefined) {
      const ahead = !now && maxAgeMs > 0;
      const due = ahead && pointer !== undefined && this.#now() - pointer.triedAt >= maxAgeMs / 2;
      if (due && !this.#flights.busy(key)) {
        pointer.triedAt = this.#now();
        const work = this.#flights.run<Loaded>(key, () => undefined, refresh);
        later(work.catch(logFailure));
      }
      return this.#served(key, found, null);
    }
    const known = this.#ready(key);
    if (known === undefined || pointer === undefined) {
      return this.#served(key, await this.#flights.run(key, fresh, refresh), null);
    }
    const must = now || this.#isOutdated(key, pointer);
    const failedLately = pointer.triedAt > pointer.askedAt && this.#now() - pointer.triedAt < RETRY_MS;
    if (must || !failedLately || this.#flights.busy(key)) {
      // Counted from its end: whoever comes then does not wait for the same failure again.
      const failed = (error: unknown): never => {
        pointer.triedAt = this.#now();
        throw error;
      };
      const work = this.#flights.run(key, fresh, refresh).catch(failed);
      later(work.catch(logFailure));
      try {
        return this.#served(key, await within(POINTER_DEADLINE_MS, 'the coordinator', work), null);
      } catch {
        // Said in the answer; the log has it when the work ends.
      }
    }
    return this.#served(key, known, Math.max(0, this.#now() - pointer.askedAt));
  }

  #served(key: string, loaded: Loaded, staleMs: number | null): Served {
    const { watermarks = {}, index = NO_INDEX } = this.#pointers.get(key) ?? {};
    return { ...loaded, staleMs, watermarks, index };
  }

  /** Forgets a collection that is gone. */
  forget(collection: string): void {
    for (const key of this.#pointers.keys()) if (collectionOf(key) === collection) this.#pointers.delete(key);
    this.#outdated.delete(collection);
  }

  /** The next query asks for the pointer first: after an activation through this isolate. */
  outdate(collection: string): void {
    this.#outdated.set(collection, this.#questions);
  }

  #isOutdated(key: string, pointer: Pointer): boolean {
    return pointer.asked <= (this.#outdated.get(collectionOf(key)) ?? 0);
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

  async #refresh(source: SnapshotSource, shared: SharedBytes, later: Later, flight: Flight): Promise<Loaded> {
    const { key } = source;
    const askedAt = this.#now();
    this.#questions += 1;
    const asked = this.#questions;
    const name = await source.pointer();
    flight.touch();
    const before = this.#pointers.get(key);
    const held = before && this.#loaded.get(before.hash);
    if (before && held && held.hash !== name.hash && held.snapshot.header.version === name.version) {
      const { watermarks, index } = name;
      Object.assign(before, { askedAt, asked, triedAt: askedAt, watermarks, index });
      if (askedAt - before.loadedAt < REVISION_MS) return held;
      before.loadedAt = askedAt;
      const load = (loading: Flight) => this.#load(name, source, shared, loading);
      const revised = this.#flights
        .run(`${key}/revision`, () => undefined, load)
        .then(({ hash }) => {
          const pointer = this.#pointers.get(key);
          // Another version may serve meanwhile.
          if (pointer?.hash === held.hash) pointer.hash = hash;
        });
      later(revised.catch(logFailure));
      return held;
    }
    const loaded = await this.#load(name, source, shared, flight);
    const loadedAt = before?.hash === name.hash ? before.loadedAt : askedAt;
    const { hash, watermarks, index } = name;
    this.#pointers.set(key, { hash, watermarks, index, askedAt, asked, triedAt: askedAt, loadedAt });
    return loaded;
  }

  async #load(
    name: SnapshotName,
    source: SnapshotSource,
    shared: SharedBytes,
    flight: Flight,
  ): Promise<Loaded> {
    let loaded = this.#loaded.get(name.hash);
    if (loaded === undefined) {
      const bytes = await loadBytes(name, source, shared, flight);
      loaded = { hash: name.hash, bytes: bytes.length, snapshot: decodeSnapshot(bytes) };
      this.#loaded.set(name.hash, loaded);
    }
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

/** Keys of a collection's pinned versions, and of its later encoders, go on behind its name. */
function collectionOf(key: string): string {
  return key.split('@', 1)[0]!;
}

function logFailure(error: unknown): void {
  logLine('snapshot_refresh_failed', { level: 'error', error: errorText(error) });
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
