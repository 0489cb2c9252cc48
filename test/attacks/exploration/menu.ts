/** Everything that a coordinator can put before one honest member: of each kind all lists, and whatever others have said. */
import type { ConsistencyMessage, ServerMessage } from '../../../shared/protocol/secagg.ts';
import { has, type Members, type Move, membersOf, moveOf, type Node, sizeOf, spellMove } from './members.ts';

/** What there is to choose from. */
export interface Table {
  /** In the run under way, by member; null for one that did not join it, and for those that collude. */
  honest: readonly (Node | null)[];
  /** Members that collude have begun every run, and go on as is asked of them. */
  colluding: ReadonlyMap<number, Node>;
  /** What everybody said in an earlier run. */
  earlier: readonly Node[];
}

interface Offer {
  move: Move;
  key: string;
  make: () => Promise<ServerMessage>;
}

const subsetsOf = (set: number): number[] =>
  Array.from({ length: set + 1 }, (_, subset) => subset).filter((subset) => (subset & ~set) === 0);

/** Lists that could be right are tried at every step, all others where the message is due. */
function isTried(members: Members, to: Node, kind: Move['kind'], due: boolean, list: number): boolean {
  const answered = moveOf(to, kind) !== undefined;
  return (due && !answered) || (has(list, to.member) && sizeOf(list) >= members.size.threshold);
}

function advertisementOffers(members: Members, to: Node, table: Table): Offer[] {
  const old = table.earlier.reduce((set, { member }) => set | (1 << member), 0);
  const honest = table.honest.reduce((set, node, member) => (node === null ? set : set | (1 << member)), 0);
  return subsetsOf((1 << members.size.members) - 1).flatMap((among) => {
    if (!isTried(members, to, 'advertisements', to.moves.length === 1, among)) return [];
    return subsetsOf(among & old & honest).flatMap((older) => {
      const nodes = membersOf(among).map((member) =>
        has(older, member)
          ? table.earlier.find((node) => node.member === member)!
          : (table.colluding.get(member) ?? table.honest[member]!),
      );
      if (nodes.includes(null as never)) return [];
      const move: Move = { kind: 'advertisements', among, older };
      return [{ move, key: spellMove(move), make: async () => members.advertisements(nodes) }];
    });
  });
}

/** What a colluding member deals in the attempt that an honest one was told of. */
async function dealtBy(members: Members, colluder: Node, to: Node, table: Table): Promise<Node> {
  const told = moveOf(to, 'advertisements')!;
  const offer = advertisementOffers(members, to, table).find(({ key }) => key === spellMove(told))!;
  return (await members.answer(colluder, told, offer.key, offer.make))!;
}

function parcelOffers(members: Members, to: Node, table: Table): Offer[] {
  const told = moveOf(to, 'advertisements');
  if (told === undefined) return [];
  const old = table.earlier
    .filter((node) => moveOf(node, 'advertisements') !== undefined && table.honest[node.member] !== null)
    .reduce((set, { member }) => set | (1 << member), 0);
  return subsetsOf((1 << members.size.members) - 1).flatMap((among) => {
    if (!isTried(members, to, 'parcels', to.moves.length === 2, among)) return [];
    return subsetsOf(among & old & ~(1 << to.member)).flatMap((older) => {
      const move: Move = { kind: 'parcels', among, older };
      const dealers = membersOf(among & ~(1 << to.member));
      const sources = dealers.map((dealer) =>
        has(older, dealer) ? table.earlier.find(({ member }) => member === dealer)! : table.honest[dealer]!,
      );
      const dealt = sources.map((node) => node && moveOf(node, 'advertisements'));
      if (dealers.some((dealer, i) => !table.colluding.has(dealer) && !dealt[i])) return [];
      if (dealers.some((dealer) => table.colluding.has(dealer) && !has(told.among, dealer))) return [];
      const key = `${spellMove(move)} ${dealt.map((each) => each && spellMove(each)).join(' ')}`;
      const make = async () => {
        const nodes = await Promise.all(
          dealers.map((dealer, i) => {
            const colluder = table.colluding.get(dealer);
            return colluder === undefined ? sources[i]! : dealtBy(members, colluder, to, table);
          }),
        );
        return members.parcels(to.member, among, nodes);
      };
      return [{ move, key, make }];
    });
  });
}

