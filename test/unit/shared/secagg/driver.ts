/**
 * A round driven by hand, phase by phase, that can be forked: every test goes on from the same prefix. States pass
 * through JSON at each save, as they would through a store.
 */
import type { ClientMessage, RoundParameters, ServerMessage } from '../../../../shared/protocol/secagg.ts';
import type { ClientEnvironment, ClientState } from '../../../../shared/secagg/client-state.ts';
import { clientStep } from '../../../../shared/secagg/client-step.ts';
import { type RoundContext, roundContext } from '../../../../shared/secagg/context.ts';
import { SecaggServer, type SecaggServerStore, type ServerAnswer } from '../../../../shared/secagg/server.ts';
import { rowChanges, type StateRow, stateFromRows } from '../../../../shared/secagg/server-rows.ts';
import type { ServerState } from '../../../../shared/secagg/server-state.ts';
import { vectorSource } from '../../../helpers/vector-source.ts';
import { type Cohort, parametersFor, seededRandom, seededVector, TIMEOUTS, trustOf } from './cohort.ts';

/** Rows of text, as a SQL store would hold them. */
class RowStore implements SecaggServerStore {
  rows = new Map<string, string>();
  vectors = new Map<string, Uint8Array>();

  transaction<T>(body: () => T): T {
    return body();
  }
  load(): ServerState | null {
    return stateFromRows(this.list());
  }
  save(state: ServerState): void {
    const { put, drop } = rowChanges(this.load(), state);
    for (const { key, json } of put) this.rows.set(key, json);
    for (const key of drop) this.rows.delete(key);
  }
  list(): StateRow[] {
    return [...this.rows].map(([key, json]) => ({ key, json }));
  }
  read(key: string): Uint8Array | null {
    return this.vectors.get(key)?.slice() ?? null;
  }
  write(key: string, bytes: Uint8Array): void {
    this.vectors.set(key, bytes.slice());
  }
  remove(prefix: string): void {
    for (const key of [...this.vectors.keys()]) if (key.startsWith(prefix)) this.vectors.delete(key);
  }
}

export interface Answer {
  state: ClientState;
  reply: ClientMessage;
  frames: Uint8Array[];
}

export class Driver {
  readonly group: Cohort;
  readonly store = new RowStore();
  readonly server = new SecaggServer(this.store);
  states = new Map<string, ClientState>();
  now = 0;
  /** Kinds of effects seen, in order. */
  effects: string[] = [];

  constructor(group: Cohort) {
    this.group = group;
  }

  static open(group: Cohort, change: Partial<RoundParameters> = {}): Driver {
    const driver = new Driver(group);
    const parameters = parametersFor(group.roster, change);
    driver.note(driver.server.open({ parameters, roster: group.roster, timeouts: TIMEOUTS }, 0));
    return driver;
  }

  get ids(): string[] {
    return [...this.group.signers.keys()];
  }

  get phase(): string {
    return this.server.state().phase;
  }

  get context(): RoundContext {
    const { parameters, roster } = this.server.state();
    return roundContext(parameters, roster.roster);
  }

  fork(): Driver {
    const copy = new Driver(this.group);
    copy.store.rows = new Map(this.store.rows);
    copy.store.vectors = new Map(this.store.vectors);
    copy.states = new Map(this.states);
    copy.now = this.now;
    copy.effects = [...this.effects];
    return copy;
  }

  note(answer: ServerAnswer): ServerAnswer {
    this.effects.push(...answer.effects.map(({ kind }) => kind));
    return answer;
  }

  environment(
    id: string,
    change: Partial<ClientEnvironment> = {},
  ): ClientEnvironment & { frames: Uint8Array[] } {
    const frames: Uint8Array[] = [];
    return {
      self: id,
      signer: this.group.signers.get(id)!,
      random: seededRandom(`${id} ${this.phase}`),
      trust: trustOf(this.group),
      input: vectorSource(seededVector(id, this.context.parameters.dimension)),
      putFrame: (index, frame) => {
        frames[index] = frame;
      },
      frames,
      ...change,
    };
  }

  /** A member's answer to a message, by default to the one that the coordinator has for it; nothing is saved. */
  async answer(
    id: string,
    message: unknown = this.server.messageFor(id),
    change: Partial<ClientEnvironment> = {},
  ): Promise<Answer> {
    const environment = this.environment(id, change);
    const { state, reply } = await clientStep(this.states.get(id) ?? null, message, environment);
    return { state: JSON.parse(JSON.stringify(state)) as ClientState, reply, frames: environment.frames };
  }

  async deliver(id: string, { state, reply, frames }: Answer): Promise<void> {
    this.states.set(id, state);
    this.note(await this.server.receive(id, reply, this.now));
    for (const frame of frames) this.note(await this.server.receiveFrame(id, frame, this.now));
  }

  /** What everyone who is asked would answer. */
  async answers(): Promise<Map<string, Answer>> {
    const found = new Map<string, Answer>();
    for (const id of this.ids) {
      const message: ServerMessage | null = this.server.messageFor(id);
      if (message !== null) found.set(id, await this.answer(id, message));
    }
    return found;
  }

  /** Ends the phase: with everyone's answer at once, else at its deadline. */
  async close(phase: string): Promise<void> {
    if (this.phase === phase) {
      this.now = this.server.state().deadline!;
      this.note(this.server.tick(this.now));
    }
    if (this.phase === 'verify') this.note(await this.server.verify(this.now));
    if (this.phase === 'charge') this.note(this.server.charged(this.now));
    if (this.phase === 'reconstruct') this.note(await this.server.unmask(this.now));
  }

  /** One phase with these members' answers (default: everyone's). */
  async step(present: (id: string) => boolean = () => true, known?: Map<string, Answer>): Promise<void> {
    const { phase } = this;
    for (const [id, answer] of known ?? (await this.answers())) {
      if (present(id) && this.phase === phase) await this.deliver(id, answer);
    }
    await this.close(phase);
  }

  /** Goes on until the round is at `phase` or over; members in `gone` stay silent. */
  async until(phase: string, gone: ReadonlySet<string> = new Set()): Promise<this> {
    while (this.phase !== phase && this.phase !== 'done' && this.phase !== 'aborted') {
      await this.step((id) => !gone.has(id));
    }
    return this;
  }

  sum(): Uint32Array {
    const sum = new Uint32Array(this.context.parameters.dimension);
    for (const { first, words } of this.server.result()) sum.set(words, first);
    return sum;
  }
}
