import { describe, expect, it } from 'vitest';
import {
  countUnits,
  type SelectableRecord,
  selectUnits,
  someOf,
  type UnitPolicy,
} from '../../../../shared/participant/unit-selection.ts';
import { cryptoSource } from '../../../../shared/privacy/random-source.ts';
import { COUNT_NORM } from '../../../../shared/round/unit-norms.ts';

const policy = (unit: UnitPolicy['unit']): UnitPolicy => ({
  unit,
  recordsPerContributor: 3,
  home: { region: 'east', regions: ['east'], key: new Uint8Array(32) },
});
type Placed = SelectableRecord & { row: number };
const placeOf = ({ row }: Placed) => row;
const record = (n: number, row: number, relevant: boolean, contributor?: string): Placed => ({
  ...{ n, event: `event ${n}`, contributor, row, relevant },
  ...{ place: n, length: 1 },
});
const RECORDS = [
  record(0, 0, true, 'ann'),
  record(1, 0, false, 'ann'),
  record(2, 1, false, 'bob'),
  record(3, 1, false, 'eve'),
];

describe('an event of several records', () => {
  const event = (n: number, row: number): Placed => ({ ...record(n, row, true), event: 'one act' });
  const others = [record(9, 0, true), record(8, 1, true)];
  const many = Array.from({ length: 50 }, (_, n) => event(100 + n, n % 4));

  it('is one unit: drawn as a whole, with equal weights that add up to one', () => {
    const rate = { kind: 'poisson' as const, numerator: 1, denominator: 2 };
    for (let time = 0; time < 40; time++) {
      const { ids, weights } = selectUnits([...others, ...many], rate, policy('record'), cryptoSource());
      const own = [...ids].flatMap((n, index) => (n >= 100 ? [weights[index]!] : []));
      expect([0, 50]).toContain(own.length);
      for (const weight of own) expect(weight).toBeCloseTo(1 / 50);
    }
  });

  it('moves the counts by no more than a unit may, however many items it names', () => {
    const without = countUnits(others, placeOf, 4, policy('record'), cryptoSource());
    const counts = countUnits([...others, ...many], placeOf, 4, policy('record'), cryptoSource());
    const moved = counts.map((count, row) => count - without[row]!);
    expect(Math.hypot(...moved)).toBeLessThanOrEqual(COUNT_NORM);
    expect(moved.reduce((sum, each) => sum + each, 0)).toBeCloseTo(1);
  });
});

describe('a pass in which some have been answered', () => {
  const places = Array.from({ length: 4000 }, (_, n) => Math.imul(n + 1, 0x9e3779b1) >>> 0);
  const drawn = (records: Placed[], more: { part?: number; parts?: number; seed?: number } = {}) => {
    const part = { kind: 'part' as const, seed: 42, part: 0, parts: 1, leastChance: 0.2, ...more };
    return selectUnits(records, part, policy('record'), cryptoSource());
  };
  const withError = (error: number | undefined) =>
    places.map(
      (place, n): Placed => ({ ...record(n, 0, true), place, ...(error !== undefined && { error }) }),
    );

  it.each([
    ['was not asked', undefined, 1],
    ['was answered wrongly', 0.9, 1],
    ['was answered half', 0.5, 1],
    ['was answered nearly', 0.3, 0.6],
    ['was answered with certainty', 0.001, 0.2],
  ])('takes who %s with a probability, and lets it count for one over it', (_, error, chance) => {
    const { ids, weights } = drawn(withError(error));
    for (const weight of weights) expect(weight).toBeCloseTo(1 / chance, 5);
    // Five standard deviations.
    const spread = 5 * Math.sqrt(4000 * chance * (1 - chance));
    expect(Math.abs(ids.length - 4000 * chance)).toBeLessThanOrEqual(spread);
  });

  it('draws within every part alike, once for each seed', () => {
    const records = withError(0);
    const counts = Array.from({ length: 4 }, (_, part) => drawn(records, { part, parts: 4 }).ids.length);
    for (const count of counts) expect(Math.abs(count - 200)).toBeLessThan(65);
    expect(drawn(records).ids).toEqual(drawn(records).ids);
    expect(drawn(records, { seed: 43 }).ids).not.toEqual(drawn(records).ids);
  });

  it('goes by the record of a unit that needs it most', () => {
    const one = (n: number, error: number): Placed => ({
      ...record(n, 0, true),
      event: 'one act',
      place: 7,
      error,
    });
    for (let seed = 0; seed < 30; seed++) {
      const { weights } = drawn([one(0, 0), one(1, 0.8)], { seed });
      expect([...weights]).toEqual([0.5, 0.5]);
    }
  });
});

describe('a record that says that its row does not answer', () => {
  it('is not counted as one that asks for the row', () => {
    expect([...countUnits(RECORDS, placeOf, 2, policy('record'), cryptoSource())]).toEqual([1, 0]);
    expect([...countUnits(RECORDS, placeOf, 2, policy('contributor'), cryptoSource())]).toEqual([0.5, 0]);
  });

  it('makes a vector of one count where there are no rows', () => {
    expect([...countUnits(RECORDS, placeOf, 0, policy('record'), cryptoSource())]).toEqual([0]);
  });

  it('is drawn and weighed like any other', () => {
    const all = (unit: UnitPolicy['unit']) =>
      selectUnits(RECORDS, { kind: 'all' }, policy(unit), cryptoSource());
    expect([...all('record').ids]).toEqual([0, 1, 2, 3]);
    expect([...all('record').weights]).toEqual([1, 1, 1, 1]);
    expect([...all('contributor').weights]).toEqual([0.5, 0.5, 1, 1]);
  });

  it('moves the counts by no more than a unit may', () => {
    for (const unit of ['record', 'contributor'] as const) {
      const without = countUnits(RECORDS.slice(2), placeOf, 2, policy(unit), cryptoSource());
      for (const own of [[RECORDS[0]], [RECORDS[1]], RECORDS.slice(0, 2)]) {
        if (unit === 'record' && own.length > 1) continue;
        const all = [...RECORDS.slice(2), ...(own as Placed[])];
        const counts = countUnits(all, placeOf, 2, policy(unit), cryptoSource());
        expect(Math.hypot(...counts.map((x, i) => x - without[i]!))).toBeLessThanOrEqual(COUNT_NORM);
      }
    }
  });
});

describe('some of a selection', () => {
  const all = {
    ids: Uint32Array.from({ length: 10 }, (_, i) => 10 * i),
    weights: Float32Array.from({ length: 10 }, (_, i) => i / 16),
  };

  it('are all of it where they are enough', () => {
    expect(someOf(all, 10)).toEqual(all);
    expect(someOf(all, 11)).toEqual(all);
  });

  it('come from all over it, each once and with its weight', () => {
    expect(someOf(all, 3)).toEqual({
      ids: Uint32Array.of(10, 50, 80),
      weights: Float32Array.of(1 / 16, 5 / 16, 8 / 16),
    });
    for (let most = 1; most < 10; most++) expect(new Set(someOf(all, most).ids).size).toBe(most);
  });
});
