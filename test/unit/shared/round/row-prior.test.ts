import { describe, expect, it } from 'vitest';
import { withRowPrior } from '../../../../shared/round/row-prior.ts';

const start = Float32Array.of(1, 0, 1, 0, 0, 0);
const head = Float32Array.of(0, 5, 0, 0.5, 3, 4);

describe('the prior of rows', () => {
  it('weighs what was learned by its queries, whatever the length of the row', () => {
    const served = withRowPrior(head, start, Float32Array.of(1, 9, 1), 1);
    expect(Array.from(served.subarray(0, 4), (x) => +x.toFixed(6))).toEqual([0.5, 0.5, 0.1, 0.9]);
  });

  it('keeps the direction of a row whose passage is gone', () => {
    const [x, y] = withRowPrior(head, start, Float32Array.of(1, 9, 1), 1).subarray(4);
    expect((y as number) / (x as number)).toBeCloseTo(4 / 3, 6);
  });

  it('leaves a row to its passage where nobody asked for it, and the head alone without a prior', () => {
    const none = Float32Array.of(0, 0, 0);
    expect(withRowPrior(head, start, none, 1).subarray(0, 4)).toEqual(start.subarray(0, 4));
    expect(withRowPrior(head, start, none, 0)).toBe(head);
  });
});
