import { describe, expect, it } from 'vitest';
import {
  type ActiveRowRule,
  estimateRow,
  observeRowCounts,
  type RowCount,
  UNCOUNTED,
} from '../../../../shared/privacy/active-rows.ts';
import {
  CLIP_INDICATOR_NORM,
  clipIndicator,
  nextClipNorm,
} from '../../../../shared/privacy/adaptive-clipping.ts';
import { passesGate } from '../../../../shared/privacy/publish-gate.ts';

const rule: ActiveRowRule = { enterAt: 10, leaveAt: 5, confidence: 2, countingRounds: 3, memory: 1 };

function observe(
  rows: readonly RowCount[],
  counts: number[],
  deviation: number,
  more: Partial<ActiveRowRule> = {},
) {
  return observeRowCounts(rows, counts, deviation, 0.5, { ...rule, ...more });
}

function repeat(rows: readonly RowCount[], counts: number[], deviation: number, rounds: number, more = {}) {
  let decision = observe(rows, counts, deviation, more);
  for (let i = 1; i < rounds; i++) decision = observe(decision.rows, counts, deviation, more);
  return decision;
}

describe('active rows', () => {
  it('enter after the counting rounds, when surely above the threshold', () => {
    const rows = [UNCOUNTED, UNCOUNTED, UNCOUNTED];
    // Counts at q = 0.5: 40 units, 10 units, none.
    const early = repeat(rows, [20, 5, 0], 1, 2);
    expect(early.entered).toEqual([]);
    const third = observe(early.rows, [20, 5, 0], 1);
    expect(third.entered).toEqual([0]);
    expect(third.rows.map(({ active }) => active)).toEqual([true, false, false]);
    expect(estimateRow(third.rows[0]!).units).toBe(40);
    expect(estimateRow(third.rows[0]!).error).toBeCloseTo(2 / Math.sqrt(3), 12);
  });

  it('wait longer under more noise', () => {
    const rounds = (deviation: number) => {
      let rows: readonly RowCount[] = [UNCOUNTED];
      for (let round = 1; ; round++) {
        const { rows: next, entered } = observe(rows, [10], deviation);
        if (entered.length) return round;
        rows = next;
      }
    };
    expect(rounds(1)).toBe(3);
    expect(rounds(10)).toBe(16); // 2·20/√n ≤ 10
  });

  it('stay between the thresholds and leave below the lower one', () => {
    const active = repeat([UNCOUNTED], [10], 0.1, 3);
    expect(active.rows[0]!.active).toBe(true);
    const between = repeat(active.rows, [3.5], 0.1, 40);
    expect(between.rows[0]!.active).toBe(true);
    const below = repeat(active.rows, [1], 0.1, 60, { memory: 0.8 });
    expect(below.rows[0]!.active).toBe(false);
    let left = 0;
    let rows = active.rows;
    for (let i = 0; i < 60; i++) {
      const decision = observe(rows, [1], 0.1, { memory: 0.8 });
      left += decision.left.length;
      rows = decision.rows;
    }
    expect(left).toBe(1);
  });

  it('start anew for a new row', () => {
    const { rows } = repeat([UNCOUNTED], [10], 0.1, 3);
    const decision = observe([...rows, UNCOUNTED], [10, 1000], 0.1);
    expect(decision.rows.map(({ active }) => active)).toEqual([true, false]);
    expect(decision.rows[1]!.rounds).toBe(1);
    expect(estimateRow(UNCOUNTED).error).toBe(Number.POSITIVE_INFINITY);
  });

  it('refuse a malformed rule or another number of rows', () => {
    expect(() => observe([UNCOUNTED], [1, 2], 1)).toThrow(RangeError);
    expect(() => observe([UNCOUNTED], [1], 1, { leaveAt: 10 })).toThrow(RangeError);
    expect(() => observe([UNCOUNTED], [1], 1, { memory: 0 })).toThrow(RangeError);
    expect(() => observe([UNCOUNTED], [1], 1, { confidence: -1 })).toThrow(RangeError);
  });
});

describe('the publish gate', () => {
  it('asks for the margin beyond the noise', () => {
    const gate = { margin: 20, confidence: 1 };
    expect(passesGate({ winsMinusLosses: 30, deviation: 10 }, gate)).toBe(true);
    expect(passesGate({ winsMinusLosses: 29, deviation: 10 }, gate)).toBe(false);
    expect(passesGate({ winsMinusLosses: 29, deviation: 10 }, { ...gate, confidence: 0 })).toBe(true);
    expect(passesGate({ winsMinusLosses: Number.NaN, deviation: 10 }, gate)).toBe(false);
  });
});

describe('adaptive clipping', () => {
  const clipRule = { quantile: 0.5, learningRate: 0.2, least: 0.01, most: 100 };

  it('finds the quantile of the norms from noised counts', () => {
    // Norms are uniform on [0, 4): the median is 2.
    let clip = 0.1;
    for (let round = 0; round < 300; round++) {
      let sum = 0;
      for (let i = 0; i < 400; i++) sum += clipIndicator((4 * i) / 400, clip);
      sum += 20 * Math.sin(round * 12.9898);
      clip = nextClipNorm(clip, sum, 400, clipRule);
    }
    expect(clip).toBeGreaterThan(1.7);
    expect(clip).toBeLessThan(2.3);
  });

  it('adds at most one half a unit, and stays within its bounds', () => {
    expect(Math.abs(clipIndicator(1, 2))).toBe(CLIP_INDICATOR_NORM);
    expect(Math.abs(clipIndicator(3, 2))).toBe(CLIP_INDICATOR_NORM);
    expect(nextClipNorm(1, 0, 10, clipRule)).toBe(1);
    expect(nextClipNorm(1, 1e9, 10, clipRule)).toBeCloseTo(Math.exp(-0.1), 12);
    expect(nextClipNorm(0.0101, 5, 10, { ...clipRule, learningRate: 5 })).toBe(0.01);
    expect(() => nextClipNorm(1, 0, 0, clipRule)).toThrow(RangeError);
  });
});
