/**
 * Honest members of an explored round: the shipped guard and the shipped step over real keys, each called once for every
 * way in which the member can have come there. A member is known by its moves, the messages that it took in order; who is
 * in a list is a bit. Runs are told apart by what a member drew: a second one can only begin where the guard lets it.
 */

import { rosterRefusal } from '../../../shared/participant/refusals.ts';
import { type Joined, RoundGuard } from '../../../shared/participant/round-guard.ts';
import { roundGrid } from '../../../shared/privacy/fixed-point.ts';
import type { CountRound } from '../../../shared/protocol/rounds.ts';
import {
  type Advertisement,
  type ClientMessage,
  SECAGG_PROTOCOL,
  type ServerMessage,
  type ShareMessage,
} from '../../../shared/protocol/secagg.ts';
import { secureParameters } from '../../../shared/round/secure-round.ts';
import { advertisementHash } from '../../../shared/secagg/binding.ts';
import type { ClientState } from '../../../shared/secagg/client-state.ts';
import { clientStep } from '../../../shared/secagg/client-step.ts';
import { type RoundContext, roundContext } from '../../../shared/secagg/context.ts';
import { ProtocolError } from '../../../shared/secagg/errors.ts';
import { dealtTo } from '../../../shared/secagg/server-checks.ts';
import { signMessage } from '../../../shared/secagg/signing.ts';
import { vectorSource } from '../../helpers/vector-source.ts';
import { type Cohort, cohort, seededRandom, seededVector, trustOf } from '../../unit/shared/secagg/cohort.ts';

export const has = (set: number, member: number): boolean => (set >> member) % 2 === 1;
export const membersOf = (set: number): number[] =>
  Array.from({ length: 5 }, (_, member) => member).filter((member) => has(set, member));
export const sizeOf = (set: number): number => membersOf(set).length;

/** `older`: those of whom something of the earlier run is put in. */
export type Move =
  | { kind: 'invite' }
  | { kind: 'advertisements'; among: number; older: number }
  | { kind: 'parcels'; among: number; older: number }
  | { kind: 'maskers'; among: number }
  | { kind: 'survivors'; among: number; dropped: number }
  | { kind: 'signatures' };

/** What a member came to by its moves. */
export interface Node {
  member: number;
  run: number;
  moves: readonly Move[];
  replies: readonly ClientMessage[];
  state: ClientState;
  /** Whether its own ledger holds the round. */
  charged: boolean;
  before: Node | null;
}

/** The shipped step, or one with a check taken out of it. */
export type Step = (before: Node | null, ...rest: StepRest) => ReturnType<typeof clientStep>;
type StepRest = [message: unknown, env: Parameters<typeof clientStep>[2]];
export const shippedStep: Step = (before, ...rest) => clientStep(before?.state ?? null, ...rest);

/** What is kept of the serial joined last when a member is asked to join again. */
export type Keeping = (joined: Joined | null) => Joined | null;

export interface Size {
  members: number;
  threshold: number;
  /** m, as the roster has it. */
  colluders: number;
}

const ENCODER = 'e'.repeat(64);
const NOW = 1_000_000;

/** The shipped guard over what is kept of the last round, and a ledger that has room. */
function guardOf(last: Joined | null, charged: () => void = () => {}): RoundGuard {
  let joined = last;
  return new RoundGuard({
    rules: () => null,
    ledger: {
      refuses: () => null,
      charge() {
        charged();
        return null;
      },
    },
    joined: {
      get: () => joined,
      set: (next) => {
        joined = next;
      },
    },
    now: () => NOW,
    retentionMs: 1e9,
  });
}

export class Members {
  readonly size: Size;
  readonly group: Cohort;
  readonly context: RoundContext;
  readonly #spec: CountRound;
  readonly #step: Step;
  readonly #keeping: Keeping;
  readonly #known = new Map<string, Promise<Node | null>>();
  /** Calls of the step. */
  calls = 0;

