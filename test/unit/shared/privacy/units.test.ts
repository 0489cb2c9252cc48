import { describe, expect, it } from 'vitest';
import { samplingRate } from '../../../../shared/privacy/rational.ts';
import { homeRegion, isHeldOut, unitsOf } from '../../../../shared/privacy/units.ts';

const key = new Uint8Array(32).fill(7);
const regions = ['weur', 'enam', 'apac', 'sam'];
const records = [
  { event: 'r1', contributor: 'ada' },
  { event: 'r2', contributor: 'bob' },
  { event: 'r3', contributor: 'ada' },
  { event: 'r4' },
  { event: 'r5', contributor: '' },
];

describe('units', () => {
  it('are events: single records, and what one act said', () => {
    const units = unitsOf(records, 'record', { region: 'weur', regions, key });
    expect(units.map(({ id }) => id)).toEqual(['r1', 'r2', 'r3', 'r4', 'r5']);
    expect(units.every((unit) => unit.records.length === 1)).toBe(true);
    const act = [...records, { event: 'r4' }];
    const joined = unitsOf(act, 'record', { region: 'weur', regions, key });
    expect(joined.map((unit) => unit.records.length)).toEqual([1, 1, 1, 2, 1]);
  });

  it('or contributors, in exactly one region; records without one are in none', () => {
    const everywhere = regions.flatMap((region) => unitsOf(records, 'contributor', { region, regions, key }));
    expect(everywhere.map(({ id }) => id).sort()).toEqual(['ada', 'bob']);
    expect(everywhere.find(({ id }) => id === 'ada')!.records.map(({ event }) => event)).toEqual([
      'r1',
      'r3',
    ]);
  });
});

describe('home region', () => {
  const people = Array.from({ length: 800 }, (_, i) => `person ${i}`);

  it('spreads contributors evenly and does not depend on the order of regions', () => {
    const counts = new Map<string, number>();
    for (const person of people) {
      const home = homeRegion(person, regions, key);
      expect(homeRegion(person, [...regions].reverse(), key)).toBe(home);
      counts.set(home, (counts.get(home) ?? 0) + 1);
    }
    for (const region of regions) expect(Math.abs(counts.get(region)! - 200)).toBeLessThan(60);
  });

  it('moves only to a region that joins', () => {
    const moved = people.filter(
      (p) => homeRegion(p, regions, key) !== homeRegion(p, [...regions, 'oc'], key),
    );
    expect(moved.every((p) => homeRegion(p, [...regions, 'oc'], key) === 'oc')).toBe(true);
    expect(Math.abs(moved.length - 160)).toBeLessThan(60);
  });

  it('depends on the key, and frames its parts', () => {
    const other = new Uint8Array(32).fill(8);
    expect(people.some((p) => homeRegion(p, regions, key) !== homeRegion(p, regions, other))).toBe(true);
    expect(() => homeRegion('ada', [], key)).toThrow(RangeError);
    expect(() => homeRegion('ada', regions, new Uint8Array(8))).toThrow(RangeError);
  });
});

describe('held-out units', () => {
  it('are the given share and stay so', () => {
    const ids = Array.from({ length: 5000 }, (_, i) => `q${i}`);
    const held = ids.filter((id) => isHeldOut(id, samplingRate(0.1), key));
    expect(Math.abs(held.length - 500)).toBeLessThan(110);
    expect(held.every((id) => isHeldOut(id, samplingRate(0.1), key))).toBe(true);
    // A larger share keeps those held out before.
    expect(held.every((id) => isHeldOut(id, samplingRate(0.2), key))).toBe(true);
  });
});
