import { describe, expect, it } from 'vitest';
import { START_PARAMETERS } from '../../../../shared/protocol/serving-parameters.ts';
import {
  chooseOffset,
  findsOffset,
  keptOut,
  OFFSETS,
  triedOffsets,
} from '../../../../shared/round/kept-out.ts';
import { gateSpec } from './specs.ts';

const items = Array.from({ length: 80 }, (_, i) => `item-${i}`);

describe('documents that a run keeps out', () => {
  it('are an eighth, the same whoever asks, and others in another run', () => {
    const out = keptOut(items, 7);
    expect(out.size).toBe(10);
    expect(keptOut([...items].reverse(), 7)).toEqual(out);
    expect(keptOut(items, 8)).not.toEqual(out);
  });

  it('are none where there would be too few of them to judge', () => {
    expect(keptOut(items.slice(0, 31), 7).size).toBe(0);
    expect(keptOut(items.slice(0, 32), 7).size).toBe(4);
  });
});

describe('the offset', () => {
  const sums = (least: number) => OFFSETS.map((offset) => (offset < least ? -3 : 1));

  it('is the least with which they are found as often as by plain search, as far as their number says', () => {
    expect(chooseOffset(sums(0.04), 1e9, 0.1)).toBeCloseTo(0.04, 6);
    expect(chooseOffset(sums(0.04), 12, 0.1)).toBeCloseTo((12 * 0.04 + 4 * 0.1) / 16, 12);
    expect(chooseOffset(sums(0), 4, 0.1)).toBeCloseTo(0.05, 12);
  });

  it('takes a draw for as often, which the grid of a sum may have rounded', () => {
    const drawn = OFFSETS.map((offset) => (offset < 0.06 ? -1 : -0.0006));
    expect(chooseOffset(drawn, 1e9, 0.1)).toBeCloseTo(0.06, 6);
  });

  it('is no less than the rule by the share of rows where none that was tried is enough', () => {
    expect(chooseOffset(sums(1), 12, 0.1)).toBeCloseTo((12 * 0.16 + 4 * 0.1) / 16, 12);
    expect(chooseOffset(sums(1), 12, 0.3)).toBeCloseTo(0.3, 12);
  });

  it('is looked for without memory, by the documents that the candidate did not learn', () => {
    const tried = triedOffsets(START_PARAMETERS);
    expect(tried.map(({ parameters }) => parameters.offset)).toEqual([...OFFSETS]);
    expect(new Set(tried.map(({ parameters }) => parameters.memory))).toEqual(new Set([0]));
    expect(findsOffset({ tried })).toBe(true);
    expect(findsOffset(gateSpec())).toBe(false);
  });
});
