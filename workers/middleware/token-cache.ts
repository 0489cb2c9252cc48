/**
 * What tokens allow, in the isolate's memory. Asked for again in the background after 10 s, and never used unasked
 * after 30 s: so long a revoked token may go on working in other isolates. Invariant: an entry is found by the hash
 * of what the bearer showed, never by its id alone.
 */
import type { Grant } from '../../shared/protocol/access.ts';
import type { DirectoryApi } from '../../shared/protocol/objects.ts';
import type { SingleFlight } from '../single-flight.ts';

export const SOFT_MS = 10_000;
export const HARD_MS = 30_000;
/** Entries of either kind; those asked for longest ago are forgotten first. */
const CAPACITY = 5_000;

interface Entry {
  id: string;
  grant: Grant | null;
  checkedAt: number;
  refreshing: boolean;
  /** Requests since the directory was last told. */
  requests: number;
}

export interface Presented {
  id: string;
  hash: string;
}

export class TokenCache {
  readonly #good = new Map<string, Entry>();
  // Apart, so that a flood of invented tokens does not push out the good ones.
  readonly #bad = new Map<string, Entry>();
  readonly #now: () => number;
  readonly #flights: SingleFlight;

  constructor(options: { now: () => number; flights: SingleFlight }) {
    this.#now = options.now;
    this.#flights = options.flights;
  }

  /** What is known without asking; undefined when nothing is. */
  known(token: Presented): Grant | null | undefined {
    return this.#fresh(token)?.grant;
  }

  /** Counts one request. @returns null for a token that is not good. @throws what the directory does when it is away. */
  async use(
    token: Presented,
    directory: () => DirectoryApi,
    later: (work: Promise<unknown>) => void,
  ): Promise<Grant | null> {
    const entry =
      this.#fresh(token) ??
      (await this.#flights.run(
        `token ${key(token)}`,
        () => this.#fresh(token),
        () => this.#ask(token, directory()),
      ));
    if (entry.grant === null || this.#isOver(entry.grant)) return null;
    entry.requests += 1;
    if (this.#now() - entry.checkedAt >= SOFT_MS && !entry.refreshing) {
      entry.refreshing = true;
      const refresh = this.#ask(token, directory()).catch(() => {
        // The directory is away: the entry serves until its time is over.
        entry.refreshing = false;
      });
      later(refresh);
    }
    return entry.grant;
  }

  /** After a revocation through this isolate. */
  forget(id: string): void {
    for (const [name, entry] of this.#good) if (entry.id === id) this.#good.delete(name);
  }

  #fresh(token: Presented): Entry | undefined {
    const entry = this.#good.get(key(token)) ?? this.#bad.get(key(token));
    if (entry === undefined || this.#now() - entry.checkedAt >= HARD_MS) return undefined;
    return entry.grant !== null && this.#isOver(entry.grant) ? undefined : entry;
  }

  #isOver({ expiresAt }: Grant): boolean {
    return expiresAt !== null && expiresAt <= this.#now();
  }

  async #ask(token: Presented, directory: DirectoryApi): Promise<Entry> {
    const before = this.#good.get(key(token));
    const requests = before?.requests ?? 0;
    const grant = await directory.authenticate(token.id, token.hash, requests);
    // What came in meanwhile is told next time.
    const left = Math.max(0, (before?.requests ?? 0) - requests);
    const entry = { id: token.id, grant, checkedAt: this.#now(), refreshing: false, requests: left };
    this.#good.delete(key(token));
    this.#bad.delete(key(token));
    const kept = grant === null ? this.#bad : this.#good;
    if (kept.size >= CAPACITY) {
      const oldest = kept.keys().next();
      if (!oldest.done) kept.delete(oldest.value);
    }
    kept.set(key(token), entry);
    return entry;
  }
}

function key({ id, hash }: Presented): string {
  return `${id} ${hash}`;
}
