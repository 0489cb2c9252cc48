/**
 * Who shares secrets and masks with whom. Complete (Bonawitz et al. 2017), or the ring of Bell et al. 2020: members
 * in an order drawn from the round's seed, each joined to the k/2 before and after it (a Harary graph). Positions
 * are places in the roster, so that the graph stands before anyone has answered.
 */
import { fromBase64Url, toHex } from '../crypto/bytes.ts';
import { hashJson } from '../crypto/hash.ts';
import { type AggregationGraph, SECAGG_PROTOCOL } from '../protocol/secagg.ts';

export interface NeighbourGraph {
  /** Positions of the neighbours of a position, ascending, without itself. */
  neighbours(position: number): readonly number[];
}

function complete(members: number): NeighbourGraph {
  const all = Array.from({ length: members }, (_, position) => position);
  return { neighbours: (position) => all.filter((other) => other !== position) };
}

/** The members' order on the ring: by hash under the seed, which is a random order of those who do not know it. */
function ringOrder(members: number, seed: string): number[] {
  fromBase64Url(seed, 32);
  const rank = Array.from({ length: members }, (_, position) =>
    toHex(hashJson(`${SECAGG_PROTOCOL} ring`, [seed, position])),
  );
  return rank.map((_, position) => position).sort((a, b) => (rank[a]! < rank[b]! ? -1 : 1));
}

function ring(members: number, degree: number, seed: string): NeighbourGraph {
  const order = ringOrder(members, seed);
  const place = new Array<number>(members);
  order.forEach((position, at) => {
    place[position] = at;
  });
  return {
    neighbours: (position) => {
      const found: number[] = [];
      for (let step = 1; step <= degree / 2; step++) {
        found.push(order[(place[position]! + step) % members]!);
        found.push(order[(place[position]! - step + members) % members]!);
      }
      return [...new Set(found)].sort((a, b) => a - b);
    },
  };
}

export function buildGraph(graph: AggregationGraph, members: number): NeighbourGraph {
  return graph.kind === 'complete' ? complete(members) : ring(members, graph.degree, graph.seed);
}
