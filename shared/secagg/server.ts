/**
 * The coordinator of one round over a store of its own. Any transport will do: hand it what members send, pull what
 * each is to be sent, call `tick` at the deadline. Every call may be repeated, also after a crash.
 */
import { addInto } from '../crypto/ring.ts';
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

/** One round's place in the coordinator's store. Vectors are kept in pieces of at most 1 MiB under short keys. */
export interface SecaggServerStore {
  /** Runs `body` so that all of its writes last or none. */
  transaction<T>(body: () => T): T;
  load(): ServerState | null;
  save(state: ServerState): void;
  /** A copy. */
  read(key: string): Uint32Array | null;
  write(key: string, words: Uint32Array): void;
  /** Removes every vector whose key begins with `prefix`. */
  remove(prefix: string): void;
}

/** What the caller has to see to; the vectors are seen to here. */
export type CallerEffect = Exclude<ServerEffect, { kind: 'stage' | 'accumulate' | 'discard-staged' }>;

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

  /** The ledger holds the round's cost: shares may be asked for. */
  charged(now: number): ServerAnswer {
    return this.#step({ kind: 'charged' }, now);
  }

  /** Ends the round without a sum, for a reason of the caller's. */
  abort(detail: string, now: number): ServerAnswer {
    return this.#step({ kind: 'abort', code: 'cancelled', detail, blamed: [] }, now);
  }

  /**
   * Holds the restored keys of dropped members against those that they advertised, in phase `verify`. One that differs
   * aborts the round before it is charged, and its dealer is named.
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
   * Removes the masks and the surplus noise, in phase `reconstruct`: piece by piece, and pieces done before a crash are
   * not done again. The sum is released with the last one.
   */
  async unmask(now: number): Promise<ServerAnswer> {
    const state = this.state();
    if (state.phase !== 'reconstruct') return this.#step({ kind: 'tick' }, now);
    const masks = await reconstructMasks(this.#contextOf(state), state);
    const surplus = await revealedSurplus(this.#contextOf(state), state);
    const { dimension } = state.parameters;
    for (let index = 0; index < frameCount(dimension); index++) {
      if (this.#store.read(`result/${index}`) !== null) continue;
      const words = this.#store.read(`sum/${index}`);
      if (words === null) {
        // Another call was faster, or the store has lost what the state promises.
        if (this.state().phase === 'reconstruct')
          throw new Error(`secure aggregation: sum/${index} is missing`);
        return this.#step({ kind: 'tick' }, now);
      }
      await applyMasks(words, frameRange(dimension, index).first, masks);
      await applySurplus(words, index, surplus, -1);
      this.#store.write(`result/${index}`, words);
    }
    return this.#step({ kind: 'unmasked' }, now);
  }

  /**
   * The sum of the survivors' vectors mod 2³², in pieces.
   * @throws TypeError before it is released.
   */
  *result(): Generator<{ first: number; words: Uint32Array }> {
    const { phase, parameters } = this.state();
    if (phase !== 'done') throw new TypeError(`result: the round is at ${phase}`);
    for (let index = 0; index < frameCount(parameters.dimension); index++) {
      const words = this.#store.read(`result/${index}`)!;
      yield { first: frameRange(parameters.dimension, index).first, words };
    }
  }

  #step(event: ServerEvent, now: number, frame: Frame | null = null): ServerAnswer {
    return this.#store.transaction(() => {
      const before = this.state();
      const { state, effects, outcome } = serverStep(before, event, now, this.#contextOf(before));
      const forCaller: CallerEffect[] = [];
      for (const effect of effects) {
        if (effect.kind === 'stage')
          this.#store.write(`frame/${effect.sender}/${effect.index}`, frame!.words);
        else if (effect.kind === 'accumulate') this.#accumulate(state, effect, frame!.words);
        else if (effect.kind === 'discard-staged') this.#store.remove('frame/');
        else forCaller.push(effect);
        if (effect.kind === 'aborted') this.#store.remove('');
        if (effect.kind === 'released') this.#store.remove('sum/');
      }
      if (state !== before) this.#store.save(state);
      return { outcome, effects: forCaller };
    });
  }

  /** Of a vector that is one frame nothing is staged. */
  #accumulate(
    { parameters: { dimension } }: ServerState,
    { sender, last }: { sender: string; last: number },
    lastWords: Uint32Array,
  ): void {
    const count = frameCount(dimension);
    for (let index = 0; index < count; index++) {
      const words = index === last ? lastWords : this.#store.read(`frame/${sender}/${index}`)!;
      const sum = this.#store.read(`sum/${index}`);
      if (sum !== null) addInto(sum, words);
      this.#store.write(`sum/${index}`, sum ?? words);
    }
    if (count > 1) this.#store.remove(`frame/${sender}/`);
  }
}