  private constructor(size: Size, group: Cohort, step: Step, keeping: Keeping) {
    this.size = size;
    this.group = group;
    this.#step = step;
    this.#keeping = keeping;
    const grid = { dimension: 4, clipNorm: 1, gridStep: roundGrid(4, 1).step, bits: 32 };
    this.#spec = {
      ...{ id: 'run.0', collection: 'help', kind: 'count', sample: { kind: 'all' }, noiseMultiplier: 5 },
      ...{ ...grid, aggregation: 'secure', lineage: 'first', rowsAt: 4, serial: 1, startedAt: NOW, from: 0 },
      ...{ manifest: { key: 'm', hash: '0'.repeat(64), bytes: 0, parts: 0 }, passages: null, cohort: size },
    };
    const { roster } = group.roster;
    this.context = roundContext(secureParameters(this.#spec, roster, ENCODER, 100), roster);
  }

  static async of(size: Size, step: Step = shippedStep, keeping: Keeping = (joined) => joined) {
    const { members, threshold, colluders } = size;
    return new Members(size, await cohort(members, { threshold, colluders }), step, keeping);
  }

  name(member: number): string {
    return this.context.members[member]!;
  }

  names(set: number): string[] {
    return membersOf(set).map((member) => this.name(member));
  }

  /** Begins a run, where the guard and the step let it. `earlier`: the run that was joined before. */
  begin(member: number, run: number, earlier: Node | null): Promise<Node | null> {
    return this.#once(`${member} ${run} ${earlier !== null}`, async () => {
      const { roster, signers } = this.group;
      const task = { serial: this.#spec.serial, task: this.context.parameters.taskHash };
      const guard = guardOf(this.#keeping(earlier === null ? null : task));
      if (guard.join(this.#spec) !== null) return null;
      const privacy = { threshold: null, colluders: this.size.colluders, completeUpTo: 100 };
      const { parameters } = this.context;
      const message = { kind: 'invite', protocol: SECAGG_PROTOCOL, parameters, roster, chain: [] };
      const approve = () =>
        rosterRefusal(this.#spec, roster.roster, privacy) ?? guard.stops(this.#spec)?.message ?? null;
      return this.#take(null, member, run, { kind: 'invite' }, message as ServerMessage, {
        ...{ self: this.name(member), signer: signers.get(this.name(member))! },
        trust: { ...trustOf(this.group), approve },
      });
    });
  }

  /** @param key names all that the message is made of. @returns null when the member refuses it */
  answer(node: Node, move: Move, key: string, make: () => Promise<ServerMessage>): Promise<Node | null> {
    return this.#once(`${pathOf(node)} ${key}`, async () => {
      const self = this.name(node.member);
      const env = { self, signer: this.group.signers.get(self)!, trust: trustOf(this.group) };
      return this.#take(node, node.member, node.run, move, await make(), env);
    });
  }

  #once(key: string, make: () => Promise<Node | null>): Promise<Node | null> {
    const known = this.#known.get(key) ?? make();
    this.#known.set(key, known);
    return known;
  }

  async #take(
    before: Node | null,
    member: number,
    run: number,
    move: Move,
    message: ServerMessage,
    env: Omit<Parameters<Step>[2], 'random'>,
  ): Promise<Node | null> {
    this.calls++;
    let charged = before?.charged ?? false;
    const guard = guardOf({ serial: this.#spec.serial, task: this.context.parameters.taskHash }, () => {
      charged = true;
    });
    const charge = () => {
      const refused = guard.charge(this.#spec);
      if (refused !== null) throw refused;
    };
    const full = {
      ...env,
      trust: { ...env.trust, charge },
      random: seededRandom(`${env.self} ${run} ${move.kind}`),
      input: vectorSource(seededVector(`${env.self} ${run}`, 4)),
      putFrame: () => {},
    };
    try {
      const { state, reply, repeated } = await this.#step(before, message, full);
      if (repeated) return null;
      // A member whose job is under way may be asked again, whatever was restored: it says the very same.
      const again = await clientStep(state, message, { ...full, random: seededRandom('again') });
      if (JSON.stringify(again.reply) !== JSON.stringify(reply)) throw new Error(`${move.kind}: said twice`);
      const moves = [...(before?.moves ?? []), move];
      return { member, run, moves, replies: [...(before?.replies ?? []), reply], state, charged, before };
    } catch (error) {
      if (error instanceof ProtocolError) return null;
      throw error;
    }
  }

  header() {
    return { protocol: SECAGG_PROTOCOL, parametersHash: this.context.parametersHash } as const;
  }

  advertisements(nodes: readonly Node[]): ServerMessage {
    const advertisements = nodes.map((node) => node.replies[0] as Advertisement);
    const participants = advertisements.map(({ sender }) => sender);
    const hashes = advertisements.map(advertisementHash);
    return { kind: 'advertisements', ...this.header(), participants, hashes, advertisements };
  }

  parcels(to: number, sharers: number, dealers: readonly Node[]): ServerMessage {
    const parcels = dealers.flatMap(({ replies }) => {
      const dealt = replies[1] as ShareMessage;
      const parcel = dealt.parcels.find((each) => each.to === this.name(to));
      if (parcel === undefined) return [];
      const { box, signature } = parcel;
      return [{ from: dealt.sender, box, signature, ...dealtTo(this.context, dealt, this.name(to)) }];
    });
    return { kind: 'parcels', ...this.header(), sharers: this.names(sharers), parcels };
  }

  /** What a colluding member signs, which is anything. */
  async signed(member: number, attempt: string, survivors: string[], dropped: string[]): Promise<string> {
    const message = {
      kind: 'consistency',
      ...this.header(),
      attempt,
      sender: this.name(member),
      keyShares: [],
    };
    const signer = this.group.signers.get(this.name(member))!;
    const { signature } = await signMessage(signer, message as never, { survivors, dropped });
    return signature;
  }
}

export const spellMove = (move: Move): string => Object.values(move).join(':');
export const pathOf = (node: Node): string =>
  `${node.member}@${node.run} ${node.moves.map(spellMove).join(' ')}`;
export const moveOf = <K extends Move['kind']>(node: Node, kind: K) =>
  node.moves.find((move): move is Extract<Move, { kind: K }> => move.kind === kind);
