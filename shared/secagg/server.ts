/**
 * The coordinator of one round over a store of its own. Any transport will do: hand it what members send, pull what
 * each is to be sent, call `tick` at the deadline. Every call may be repeated, also after a crash.
 */
import { addPacked, pack, unpack } from '../crypto/packed-ring.ts';
import type { ServerMessage } from '../protocol/secagg.ts';
import { type RoundContext, roundContext } from './context.ts';
import { type Frame, frameCount, frameRange } from './frames.ts';
import { applyMasks } from './masks.ts';
import { reconstructMasks, restoreKeys } from './reconstruct.ts';
import { messageFor } from './server-messages.ts';
import type { ServerEffect, ServerEvent, ServerOutcome, ServerState } from './server-state.ts';
import { openRound, type ServerConfig, serverStep } from './server-step.ts';
import { frameEvent, messageEvent } from './server-verify.ts';
import { applySurplus, revealedSurplus } from './surplus-noise.ts';

/**
 * One round's place in the coordinator's store. Vectors are kept in pieces of at most 1 MiB under short keys: of members
 * the frames as they came, which are added up when their masks are taken out, and the pieces of the result.
 */
export interface SecaggServerStore {
  /** Runs `body` so that all of its writes last or none. */
  transaction<T>(body: () => T): T;
  load(): ServerState | null;
  save(state: ServerState): void;
  read(key: string): Uint8Array | null;
  write(key: string, bytes: Uint8Array): void;
  /** Removes every vector whose key begins with `prefix`. */
  remove(prefix: string): void;
}

/** What the caller has to see to; the vectors are seen to here. */
export type CallerEffect = Exclude<ServerEffect, { kind: 'keep' | 'discard' }>;

export interface ServerAnswer {
  outcome: ServerOutcome;
  effects: CallerEffect[];
}

export class SecaggServer {
  readonly #store: SecaggServerStore;
  #context: RoundContext | null = null;

  constructor(store: SecaggServerStore) {
    this.#store = store;
  }

