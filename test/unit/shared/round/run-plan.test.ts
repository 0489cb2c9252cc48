import { describe, expect, it } from 'vitest';
import { TrainingSettings } from '../../../../shared/protocol/training-settings.ts';
import {
  batchOf,
  beginsWhole,
  movesBefore,
  planRun,
  positionOf,
  rowsStay,
  sampleOf,
  spotInPass,
  trainRounds,
  withWholeHead,
} from '../../../../shared/round/run-plan.ts';

const parsed = (phases: unknown) => TrainingSettings.parse({ phases }).phases;
const counted = { units: 13_500, members: 8, activeRows: 150 };
const phases = [
  { train: 'head', rounds: 'local', passes: 4 },
  { train: 'adapter-and-head', passes: 3, batch: 256 },
] as const;

describe('run plan', () => {
  it('cuts a pass into rounds of about a batch, or one round where they take local steps', () => {
    const plan = planRun(parsed(phases), counted);
    expect(plan.phases).toEqual([
      { setting: 0, whole: false, train: 'head', batch: null, parts: 1, rounds: 4, rates: 1 },
      { setting: 1, whole: false, train: 'adapter-and-head', batch: 256, parts: 53, rounds: 159, rates: 1 },
    ]);
    expect(trainRounds(plan)).toBe(163);
    expect(planRun(parsed(phases), { ...counted, units: 3 }).phases[1]?.parts).toBe(1);
  });

  it('says where a round stands', () => {
    const plan = planRun(parsed(phases), counted);
    expect(positionOf(plan, 3)).toEqual({ phase: 0, step: 3, steps: 4, parts: 1 });
    expect(positionOf(plan, 4)).toEqual({ phase: 1, step: 0, steps: 159, parts: 53 });
    expect(() => positionOf(plan, 163)).toThrow(/past the 163/);
  });

  it('has the head learn once more where documents were kept out of it, after all else', () => {
    const plan = planRun(parsed([...phases, { train: 'head', rounds: 'local', passes: 2 }]), counted);
    const whole = withWholeHead(plan)!;
    expect(whole.phases.slice(0, 3)).toEqual(plan.phases);
    expect(whole.phases.slice(3)).toEqual([
      { ...plan.phases[0], whole: true },
      { ...plan.phases[2], whole: true },
    ]);
    const first = trainRounds(plan);
    const begins = Array.from({ length: trainRounds(whole) + 1 }, (_, at) => beginsWhole(whole, at));
    expect(begins.indexOf(true)).toBe(first);
    expect(begins.lastIndexOf(true)).toBe(first);
    // What was cached of queries under the adapter stays valid, rows have names of their own.
    expect(movesBefore(whole, first).adapter).toBe(movesBefore(whole, first + 3).adapter);
    expect(movesBefore(whole, first + 3).rows).toBe(movesBefore(whole, first).rows + 3);
    expect(withWholeHead(planRun(parsed([phases[1]]), counted))).toBeNull();
  });

  it.each([
    [1, 256],
    [2, 256],
    [8, 1024],
    [100, 2048],
  ])('has enough for each of %d members to do in a round', (members, batch) => {
    expect(batchOf(members)).toBe(batch);
  });

  it('takes larger steps in larger rounds, and those of the settings where they name the units', () => {
    const of = (batch?: number) =>
      planRun(parsed([{ train: 'head', passes: 5, ...(batch && { batch }) }]), counted).phases[0];
    expect(of()).toMatchObject({ batch: 1024, parts: 13, rounds: 65 });
    expect(of()?.rates).toBeCloseTo(Math.sqrt(13_500 / 13 / 256), 12);
    expect(of(1024)).toMatchObject({ batch: 1024, parts: 13, rounds: 65, rates: 1 });
    // What one round sees counts, not what it should.
    const few = planRun(parsed([{ train: 'head', passes: 5 }]), { ...counted, units: 400 }).phases[0];
    expect(few).toMatchObject({ batch: 1024, parts: 1, rounds: 5 });
    expect(few?.rates).toBeCloseTo(1.25, 12);
  });

  it('lets the adapter learn alone while there are more rows than units in a round', () => {
    const two = [
      { train: 'adapter-and-head', passes: 1 },
      { train: 'head', rounds: 'local', passes: 2 },
    ];
    const trains = (activeRows: number, of: unknown = two, kind = 'full') =>
      planRun(parsed(of), { ...counted, activeRows }, { kind }).phases.map(({ train }) => train);
    expect(trains(1024)).toEqual(['adapter-and-head', 'head']);
    expect(trains(1025)).toEqual(['adapter', 'head']);
    expect(trains(1025, two, 'none')).toEqual(['head', 'head']);
    // No later phase would train the head.
    expect(trains(1025, [two[0]])).toEqual(['adapter-and-head']);
    expect(rowsStay(1025, 1024) && !rowsStay(1024, 1024)).toBe(true);
  });

  it('goes over the data as often as its phases need, where the settings do not say', () => {
    const two = [{ train: 'adapter-and-head' }, { train: 'head', rounds: 'local' }];
    const rounds = (activeRows: number, of: unknown = two) =>
      planRun(parsed(of), { ...counted, activeRows }).phases.map((phase) => phase.rounds / phase.parts);
    expect(rounds(1024)).toEqual([5, 12]);
    // An adapter that learns alone.
    expect(rounds(1025)).toEqual([3, 12]);
    expect(rounds(1025, [{ ...two[0], passes: 4 }, two[1]])).toEqual([4, 12]);
    expect(rounds(1025, [two[0]])).toEqual([5]);
  });

  it('counts how often adapter and rows have moved', () => {
    const two = [
      { train: 'adapter-and-head', passes: 1 },
      { train: 'head', rounds: 'local', passes: 2 },
    ];
    const plan = planRun(parsed(two), { ...counted, activeRows: 4000 });
    expect([0, 5, 13, 14].map((index) => movesBefore(plan, index))).toEqual([
      { adapter: 0, rows: 0 },
      { adapter: 5, rows: 0 },
      { adapter: 13, rows: 0 },
      { adapter: 13, rows: 1 },
    ]);
  });

  it('sees every record once a pass, in another order each pass', () => {
    const places = Array.from({ length: 2000 }, (_, i) => Math.imul(i + 1, 0x9e3779b1) >>> 0);
    const partIn = (step: number) => {
      const sample = sampleOf({ phase: 0, step, steps: 14, parts: 7 }, 42, 0.2);
      if (sample.kind !== 'part') throw new Error('expected parts');
      expect(sample.leastChance).toBe(0.2);
      return places.map((place) => Math.floor(spotInPass(place, sample.seed, sample.parts)) === sample.part);
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
