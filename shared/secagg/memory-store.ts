/** A participant's store in memory, for those that live as long as a round: in the simulator and the benches. */
import type { SecaggClientStore } from './client.ts';
import type { ClientState } from './client-state.ts';

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
