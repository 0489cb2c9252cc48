/**
 * N participants and a coordinator in one process, running the very code that a deployment runs, over a network that
 * delays, loses, reorders and duplicates. Time is virtual and the network's chances come from a seed, so that every
 * run can be had again. Participants poll, and send again what was lost: answers are stored, so that changes nothing.
 */
import type { Signer } from '../crypto/ed25519.ts';
import type { RandomSource } from '../crypto/random.ts';
import type { ClientMessage, ServerMessage } from '../protocol/secagg.ts';
import { SecaggClient, type SecaggClientStore } from './client.ts';
import type { ClientTrust, VectorSource } from './client-state.ts';
import { ProtocolError } from './errors.ts';
import { SecaggServer, type SecaggServerStore, type ServerAnswer } from './server.ts';
import type { MessagePhase, ServerState } from './server-state.ts';
import type { ServerConfig } from './server-step.ts';
import { isOver } from './server-step.ts';
import { type NetworkConditions, VirtualNetwork } from './virtual-network.ts';

export interface SimulatedMember {
  id: string;
  signer: Signer;
  input: VectorSource;
  trust: ClientTrust;
  store: SecaggClientStore;
  /** Answers up to the phase before this one, and is never heard of again. */
  vanishesAt?: MessagePhase;
  /** When it vanishes at `masked`: how many frames of its vector it still sends after announcing them. */
  framesBeforeVanishing?: number;
}

export interface Simulation {
  config: ServerConfig;
  members: readonly SimulatedMember[];
  serverStore: SecaggServerStore;
  network: NetworkConditions;
  random: RandomSource;
  /** Milliseconds between a member's questions. */
  pollMs?: number;
  /** What the ledger says when asked to charge; true by default. */
  charge?: () => boolean;
  /** Measures what each side does; the default only runs it. */
  meter?: (actor: string, phase: string, work: () => Promise<void>) => Promise<void>;
}

export interface SimulationResult {
  state: ServerState;
  /** Null when the round was aborted. */
  sum: Uint32Array | null;
  /** Refusals of members, by id. */
  refusals: Record<string, ProtocolError>;
  /** Control and frames, as JSON and as they are. */
  bytes: Record<string, { up: number; down: number }>;
  virtualMs: number;
}

const KIND_OF: Record<ServerMessage['kind'], MessagePhase> = {
  invite: 'advertise',
  advertisements: 'share',
  parcels: 'checked',
  maskers: 'masked',
  survivors: 'consistency',
  signatures: 'unmask',
};

class RoundSimulation {
  readonly #setup: Simulation;
  readonly #server: SecaggServer;
  readonly #network: VirtualNetwork;
  readonly #clients = new Map<string, SecaggClient>();
  readonly #result: Pick<SimulationResult, 'refusals' | 'bytes'> = { refusals: {}, bytes: {} };

  constructor(setup: Simulation) {
    this.#setup = setup;
    this.#server = new SecaggServer(setup.serverStore);
    this.#network = new VirtualNetwork(setup.network);
    for (const { id, signer, trust, store } of setup.members) {
      const { random } = setup;
      this.#clients.set(id, new SecaggClient({ self: id, signer, trust, store, random }));
      this.#result.bytes[id] = { up: 0, down: 0 };
    }
  }

  async run(): Promise<SimulationResult> {
    await this.#follow(this.#server.open(this.#setup.config, 0));
    for (const member of this.#setup.members) this.#poll(member, 0);
    await this.#network.run(() => isOver(this.#server.state()));
    const state = this.#server.state();
    return {
      ...this.#result,
      state,
      sum: state.phase === 'done' ? this.#sum(state) : null,
      virtualMs: this.#network.now,
    };
  }

  #sum(state: ServerState): Uint32Array {
    const sum = new Uint32Array(state.parameters.dimension);
    for (const { first, words } of this.#server.result()) sum.set(words, first);
    return sum;
  }

  #meter(actor: string, phase: string, work: () => Promise<void>): Promise<void> {
    return (this.#setup.meter ?? ((_actor, _phase, run) => run()))(actor, phase, work);
  }

  /** What follows is measured by itself, not as a part of what it follows from. */
  async #serve(phase: string, call: () => Promise<ServerAnswer>): Promise<void> {
    const answers: ServerAnswer[] = [];
    await this.#meter('server', phase, async () => void answers.push(await call()));
    for (const answer of answers) await this.#follow(answer);
  }

  /** Does what a coordinator does with the effects. */
  async #follow(answer: ServerAnswer): Promise<void> {
    for (const effect of answer.effects) {
      const { now } = this.#network;
      if (effect.kind === 'phase') {
        this.#network.at(effect.deadline, async () => this.#follow(this.#server.tick(this.#network.now)));
      } else if (effect.kind === 'verify') {
        await this.#serve('verify', () => this.#server.verify(now));
      } else if (effect.kind === 'charge') {
        const paid = this.#setup.charge?.() ?? true;
        await this.#follow(paid ? this.#server.charged(now) : this.#server.abort('the budget is spent', now));
      } else if (effect.kind === 'reconstruct') {
        await this.#serve('reconstruct', () => this.#server.unmask(now));
      }
    }
  }

  /** A member asks what is wanted of it, again and again until it vanishes, refuses, or the round ends. */
  #poll(member: SimulatedMember, at: number): void {
    this.#network.at(at, async () => {
      if (this.#result.refusals[member.id] !== undefined || isOver(this.#server.state())) return;
      this.#network.send(async () => {
        let text = 'null';
        await this.#meter('server', 'messages', async () => {
          text = JSON.stringify(this.#server.messageFor(member.id));
        });
        if (text === 'null') return;
        this.#network.send(async () => {
          this.#result.bytes[member.id]!.down += text.length;
          await this.#answer(member, JSON.parse(text) as ServerMessage);
        });
      });
      this.#poll(member, this.#network.now + (this.#setup.pollMs ?? 500));
    });
  }

  async #answer(member: SimulatedMember, message: ServerMessage): Promise<void> {
    const phase = KIND_OF[message.kind];
    const gone = member.vanishesAt === phase;
    if (gone && !(phase === 'masked' && member.framesBeforeVanishing !== undefined)) return;
    const client = this.#clients.get(member.id)!;
    try {
      await this.#meter(member.id, phase, async () => {
        this.#deliver(member, await client.handle(message, member.input));
        if (phase !== 'masked') return;
        let left = gone ? member.framesBeforeVanishing! : Number.POSITIVE_INFINITY;
        for await (const frame of client.frames()) if (left-- > 0) this.#deliverFrame(member, frame);
      });
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#result.refusals[member.id] = error;
    }
  }

  #deliver(member: SimulatedMember, reply: ClientMessage): void {
    const text = JSON.stringify(reply);
    this.#result.bytes[member.id]!.up += text.length;
    this.#network.send(async () => {
      const { now } = this.#network;
      await this.#serve(reply.kind, () => this.#server.receive(member.id, JSON.parse(text), now));
    });
  }

  #deliverFrame(member: SimulatedMember, frame: Uint8Array): void {
    this.#result.bytes[member.id]!.up += frame.length;
    this.#network.send(async () => {
      const { now } = this.#network;
      await this.#serve('masked', () => this.#server.receiveFrame(member.id, frame, now));
    });
  }
}

export function simulate(setup: Simulation): Promise<SimulationResult> {
  return new RoundSimulation(setup).run();
}
