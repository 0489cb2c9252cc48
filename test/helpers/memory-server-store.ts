/** The coordinator's store of a secure sum in memory, where a test looks at what lies in it. */
import type { SecaggServerStore } from '../../shared/secagg/server.ts';
import type { ServerState } from '../../shared/secagg/server-state.ts';

export class MemoryServerStore implements SecaggServerStore {
  #state: ServerState | null = null;
  readonly #vectors = new Map<string, Uint8Array>();

  /** States and vectors are replaced, never changed, and nothing here waits: a failed body has written nothing. */
  transaction<T>(body: () => T): T {
    return body();
  }

  load(): ServerState | null {
    return this.#state;
  }

  save(state: ServerState): void {
    this.#state = state;
  }

  read(key: string): Uint8Array | null {
    return this.#vectors.get(key)?.slice() ?? null;
  }

  write(key: string, bytes: Uint8Array): void {
    this.#vectors.set(key, bytes.slice());
  }

  remove(prefix: string): void {
    for (const key of [...this.#vectors.keys()]) if (key.startsWith(prefix)) this.#vectors.delete(key);
  }

  /** Names of the vectors held, for looking whether anything is left. */
  keys(): string[] {
    return [...this.#vectors.keys()];
  }
}
