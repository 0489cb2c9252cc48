import { describe, expect, it } from 'vitest';
import { OptimiserSettings } from '../../../../shared/protocol/training-settings.ts';
import { applyStep, newOptimiserState, rateFactor } from '../../../../shared/round/optimiser.ts';

const settings = (input: object) => OptimiserSettings.parse(input);

describe('server optimisers', () => {
  it('takes the steps of Adam', () => {
    const adam = settings({ kind: 'adam', momentum: 0.9, beta2: 0.99, epsilon: 1e-8 });
    const state = newOptimiserState('adam', 2);
    const parameters = new Float32Array([1, 1]);
    const rates = { adapter: 0.1, head: 0.01 };
    applyStep(adam, state, parameters, Float64Array.of(1, 0.5), 1, rates);
    expect(parameters[0]).toBeCloseTo(0.9, 6);
    expect(parameters[1]).toBeCloseTo(0.99, 6);
    applyStep(adam, state, parameters, Float64Array.of(-2, 0.5), 1, rates);
    // m = 0.9·0.1 − 0.2 = −0.11, m̂ = −0.11/0.19; v = 0.99·0.01 + 0.04, v̂ = 0.0499/0.0199.
    expect(parameters[0]).toBeCloseTo(0.9 + (0.1 * (0.11 / 0.19)) / Math.sqrt(0.0499 / 0.0199), 6);
    expect(parameters[1]).toBeCloseTo(0.98, 6);
  });

  it('takes the steps of heavy-ball momentum', () => {
    const momentum = settings({ kind: 'momentum', momentum: 0.5 });
    const state = newOptimiserState('momentum', 2);
    const parameters = new Float32Array([0, 0]);
    applyStep(momentum, state, parameters, Float64Array.of(1, 1), 1, { adapter: 1, head: 2 });
    applyStep(momentum, state, parameters, Float64Array.of(1, 1), 1, { adapter: 1, head: 2 });
    expect(Array.from(parameters)).toEqual([-2.5, -5]);
  });

  it('refuses lengths that do not fit', () => {
    const state = newOptimiserState('adam', 2);
    expect(() =>
      applyStep(settings({}), state, new Float32Array(2), new Float64Array(3), 0, { adapter: 1, head: 1 }),
    ).toThrow(/2 parameters, 3 gradient coordinates/);
  });

  it('lets the rates rise and fall over a run', () => {
    const cosine = settings({ decay: 'cosine', warmup: 0.1 });
    const factors = Array.from({ length: 100 }, (_, step) => rateFactor(cosine, step, 100));
    expect(factors[0]).toBeCloseTo(0.1, 6);
    expect(Math.max(...factors)).toBeGreaterThan(0.97);
    expect(factors[99]).toBeLessThan(0.001);
    expect(rateFactor(settings({ decay: 'constant', warmup: 0 }), 7, 10)).toBe(1);
    expect(rateFactor(settings({ decay: 'linear', warmup: 0 }), 5, 10)).toBe(0.5);
  });
});
