/** Both sides' stores in memory: for participants that live as long as a round, for the simulator and the benches. */

import type { SecaggClientStore } from './client.ts';
import type { ClientState } from './client-state.ts';
import type { SecaggServerStore } from './server.ts';
import type { ServerState } from './server-state.ts';

export class MemoryClientStore implements SecaggClientStore {
  #state: ClientState | null = null;
  readonly #frames = new Map<number, Uint8Array>();

  load(): ClientState | null {
    return this.#state;
  }

  save(state: ClientState, expectedRevision: number | null): boolean {
    if ((this.#state?.revision ?? null) !== expectedRevision) return false;
    this.#state = state;
    return true;
  }

  putFrame(index: number, frame: Uint8Array): void {
    this.#frames.set(index, frame);
  }

  frame(index: number): Uint8Array | null {
    return this.#frames.get(index) ?? null;
  }

  clear(): void {
    this.#state = null;
    this.#frames.clear();
  }
}

export class MemoryServerStore implements SecaggServerStore {
  #state: ServerState | null = null;
  readonly #vectors = new Map<string, Uint32Array>();

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

  read(key: string): Uint32Array | null {
    return this.#vectors.get(key)?.slice() ?? null;
  }

  write(key: string, words: Uint32Array): void {
    this.#vectors.set(key, words);
  }

  remove(prefix: string): void {
    for (const key of [...this.#vectors.keys()]) if (key.startsWith(prefix)) this.#vectors.delete(key);
  }

  /** Names of the vectors held, for looking whether anything is left. */
  keys(): string[] {
    return [...this.#vectors.keys()];
  }
}
