import { expect, it } from 'vitest';
import { type DivisionCost, pathOf, report } from '../../../../cli/bench/federation.ts';
import { trafficOf } from '../../../../cli/bench/federation-traffic.ts';

const cost = (round: string, compute_ms: number, protocol_ms: number) => ({
  ...{ round, kind: 'train', train: 'head', compute_ms, protocol_ms },
  ...{ bytes_up: 100, bytes_down: 50 },
});

it('the critical path is the slowest participant of each round, and the coordinator', () => {
  const path = pathOf(
    [
      [cost('r.0', 1000, 100), cost('r.1', 3000, 100)],
      [cost('r.0', 2000, 500), cost('r.1', 1000, 2500)],
    ],
    1,
  );
  expect(path).toMatchObject({ compute_s: 5, protocol_s: 1, coordinator_s: 1, critical_path_s: 7 });
  expect(path.protocol_share).toBeCloseTo(2 / 7, 3);
  expect([path.bytes_up, path.bytes_down]).toEqual([200, 100]);
});

it('traffic is what a round took of each of those who were in it, and rounds come in order', () => {
  const traffic = trafficOf([
    [cost('r.9', 1, 1), { ...cost('r.10', 1, 1), bytes_up: 300 }],
    [{ ...cost('r.9', 1, 1), bytes_down: 150 }],
  ]);
  expect(traffic).toEqual([
    { round: 'r.9', kind: 'train', train: 'head', bytes_up: 100, bytes_down: 100 },
    { round: 'r.10', kind: 'train', train: 'head', bytes_up: 300, bytes_down: 50 },
  ]);
});

it('speedups are against one place, and absent without it', () => {
  const division = (participants: number, critical_path_s: number) =>
    ({ participants, critical_path_s, wall_s: 10 }) as DivisionCost;
  const folder = { counts: { documents: 1, training: 2, test: 3 } };
  const sizes = report(folder, 2, [division(1, 100), division(2, 40)]).sizes;
  expect(sizes.map(({ speedup }) => speedup)).toEqual([1, 2.5]);
  expect(report(folder, 2, [division(2, 40)]).sizes[0]?.speedup).toBeNull();
});
