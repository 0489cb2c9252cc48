import { describe, expect, it } from 'vitest';
import {
  activeRows,
  partOfRecord,
  planRun,
  sampleOf,
  trainRounds,
} from '../../../../shared/federated/run-plan.ts';
import { TrainingSettings } from '../../../../shared/protocol/settings.ts';

const settings = (input: object) => TrainingSettings.parse(input);

describe('run plan', () => {
  it('cuts a pass into rounds of about a batch', () => {
    const plan = planRun(settings({ batch: 256, epochs: 3, headEpochs: 1 }), 13_500);
    expect(plan).toEqual({ parts: 53, headRounds: 53, jointRounds: 159 });
    expect(trainRounds(plan)).toBe(212);
  });

  it('makes one round a pass where rounds take local steps, and at least one part of few units', () => {
    expect(planRun(settings({ rounds: 'local', epochs: 5 }), 13_500)).toMatchObject({
      parts: 1,
      jointRounds: 5,
    });
    expect(planRun(settings({ batch: 256 }), 3).parts).toBe(1);
  });

  it('sees every record once a pass, in another order each pass', () => {
    const plan = { parts: 7, headRounds: 0, jointRounds: 14 };
    const places = Array.from({ length: 2000 }, (_, i) => Math.imul(i + 1, 0x9e3779b1) >>> 0);
    const partIn = (round: number) => {
      const sample = sampleOf(plan, round, 42);
      if (sample.kind !== 'part') throw new Error('expected parts');
      return places.map((place) => partOfRecord(place, sample.seed, sample.parts) === sample.part);
    };
    for (const epoch of [0, 1]) {
      const seen = new Array(places.length).fill(0);
      const sizes: number[] = [];
      for (let part = 0; part < 7; part++) {
        const members = partIn(7 * epoch + part);
        sizes.push(members.filter(Boolean).length);
        members.forEach((member, i) => {
          if (member) seen[i] += 1;
        });
      }
      expect(new Set(seen)).toEqual(new Set([1]));
      // 2000/7 ± five standard deviations.
      for (const size of sizes) expect(Math.abs(size - 2000 / 7)).toBeLessThan(80);
    }
    const overlap = partIn(0).filter((member, i) => member && partIn(7)[i]).length;
    expect(overlap).toBeLessThan(100);
  });

  it('makes rows active by their counts, with a lower bar for those that were', () => {
    const thresholds = { activeThreshold: 3, inactiveThreshold: 1 };
    expect(activeRows([0, 1, 2, 3, 9], new Set(), thresholds)).toEqual([3, 4]);
    expect(activeRows([0, 1, 2, 3, 9], new Set([0, 1]), thresholds)).toEqual([1, 3, 4]);
    // A row without a single query never learns, whatever the threshold says.
    expect(activeRows([0, 1], new Set(), { activeThreshold: 0, inactiveThreshold: 0 })).toEqual([1]);
  });
});
