/** What crosses the wire between the hub and one participant of `bench federation`, by round. */
import { addTo } from '../../shared/multimap.ts';
import type { RoundCost } from './federation-participant.ts';

/** Bytes of the bodies of a round's requests and answers, mean over the participants that took part in it. */
export interface RoundTraffic {
  round: string;
  kind: string;
  /** What learned in it; null for rounds that train nothing. */
  train: string | null;
  bytes_up: number;
  bytes_down: number;
}

/** @param costs of each participant, its rounds in order. @returns the rounds in order */
export function trafficOf(costs: readonly (readonly RoundCost[])[]): RoundTraffic[] {
  const byRound = new Map<string, RoundCost[]>();
  for (const cost of costs.flat()) addTo(byRound, cost.round, cost);
  const place = (id: string) => Number(id.slice(id.lastIndexOf('.') + 1));
  return [...byRound]
    .sort(([x], [y]) => place(x) - place(y))
    .map(([round, of]) => {
      const mean = (bytes: (cost: RoundCost) => number) =>
        Math.round(of.reduce((sum, cost) => sum + bytes(cost), 0) / of.length);
      const { kind, train } = of[0]!;
      return {
        ...{ round, kind, train },
        bytes_up: mean(({ bytes_up }) => bytes_up),
        bytes_down: mean(({ bytes_down }) => bytes_down),
      };
    });
}
