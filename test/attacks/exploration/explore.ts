/**
 * Breadth-first over everything that a coordinator can bring the honest members of one round to, so that what is found is
 * found by a shortest way. States that differ in who is who are one: members differ in their place in the roster only,
 * which decides nothing.
 */
import { lost } from './knowledge.ts';
import { type Members, type Move, membersOf, type Node, pathOf, spellMove } from './members.ts';
import { successors, type Table } from './menu.ts';

export interface Explored {
  /** What the coordinator got and may not have, or null. */
  found: string | null;
  /** Messages of the coordinator on the way there. */
  trace: string[];
  states: number;
}

/** Far above what any exploration here has; a change that makes more must be looked at. */
const MOST_STATES = 200_000;

function permutations(places: readonly number[]): number[][] {
  if (places.length === 0) return [[]];
  return places.flatMap((first) =>
    permutations(places.filter((place) => place !== first)).map((rest) => [first, ...rest]),
  );
}

const permuted = (set: number, to: readonly number[]): number =>
  membersOf(set).reduce((all, member) => all | (1 << to[member]!), 0);

function renamed(move: Move, to: readonly number[]): string {
  const fields = Object.entries(move).map(([name, value]) =>
    name === 'kind' ? value : permuted(value as number, to),
  );
  return fields.join(':');
}

/** Moves that what follows depends on: who shared and does not mask plays no part any more. */
function bearing({ moves }: Node): readonly Move[] {
  if (!moves.some(({ kind }) => kind === 'maskers')) return moves;
  return moves.map((move) => (move.kind === 'parcels' ? { ...move, among: 0 } : move));
}

/** One name for all states that differ in who is who. */
function namer(members: Members, honest: number): (nodes: readonly (Node | null)[]) => string {
  const places = Array.from({ length: members.size.members }, (_, place) => place);
  const orders = permutations(places.slice(0, honest)).flatMap((first) =>
    permutations(places.slice(honest)).map((rest) => [...first, ...rest]),
  );
  const spelled = new Map<Node, string[]>();
  return (nodes) => {
    let least: string | null = null;
    for (const [index, order] of orders.entries()) {
      const parts = new Array<string>(honest).fill('');
      for (const node of nodes) {
        if (node === null) continue;
        const all = spelled.get(node) ?? [];
        spelled.set(node, all);
        all[index] ??= bearing(node)
          .map((move) => renamed(move, order))
          .join(' ');
        parts[order[node.member]!] = all[index]!;
      }
      const name = parts.join('|');
      if (least === null || name < least) least = name;
    }
    return least!;
  };
}

/** What others have said, as far as a coordinator can put it before this member: else its answers are the same. */
function shownTo({ moves }: Node, nodes: readonly (Node | null)[]): string {
  const kinds = moves.length === 1 ? [] : ['advertisements', ...(moves.length < 5 ? [] : ['survivors'])];
  return nodes.map((node) => node?.moves.filter(({ kind }) => kinds.includes(kind)).map(spellMove)).join('|');
}

function spell(members: Members, node: Node): string {
  const lists = Object.entries(node.moves.at(-1)!).map(([name, value]) =>
    name === 'kind' ? value : `${name} {${members.names(value as number)}}`,
  );
  return `${members.name(node.member)}: ${lists.join(' ')}`;
}

/** A run with everybody in every list, up to so many messages. */
async function ordinaryRun(members: Members, honest: number, length: number): Promise<Node[]> {
  const all = members.size.members;
  const everybody = (1 << all) - 1;
  let nodes = await Promise.all(
    Array.from({ length: all }, async (_, member) => (await members.begin(member, 0, null))!),
  );
  for (let step = 1; step < length; step++) {
    const before = nodes;
    const table: Table = { honest: before, colluding: new Map(), earlier: [] };
    nodes = await Promise.all(
      before.map(async (node) => {
        const next = await successors(members, node, table);
        const full = ({ moves }: Node) => {
          const last = moves.at(-1)!;
          return (
            !('among' in last) || (last.among === everybody && (!('dropped' in last) || last.dropped === 0))
          );
        };
        return next.find(full)!;
      }),
    );
  }
  return nodes.filter(({ member }) => member < honest);
}

export interface Exploration {
  /** The last so many members collude with the coordinator. */
  colluding: number;
  /** Messages that everybody was sent in a run before, of which the coordinator then says that it is over. */
  earlier?: number;
  judge?: typeof lost;
}

export async function explore(
  members: Members,
  { colluding, earlier = 0, judge = lost }: Exploration,
): Promise<Explored> {
  const all = members.size.members;
  const honest = all - colluding;
  const before = earlier === 0 ? [] : await ordinaryRun(members, honest, earlier);
  const colluders = new Map<number, Node>();
  for (let member = honest; member < all; member++)
    colluders.set(member, (await members.begin(member, 1, null))!);
  const start: (Node | null)[] = [];
  for (let member = 0; member < honest; member++)
    start.push(await members.begin(member, 1, before[member] ?? null));

  const nameOf = namer(members, honest);
  const known = new Map<string, Node[]>();
  const queue: { nodes: (Node | null)[]; from: number; by: Node | null }[] = [
    { nodes: start, from: -1, by: null },
  ];
  const seen = new Set([nameOf(start)]);
  for (let at = 0; at < queue.length; at++) {
    const { nodes } = queue[at]!;
    const found = judge(members, [...before, ...nodes.filter((node) => node !== null)]);
    if (found !== null) {
      const trace: string[] = [];
      for (let on = at; queue[on]!.by !== null; on = queue[on]!.from)
        trace.unshift(spell(members, queue[on]!.by!));
      return { found, trace, states: seen.size };
    }
    const table: Table = { honest: nodes, colluding: colluders, earlier: before };
    for (const node of nodes) {
      if (node === null) continue;
      const key = `${pathOf(node)} ${shownTo(node, nodes)}`;
      const next = known.get(key) ?? (await successors(members, node, table));
      known.set(key, next);
      for (const by of next) {
        const then = nodes.with(by.member, by);
        const name = nameOf(then);
        if (seen.has(name)) continue;
        seen.add(name);
        queue.push({ nodes: then, from: at, by });
      }
    }
    if (seen.size > MOST_STATES) throw new Error(`more than ${MOST_STATES} states`);
  }
  return { found: null, trace: [], states: seen.size };
}
