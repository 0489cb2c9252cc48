/** The simulated query log: deterministic, faithful to its rates, and never a new question. */
import { describe, expect, it } from 'vitest';
import { DEFAULT_RATES, disturb, seededUniform, simulateLog } from '../../../cli/noise-model.ts';

const wordings = Array.from({ length: 50 }, (_, i) => ({
  id: `q${i}`,
  text: `where can I collect the parcel number ${i} in the afternoon?`,
}));
const none = { typo: 0, politeness: 0, truncation: 0, casing: 0 };

describe('the simulated query log', () => {
  it('is the same for the same seed and another for another', () => {
    const draw = (seed: number) => simulateLog(wordings, { seed, records: 300 });
    expect(draw(7)).toEqual(draw(7));
    expect(draw(7)).not.toEqual(draw(8));
  });

  it('contains every wording, popular ones more often, with its other fields', () => {
    const log = simulateLog(wordings, { seed: 1, records: 1000, rates: none });
    const counts = new Map<string, number>();
    for (const { id, text } of log) {
      expect(text).toBe(wordings.find((wording) => wording.id === id)?.text);
      counts.set(id, (counts.get(id) ?? 0) + 1);
    }
    expect(counts.size).toBe(wordings.length);
    const sorted = [...counts.values()].sort((a, b) => b - a);
    expect(sorted[0]).toBeGreaterThan(3 * (sorted.at(-1) as number));
  });

  it.each([
    ['casing', 0.4],
    ['politeness', 0.25],
    ['truncation', 0.15],
    ['typo', 0.35],
  ] as const)('applies %s at its rate', (kind, rate) => {
    const uniform = seededUniform('rates');
    let changed = 0;
    const draws = 4000;
    for (let i = 0; i < draws; i++) {
      // A capital letter inside, so that every change of case or punctuation shows.
      const text = 'Where CAN I collect the parcel this afternoon?';
      if (disturb(text, uniform, { ...none, [kind]: rate }) !== text) changed += 1;
    }
    // Five standard deviations; exchanging two equal letters is no change, hence the lower side.
    const deviation = Math.sqrt((rate * (1 - rate)) / draws);
    expect(changed / draws).toBeLessThan(rate + 5 * deviation);
    expect(changed / draws).toBeGreaterThan(rate * 0.93 - 5 * deviation);
  });

  it('keeps numbers, at least three words and most of the letters', () => {
    const uniform = seededUniform('shape');
    for (let i = 0; i < 2000; i++) {
      const typed = disturb('refund of S$400 for parcel 20417 from Tampines', uniform, {
        ...DEFAULT_RATES,
        politeness: 0,
      });
      expect(typed.split(' ').length).toBeGreaterThanOrEqual(3);
      for (const number of typed.match(/\d+/g) ?? []) expect(['400', '20417']).toContain(number);
      expect(typed.length).toBeLessThan(60);
    }
    expect(disturb('ok', uniform, { typo: 1, politeness: 0, truncation: 1, casing: 0 })).toBe('ok');
  });

  it('refuses an empty list', () => {
    expect(() => simulateLog([], { seed: 1, records: 5 })).toThrow(RangeError);
  });
});
