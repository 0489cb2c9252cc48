/** The k-regular graph and its bounds, against the values that Google's Federated Compute Platform publishes. */
import { describe, expect, it } from 'vitest';
import { systemRandom } from '../../../../shared/crypto/random.ts';
import { roundContext } from '../../../../shared/secagg/context.ts';
import { ProtocolError } from '../../../../shared/secagg/errors.ts';
import { buildGraph } from '../../../../shared/secagg/graph.ts';
import { chooseGraph, kRegularBounds } from '../../../../shared/secagg/graph-bounds.ts';
import { checkParameters } from '../../../../shared/secagg/parameters.ts';
import published from '../../../vectors/google-fcp-harary-parameters.json';
import { cohort, parametersFor } from './cohort.ts';

describe('bounds (Bell et al. 2020)', () => {
  it.each(published.semiHonest)('$members members, $adversarial adversarial, $dropout dropped', (v) => {
    const bounds = kRegularBounds({
      members: v.members,
      corrupt: Math.floor(v.adversarial * v.members + 1e-9),
      dropped: Math.floor(v.dropout * v.members + 1e-9),
      securityBits: 40,
      correctnessBits: 20,
    });
    expect(bounds!.degree).toBe(v.degree);
    // Any threshold between the two tails is sound; the publication takes the least.
    expect(bounds!.shareThreshold).toBeLessThanOrEqual(v.threshold);
    expect(bounds!.shareThreshold).toBeGreaterThanOrEqual(v.threshold - 1);
  });

  it('is complete where no smaller degree is safe, and up to the configured size', () => {
    const demand = { members: 40, corrupt: 13, dropped: 13, securityBits: 40, correctnessBits: 20 };
    expect(chooseGraph(demand, 100, systemRandom)).toEqual({
      kind: 'complete',
      security: 'malicious-server',
    });
    const hopeless = { ...demand, members: 10, corrupt: 5, dropped: 5 };
    expect(kRegularBounds(hopeless)).toBeNull();
    expect(chooseGraph(hopeless, 2, systemRandom).kind).toBe('complete');
    const sparse = chooseGraph({ ...demand, members: 512, corrupt: 26, dropped: 170 }, 100, systemRandom);
    expect(sparse).toMatchObject({ kind: 'k-regular', security: 'semi-honest' });
  });
});

describe('ring', () => {
  it.each([
    [12, 4],
    [13, 6],
    [101, 40],
    [7, 6],
  ])('%i members, degree %i: regular, symmetric, connected, without loops', (members, degree) => {
    const graph = buildGraph(
      { kind: 'k-regular', security: 'semi-honest', degree, shareThreshold: 2, seed: `${'C'.repeat(42)}A` },
      members,
    );
    const reached = new Set([0]);
    for (const at of reached) for (const next of graph.neighbours(at)) reached.add(next);
    expect(reached.size).toBe(members);
    for (let at = 0; at < members; at++) {
      const neighbours = graph.neighbours(at);
      expect(neighbours).toHaveLength(degree);
      expect(neighbours).not.toContain(at);
      for (const other of neighbours) expect(graph.neighbours(other)).toContain(at);
    }
  });

  it('follows the seed', () => {
    const of = (seed: string) =>
      buildGraph(
        { kind: 'k-regular', security: 'semi-honest', degree: 4, shareThreshold: 2, seed },
        40,
      ).neighbours(0);
    expect(of('A'.repeat(43))).toEqual(of('A'.repeat(43)));
    expect(of('A'.repeat(43))).not.toEqual(of(`${'Q'.repeat(42)}A`));
  });
});

it('refuses a graph that cannot stand on the roster', async () => {
  const { roster } = await cohort(6);
  const graph = {
    kind: 'k-regular',
    security: 'semi-honest',
    degree: 4,
    shareThreshold: 3,
    seed: 'A'.repeat(43),
  } as const;
  for (const [change, detail] of [
    [{ degree: 3 }, 'odd'],
    [{ degree: 6 }, 'above 5'],
    [{ shareThreshold: 5 }, 'above the degree'],
  ] as const) {
    const parameters = parametersFor(roster, { graph: { ...graph, ...change } });
    expect(() => checkParameters(parameters, roster.roster)).toThrow(ProtocolError);
    expect(() => checkParameters(parameters, roster.roster)).toThrow(detail);
  }
  const context = roundContext(parametersFor(roster, { graph }), roster.roster);
  expect(context.shareThreshold).toBe(3);
  expect(context.holders('region-000')).toHaveLength(5);
  expect(context.holders('region-000')).toContain('region-000');
});
