/**
 * The server half of secure aggregation over the Coordinator's SQLite: one round at a time, opened when the
 * participants' vectors are ready. The object learns the sum and nothing else.
 */

import type { Cohort } from '../../shared/privacy/noise-share.ts';
import type { RoundSpec } from '../../shared/protocol/rounds.ts';
import type { AnySignedRoster, ClientMessage, Roster, ServerMessage } from '../../shared/protocol/secagg.ts';
import { secureParameters } from '../../shared/round/secure-round.ts';
import { ProtocolError } from '../../shared/secagg/errors.ts';
import { isPresent } from '../../shared/secagg/roster.ts';
import { SecaggServer, type ServerAnswer } from '../../shared/secagg/server.ts';
import type { MessagePhase, ServerState } from '../../shared/secagg/server-state.ts';
import { SecaggStore } from './secagg-store.ts';

/** Rosters before the current one that an invite carries; who missed more asks for them. */
const CHAIN = 16;

export class SecureSum {
  readonly #store: SecaggStore;
  readonly #roster: AnySignedRoster;
  readonly #chain: AnySignedRoster[];
  readonly #encoder: string;
  readonly #completeUpTo: number;
  #server: { round: string; server: SecaggServer } | null = null;

  /**
   * @param rosters oldest first; the last one counts, the others lead to it
   * @param encoder SHA-256 of the encoder's manifest
   * @param completeUpTo in larger rosters members share secrets with some others only
   */
  constructor(
    storage: DurableObjectStorage,
    rosters: readonly [AnySignedRoster, ...AnySignedRoster[]],
    encoder: string,
    completeUpTo: number,
  ) {
    this.#store = new SecaggStore(storage);
    this.#chain = rosters.slice(0, -1).slice(-CHAIN);
    this.#roster = rosters.at(-1)!;
    this.#encoder = encoder;
    this.#completeUpTo = completeUpTo;
  }

  get threshold(): number {
    return this.#roster.roster.threshold;
  }

  /** @throws RangeError for one in an earlier form */
  get roster(): Roster {
    const { roster } = this.#roster;
    if (!isPresent(roster)) throw new RangeError('roster: of an earlier form, which no round goes by');
    return roster;
  }

  /** Whom noise is split for. */
  get cohort(): Cohort {
    const { members, threshold, colluders } = this.#roster.roster;
    return { members: members.length, threshold, colluders };
  }

  get members(): string[] {
    return this.#roster.roster.members.map(({ id }) => id);
  }

  /** The open round's state; null when there is none or another round's. */
  state(round: string): ServerState | null {
    const state = this.#store.load();
    return state?.parameters.round === round ? state : null;
  }

  /** Opens the round; a repeat changes nothing. Returns whom to wake. */
  open(spec: RoundSpec, phaseMs: number, now: number, excluded: readonly string[] = []): string[] {
    if (this.state(spec.id) !== null) return [];
    this.clear();
    const timeouts: Record<MessagePhase, number> = {
      advertise: phaseMs,
      share: phaseMs,
      checked: phaseMs,
      masked: phaseMs,
      consistency: phaseMs,
      unmask: phaseMs,
    };
    const { roster } = this;
    const { signature } = this.#roster;
    const parameters = secureParameters(spec, roster, this.#encoder, this.#completeUpTo);
    const config = {
      parameters,
      roster: { roster, signature },
      chain: this.#chain,
      timeouts,
      excluded: [...excluded],
    };
    this.#of(spec.id).open(config, now);
    return this.members;
  }

  clear(): void {
    this.#server = null;
    this.#store.clear();
  }

  /** What this member should answer now. */
  messageFor(round: string, member: string): ServerMessage | null {
    const state = this.state(round);
    if (state === null || !this.members.includes(member)) return null;
    return this.#of(round).messageFor(member);
  }

  receive(round: string, member: string, message: ClientMessage, now: number): Promise<ServerAnswer> {
    return this.#guarded(() => this.#of(round).receive(member, message, now));
  }

  receiveFrame(round: string, member: string, bytes: Uint8Array, now: number): Promise<ServerAnswer> {
    return this.#guarded(() => this.#of(round).receiveFrame(member, bytes, now));
  }

  /** Which frames of a member's vector are here. */
  framesOf(round: string, member: string): number[] {
    const state = this.state(round);
    if (state === null) return [];
    const announced = state.messages.masked[member]?.frames.length ?? 0;
    return state.complete.includes(member)
      ? Array.from({ length: announced }, (_, index) => index)
      : (state.staged[member] ?? []);
  }

  /**
   * Goes on where no participant is needed: closes phases that are over. `expected` are the participants that have a
   * vector; once they have all advertised nobody else is worth waiting for.
   */
  tick(round: string, expected: readonly string[], now: number): ServerAnswer {
    const state = this.state(round);
    const advertised = Object.keys(state?.messages.advertise ?? {});
    const early = state?.phase === 'advertise' && expected.every((name) => advertised.includes(name));
    return this.#of(round).tick(early ? Math.max(now, state.deadline ?? now) : now);
  }

  /** Checks the keys of those who dropped. */
  verify(round: string, now: number): Promise<ServerAnswer> {
    return this.#of(round).verify(now);
  }

  /** The ledger holds the round's cost: vectors may be asked for. */
  charged(round: string, now: number): ServerAnswer {
    return this.#of(round).charged(now);
  }

  abort(round: string, detail: string, now: number): void {
    if (this.state(round) !== null) this.#of(round).abort(detail, now);
  }

  unmask(round: string, now: number): Promise<ServerAnswer> {
    return this.#of(round).unmask(now);
  }

  /** The released sum, `dimension` words. */
  sum(round: string, dimension: number): Uint32Array {
    const total = new Uint32Array(dimension);
    for (const { first, words } of this.#of(round).result()) total.set(words, first);
    return total;
  }

  #of(round: string): SecaggServer {
    if (this.#server?.round !== round) this.#server = { round, server: new SecaggServer(this.#store) };
    return this.#server.server;
  }

  /** What a participant did wrong is an answer to it, not a failure of the object. */
  async #guarded(call: () => Promise<ServerAnswer>): Promise<ServerAnswer> {
    try {
      return await call();
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      return { outcome: { ok: false, code: error.code, detail: error.detail }, effects: [] };
    }
  }
}
