/** What both sides derive from a round's parameters and roster: positions, keys, neighbourhoods, thresholds. */
import { fromBase64Url } from '../crypto/bytes.ts';
import type { Cohort } from '../privacy/noise-share.ts';
import type { Roster, RoundParameters } from '../protocol/secagg.ts';
import { refuse } from './errors.ts';
import { buildGraph } from './graph.ts';
import { parametersHash } from './parameters.ts';

export interface RoundContext {
  readonly parameters: RoundParameters;
  readonly parametersHash: string;
  readonly threshold: number;
  /** n, t and m. */
  readonly cohort: Cohort;
  /** Shares that restore one member's secret. */
  readonly shareThreshold: number;
  /** Ids in the roster's order. */
  readonly members: readonly string[];
  /** Place in the roster. */
  position(id: string): number;
  /** The registered Ed25519 key. */
  identityKey(id: string): Uint8Array;
  /** Those who hold shares of a member's secrets: its neighbours and itself, in the roster's order. */
  holders(id: string): readonly string[];
  /** The same without the member itself. */
  neighbours(id: string): readonly string[];
  /** A member's point in Shamir's scheme. */
  point(id: string): number;
}

export function roundContext(parameters: RoundParameters, roster: Roster): RoundContext {
  const members = roster.members.map(({ id }) => id);
  const positions = new Map(members.map((id, position) => [id, position]));
  const holders = new Map<string, readonly string[]>();
  const graph = buildGraph(parameters.graph, members.length);
  const holdersOf = (id: string): readonly string[] => {
    const known = holders.get(id);
    if (known !== undefined) return known;
    const places = [...graph.neighbours(position(id)), position(id)].sort((a, b) => a - b);
    const found = places.map((at) => members[at]!);
    holders.set(id, found);
    return found;
  };
  const position = (id: string) => positions.get(id) ?? refuse('malformed', `${id}: not in the roster`);
  return {
    parameters,
    parametersHash: parametersHash(parameters),
    threshold: parameters.threshold,
    cohort: {
      members: members.length,
      threshold: parameters.threshold,
      colluders: parameters.colluders,
    },
    shareThreshold:
      parameters.graph.kind === 'complete' ? parameters.threshold : parameters.graph.shareThreshold,
    members,
    position,
    identityKey: (id) => fromBase64Url(roster.members[position(id)]!.key, 32),
    holders: holdersOf,
    neighbours: (id) => holdersOf(id).filter((other) => other !== id),
    point: (id) => position(id) + 1,
  };
}

/** Lists have one spelling: the roster's order, nobody twice, nobody unknown. */
export function checkList(context: RoundContext, field: string, ids: readonly string[]): Set<string> {
  let last = -1;
  for (const id of ids) {
    const position = context.position(id);
    if (position <= last) refuse('malformed', `${field}: ${id} is not in the roster's order`);
    last = position;
  }
  return new Set(ids);
}

/**
 * Checks a list of those who go on together: out of `of`, at least t, this member with enough of its holders among them.
 * @returns this member's neighbours on it, in the roster's order
 */
export function checkAmong(
  context: RoundContext,
  self: string,
  field: string,
  list: readonly string[],
  of: readonly string[],
): string[] {
  const named = checkList(context, field, list);
  if (named.size < context.threshold) {
    refuse('below-threshold', `${field}: ${named.size} is below ${context.threshold}`);
  }
  const known = new Set(of);
  for (const id of named) if (!known.has(id)) refuse('malformed', `${field}: ${id} missed an earlier phase`);
  if (!named.has(self)) refuse('malformed', `${field}: ${self} is missing`);
  const peers = context.neighbours(self).filter((id) => named.has(id));
  if (peers.length + 1 < context.shareThreshold) {
    refuse('below-threshold', `holders: ${peers.length + 1} is below ${context.shareThreshold}`);
  }
  return peers;
}

export function sameList(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((id, i) => id === b[i]);
}
