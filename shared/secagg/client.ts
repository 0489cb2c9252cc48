/**
 * A participant of one round over a store of its own. Any transport will do: hand it the coordinator's messages,
 * send what it returns, then the frames. Every call may be repeated, also after a crash.
 */
import { toBase64Url } from '../crypto/bytes.ts';
import type { Signer } from '../crypto/ed25519.ts';
import { digest } from '../crypto/hash.ts';
import { type RandomSource, systemRandom } from '../crypto/random.ts';
import type { ClientMessage } from '../protocol/secagg.ts';
import type { ClientState, ClientTrust, VectorSource } from './client-state.ts';
import { clientStep } from './client-step.ts';
import { frameCount } from './frames.ts';

/** One round's place in the participant's store. A write is durable when its call returns. */
export interface SecaggClientStore {
  load(): ClientState | null | Promise<ClientState | null>;
  /** Saves if the stored state has this revision (null: if there is none), and says whether it did. */
  save(state: ClientState, expectedRevision: number | null): boolean | Promise<boolean>;
  putFrame(index: number, frame: Uint8Array): void | Promise<void>;
  frame(index: number): Uint8Array | null | Promise<Uint8Array | null>;
  /** Forgets the round: state and frames. */
  clear(): void | Promise<void>;
}

export interface SecaggClientOptions {
  self: string;
  signer: Signer;
  trust: ClientTrust;
  store: SecaggClientStore;
  random?: RandomSource;
}

export class SecaggClient {
  readonly #options: SecaggClientOptions;

  constructor(options: SecaggClientOptions) {
    this.#options = options;
  }

  /**
   * Answers one message of the coordinator; `maskers` needs the vector. The answer is stored before it is returned.
   * After the answer to `maskers` (kind `masked`), send every frame of `frames()`.
   * @throws ProtocolError when this participant refuses; the round can go on without it.
   * @throws Error when another call saved the state in between: repeat the call.
   */
  async handle(message: unknown, input?: VectorSource): Promise<ClientMessage> {
    const { store, random = systemRandom, self, signer, trust } = this.#options;
    const state = await store.load();
    const result = await clientStep(state, message, {
      self,
      signer,
      random,
      trust,
      ...(input && { input, putFrame: (index, frame) => store.putFrame(index, frame) }),
    });
    if (!result.repeated && !(await store.save(result.state, state?.revision ?? null))) {
      throw new Error('secure aggregation: the state changed meanwhile; repeat the call');
    }
    return result.reply;
  }

  /** The masked vector's frames in order, the very bytes that the `masked` answer announced. */
  async *frames(): AsyncGenerator<Uint8Array> {
    const { store } = this.#options;
    const state = await store.load();
    const masked = state?.replies.maskers?.reply;
    if (state === null || masked?.kind !== 'masked') throw new TypeError('frames: nothing is masked yet');
    for (let index = 0; index < frameCount(state.parameters.dimension); index++) {
      const frame = await store.frame(index);
      if (frame === null) throw new TypeError(`frames: frame ${index} is missing from the store`);
      // Two vectors under one mask would give away their difference: only what was announced may leave.
      if (toBase64Url(await digest(frame)) !== masked.frames[index]) {
        throw new Error(`secure aggregation: frame ${index} is not the one announced`);
      }
      yield frame;
    }
  }

  /** The round's state, without which nothing is known of it. */
  async state(): Promise<ClientState | null> {
    return this.#options.store.load();
  }

  /**
   * Ends this participant's part, whatever came of the round: secrets, answers and frames are forgotten. A caller that
   * forgets a round must not join it again: an identity signs one advertisement a round.
   */
  async forget(): Promise<void> {
    await this.#options.store.clear();
  }
}