  /**
   * Opens the round, unless the store has it already.
   * @throws ProtocolError when the parameters do not fit the roster.
   */
  open(config: ServerConfig, now: number): ServerAnswer {
    return this.#store.transaction(() => {
      if (this.#store.load() !== null) return { outcome: { ok: true, repeated: true }, effects: [] };
      const { state, effects, outcome } = openRound(config, now);
      this.#store.save(state);
      return { outcome, effects: effects as CallerEffect[] };
    });
  }

  /** @throws TypeError before `open`. */
  state(): ServerState {
    const state = this.#store.load();
    if (state === null) throw new TypeError('secure aggregation: the round is not open');
    return state;
  }

  #contextOf(state: ServerState): RoundContext {
    this.#context ??= roundContext(state.parameters, state.roster.roster);
    return this.#context;
  }

  /** What to send to this member now; null when nothing is wanted from it. */
  messageFor(id: string): ServerMessage | null {
    const state = this.state();
    return messageFor(this.#contextOf(state), state, id);
  }

  /** @param from the member that the transport authenticated. */
  async receive(from: string, message: unknown, now: number): Promise<ServerAnswer> {
    const state = this.state();
    return this.#step(await messageEvent(this.#contextOf(state), state, from, message), now);
  }

  /** One frame of `from`'s masked vector, after its `masked` message. */
  async receiveFrame(from: string, bytes: Uint8Array, now: number): Promise<ServerAnswer> {
    const { event, frame } = await frameEvent(this.#contextOf(this.state()), from, bytes);
    return this.#step(event, now, frame);
  }

  /** Closes a phase whose deadline is over. */
  tick(now: number): ServerAnswer {
    return this.#step({ kind: 'tick' }, now);
  }

  /** The ledger holds the round's cost: vectors may be asked for. */
  charged(now: number): ServerAnswer {
    return this.#step({ kind: 'charged' }, now);
  }

  /** Ends the round without a sum, for a reason of the caller's. */
  abort(detail: string, now: number): ServerAnswer {
    return this.#step({ kind: 'abort', code: 'cancelled', detail, blamed: [] }, now);
  }

  /**
   * Holds the restored keys of dropped members against those that they advertised, in phase `verify`. One that differs
   * aborts the round before any share of a seed is asked for, and its dealer is named.
   */
  async verify(now: number): Promise<ServerAnswer> {
    const state = this.state();
    if (state.phase !== 'verify') return this.#step({ kind: 'tick' }, now);
    const { blamed } = await restoreKeys(this.#contextOf(state), state);
    if (blamed.length === 0) return this.#step({ kind: 'verified' }, now);
    const detail = 'consistency: shares restore another key than advertised';
    return this.#step({ kind: 'abort', code: 'bad-share', detail, blamed }, now);
  }

  /**
   * Adds up the survivors' vectors and removes the masks and the surplus noise, in phase `reconstruct`: piece by piece,
   * and pieces done before a crash are not done again. The sum is released with the last one.
   */
  async unmask(now: number): Promise<ServerAnswer> {
    const state = this.state();
    if (state.phase !== 'reconstruct') return this.#step({ kind: 'tick' }, now);
    const masks = await reconstructMasks(this.#contextOf(state), state);
    const surplus = await revealedSurplus(this.#contextOf(state), state);
    const { dimension, bits } = state.parameters;
    for (let index = 0; index < frameCount(dimension); index++) {
      if (this.#store.read(`result/${index}`) !== null) continue;
      const words = this.#masked(state, index);
      // Another call was faster.
      if (words === null) return this.#step({ kind: 'tick' }, now);
      await applyMasks(words, frameRange(dimension, index).first, masks);
      await applySurplus(words, index, surplus, -1);
      this.#store.write(`result/${index}`, pack(words, bits));
    }
    return this.#step({ kind: 'unmasked' }, now);
  }

  /** Piece `index` of the sum of the survivors' masked vectors, mod 2³²; null when the round has gone on meanwhile. */
  #masked({ survivors, parameters }: ServerState, index: number): Uint32Array | null {
    const words = new Uint32Array(frameRange(parameters.dimension, index).count);
    for (const sender of survivors) {
      const key = `frame/${sender}/${index}`;
      const payload = this.#store.read(key);
      if (payload === null && this.state().phase === 'reconstruct') {
        // The store has lost what the state promises.
        throw new Error(`secure aggregation: ${key} is missing`);
      }
      if (payload === null) return null;
      addPacked(words, payload, parameters.bits);
    }
    return words;
  }

  /**
   * The sum of the survivors' vectors mod 2ᵇ, in pieces.
   * @throws TypeError before it is released.
   */
  *result(): Generator<{ first: number; words: Uint32Array }> {
    const { phase, parameters } = this.state();
    if (phase !== 'done') throw new TypeError(`result: the round is at ${phase}`);
    for (let index = 0; index < frameCount(parameters.dimension); index++) {
      const { first, count } = frameRange(parameters.dimension, index);
      yield { first, words: unpack(this.#store.read(`result/${index}`)!, parameters.bits, count) };
    }
  }

  #step(event: ServerEvent, now: number, frame: Frame | null = null): ServerAnswer {
    return this.#store.transaction(() => {
      const before = this.state();
      const { state, effects, outcome } = serverStep(before, event, now, this.#contextOf(before));
      const forCaller: CallerEffect[] = [];
      for (const effect of effects) {
        if (effect.kind === 'keep')
          this.#store.write(`frame/${effect.sender}/${effect.index}`, frame!.payload);
        else if (effect.kind === 'discard') this.#store.remove(`frame/${effect.sender}/`);
        else forCaller.push(effect);
        if (effect.kind === 'aborted') this.#store.remove('');
        if (effect.kind === 'released') this.#store.remove('frame/');
      }
      if (state !== before) this.#store.save(state);
      return { outcome, effects: forCaller };
    });
  }
}