function maskerOffers(members: Members, to: Node): Offer[] {
  if (moveOf(to, 'parcels') === undefined) return [];
  return subsetsOf((1 << members.size.members) - 1).flatMap((among) => {
    if (!isTried(members, to, 'maskers', to.moves.length === 3, among)) return [];
    const move: Move = { kind: 'maskers', among };
    const make = async (): Promise<ServerMessage> => ({
      ...{ kind: 'maskers', ...members.header(), maskers: members.names(among) },
    });
    return [{ move, key: spellMove(move), make }];
  });
}

/** Right partitions, and those with one member in both lists or in neither. */
function survivorOffers(members: Members, to: Node): Offer[] {
  const maskers = moveOf(to, 'maskers')?.among;
  if (maskers === undefined) return [];
  return subsetsOf((1 << members.size.members) - 1).flatMap((among) => {
    if (!isTried(members, to, 'survivors', to.moves.length === 4, among)) return [];
    const rest = maskers & ~among;
    const others = membersOf(maskers).map((member) => rest ^ (1 << member));
    return [rest, ...others].map((dropped) => {
      const move: Move = { kind: 'survivors', among, dropped };
      const make = async (): Promise<ServerMessage> => ({
        ...{ kind: 'survivors', ...members.header() },
        ...{ survivors: members.names(among), dropped: members.names(dropped) },
      });
      return { move, key: spellMove(move), make };
    });
  });
}

/** A signature and where it is from; null for one that is made on the spot. */
interface Signed {
  member: number;
  key: string;
  signature: string | null;
}

const consistencyOf = (node: Node) =>
  node.replies.flatMap((reply, i) =>
    reply.kind === 'consistency'
      ? [{ reply: reply as ConsistencyMessage, list: spellMove(node.moves[i]!) }]
      : [],
  );

/** Signatures over the same lists, and whatever else members signed in the place of those that are missing. */
function signatureOffers(members: Members, to: Node, table: Table): Offer[] {
  const own = consistencyOf(to).at(-1);
  const told = to.moves.findLast((move) => move.kind === 'survivors');
  if (own === undefined || told?.kind !== 'survivors') return [];
  const { attempt } = to.state;
  const lists = [members.names(told.among), members.names(told.dropped)] as const;
  return ['same', 'earlier', 'any'].map((choice): Offer => {
    const chosen = membersOf(told.among).flatMap((member): Signed[] => {
      if (table.colluding.has(member)) return [{ member, key: 'own', signature: null }];
      const node = table.honest[member] ?? null;
      const said = node === null ? [] : consistencyOf(node);
      const earlier = table.earlier.filter((each) => each.member === member).flatMap(consistencyOf);
      const same = said.find(({ list }) => list === own.list);
      const found =
        same ?? (choice === 'same' ? undefined : choice === 'any' ? (said[0] ?? earlier[0]) : earlier[0]);
      if (found === undefined) return [];
      const of = said.includes(found) ? spellMove(moveOf(node!, 'advertisements')!) : 'earlier';
      return [{ member, key: `${of} ${found.list}`, signature: found.reply.signature }];
    });
    const make = async (): Promise<ServerMessage> => {
      const signatures = await Promise.all(
        chosen.map(async ({ member, signature }) => ({
          from: members.name(member),
          signature: signature ?? (await members.signed(member, attempt, ...lists)),
        })),
      );
      return { kind: 'signatures', ...members.header(), signatures };
    };
    const key = `signatures ${chosen.map(({ member, key }) => `${member} ${key}`).join(', ')}`;
    return { move: { kind: 'signatures' }, key, make };
  });
}

/** Where a member can come to by one message that it does not refuse. */
export async function successors(members: Members, to: Node, table: Table): Promise<Node[]> {
  const offers = [
    ...advertisementOffers(members, to, table),
    ...parcelOffers(members, to, table),
    ...maskerOffers(members, to),
    ...survivorOffers(members, to),
    ...signatureOffers(members, to, table),
  ];
  const found = new Map<string, Node>();
  for (const { move, key, make } of offers) {
    if (found.has(spellMove(move))) continue;
    const next = await members.answer(to, move, key, make);
    if (next !== null) found.set(spellMove(move), next);
  }
  return [...found.values()];
}
