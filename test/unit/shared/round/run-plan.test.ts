import { describe, expect, it } from 'vitest';
import { TrainingSettings } from '../../../../shared/protocol/training-settings.ts';
import {
  partOfRecord,
  planRun,
  positionOf,
  sampleOf,
  trainRounds,
} from '../../../../shared/round/run-plan.ts';

const phases = [
  { train: 'head', rounds: 'local', passes: 4 },
  { train: 'adapter-and-head', passes: 3, batch: 256 },
] as const;

describe('run plan', () => {
  it('cuts a pass into rounds of about a batch, or one round where they take local steps', () => {
    const plan = planRun(TrainingSettings.parse({ phases }).phases, 13_500);
    expect(plan.phases).toEqual([
      { parts: 1, rounds: 4 },
      { parts: 53, rounds: 159 },
    ]);
    expect(trainRounds(plan)).toBe(163);
    expect(planRun(TrainingSettings.parse({ phases }).phases, 3).phases[1]?.parts).toBe(1);
  });

  it('says where a round stands', () => {
    const plan = planRun(TrainingSettings.parse({ phases }).phases, 13_500);
    expect(positionOf(plan, 3)).toEqual({ phase: 0, step: 3, steps: 4, parts: 1 });
    expect(positionOf(plan, 4)).toEqual({ phase: 1, step: 0, steps: 159, parts: 53 });
    expect(() => positionOf(plan, 163)).toThrow(/past the 163/);
  });

  it('sees every record once a pass, in another order each pass', () => {
    const places = Array.from({ length: 2000 }, (_, i) => Math.imul(i + 1, 0x9e3779b1) >>> 0);
    const partIn = (step: number) => {
      const sample = sampleOf({ phase: 0, step, steps: 14, parts: 7 }, 42);
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
});
