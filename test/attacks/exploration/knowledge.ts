/**
 * What a coordinator and the members that collude with it can compute of what honest members said: whose secrets they
 * restore, over which honest vectors they have the sum, how much noise is left in it, and whose ledgers hold it. Shares, keys and vectors are
 * tokens here; who said what is read off the members' real answers.
 */
import { survivorTiers } from '../../../shared/privacy/noise-share.ts';
import type { ClientMessage } from '../../../shared/protocol/secagg.ts';
import { has, type Members, membersOf, moveOf, type Node } from './members.ts';

type Reply<K extends ClientMessage['kind']> = Extract<ClientMessage, { kind: K }>;
const saidBy = <K extends ClientMessage['kind']>(node: Node, kind: K) =>
  node.replies.filter((reply): reply is Reply<K> => reply.kind === kind);

/** An honest member's part in one run, as the coordinator knows it. */
interface Part {
  node: Node;
  masked: boolean;
  seed: boolean;
  key: boolean;
  /** The share of (zΔ)² that stays in its vector. */
  noise: number;
}

/** The parts whose shares these are: a parcel of an earlier run brings shares of that run's secrets. */
function dealtIn(holder: Node, dealer: number): number {
  const parcels = moveOf(holder, 'parcels');
  return parcels !== undefined && has(parcels.older, dealer) ? 0 : holder.run;
}

function restored(members: Members, nodes: readonly Node[], dealer: Node, kind: 'seedShares' | 'keyShares') {
  const { threshold } = members.size;
  const told = moveOf(dealer, 'advertisements');
  if (told === undefined) return false;
  const honest = new Set(nodes.map(({ member }) => member));
  const holders = new Set(membersOf(told.among).filter((member) => !honest.has(member)));
  for (const holder of nodes) {
    if (!has(told.among, holder.member)) continue;
    const name = members.name(dealer.member);
    const said = [...saidBy(holder, 'unmask'), ...saidBy(holder, 'consistency')];
    const shares = said.flatMap((reply) => (kind in reply ? (reply as never)[kind] : []) as { of: string }[]);
    const reveals = shares.some(({ of }) => of === name) && dealtIn(holder, dealer.member) === dealer.run;
    // The secret of the one key that the dealer's parcel was sealed to opens it: both shares are in it.
    const sealedTo = has(told.older, holder.member) ? 0 : dealer.run;
    const accuses = saidBy(holder, 'checked').some(({ accused }) =>
      accused.some((each) => each.dealer === name),
    );
    if (reveals || (accuses && sealedTo === holder.run)) holders.add(holder.member);
  }
  return holders.size >= threshold;
}

function partOf(members: Members, nodes: readonly Node[], node: Node): Part {
  const { size } = members;
  const [masked] = saidBy(node, 'masked');
  const revealed = Math.max(0, ...saidBy(node, 'unmask').map(({ surplusSeeds }) => surplusSeeds.length));
  const tier = survivorTiers(size)[(masked?.surplus.length ?? 0) - revealed]!;
  return {
    node,
    masked: masked !== undefined,
    seed: restored(members, nodes, node, 'seedShares'),
    key: restored(members, nodes, node, 'keyShares'),
    noise: 1 / (tier - size.colluders),
  };
}

/** Whether every mask in the sum over these parts is known or cancels out. */
function isUnmasked(sum: readonly Part[], parts: readonly Part[]): boolean {
  return sum.every(({ node, masked, seed, key }) => {
    if (!masked || !seed) return false;
    const { among } = moveOf(node, 'maskers')!;
    const { older } = moveOf(node, 'advertisements')!;
    return parts.every((peer) => {
      const { member, run } = peer.node;
      if (member === node.member || !has(among, member) || run !== (has(older, member) ? 0 : node.run))
        return true;
      const told = moveOf(peer.node, 'advertisements');
      const back = told !== undefined && node.run === (has(told.older, node.member) ? 0 : run);
      const cancels = back && sum.includes(peer) && has(moveOf(peer.node, 'maskers')!.among, node.member);
      return key || peer.key || cancels;
    });
  });
}

/** Why what the coordinator has is more than it may have, or null. `nodes`: of honest members, of all runs. */
export function lost(members: Members, nodes: readonly Node[]): string | null {
  const parts = nodes.map((node) => partOf(members, nodes, node));
  const both = parts.find(({ seed, key }) => seed && key);
  if (both !== undefined) return `both secrets of ${members.name(both.node.member)}`;
  const { threshold, colluders } = members.size;
  const least = threshold - colluders;
  const open = parts.filter(({ masked, seed }) => masked && seed);
  for (let chosen = 1; chosen < 1 << open.length; chosen++) {
    const sum = open.filter((_, i) => (chosen >> i) % 2 === 1);
    if (!isUnmasked(sum, parts)) continue;
    if (sum.length < least) return `a sum of ${sum.length} honest vectors where ${least} are due`;
    const noise = sum.reduce((total, part) => total + part.noise, 0);
    if (noise < 1 - 1e-9) return `a sum with ${noise} of its noise`;
    const free = sum.find(({ node }) => !node.charged);
    if (free !== undefined) return `a sum that the ledger of ${members.name(free.node.member)} does not hold`;
  }
  return null;
}

/** Whether a member's vector left twice under one serial, or null. */
export function repeatedVector(members: Members, nodes: readonly Node[]): string | null {
  const sent = nodes.filter((node) => saidBy(node, 'masked').length > 0).map(({ member }) => member);
  const twice = sent.find((member, i) => sent.indexOf(member) !== i);
  return twice === undefined ? null : `two vectors of ${members.name(twice)} under one charge`;
}
