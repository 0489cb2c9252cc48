import { describe, expect, it } from 'vitest';
import { seeded } from '../../../../cli/seeded.ts';
import { lifted, liftsOf, NEIGHBOURS, type Neighbour } from '../../../../shared/index/memory.ts';
import { MemoryRows } from '../../../../shared/index/memory-rows.ts';
import { quantiseRow } from '../../../../shared/retrieval/head.ts';

const yes = (item: string, voice: string | null, cosine: number): Neighbour => ({
  ...{ item, voice, cosine },
  ...{ relevant: true, click: false },
});
const no = (item: string, voice: string | null, cosine: number): Neighbour => ({
  ...yes(item, voice, cosine),
  relevant: false,
});

const opened = (item: string, voice: string | null, cosine: number): Neighbour => ({
  ...yes(item, voice, cosine),
  click: true,
});

describe('a click', () => {
  const lifts = (near: Neighbour[]) => (['shared', 'all'] as const).map((use) => liftsOf(near, use));

  it('never lifts by itself, however many there are', () => {
    const clicks = Array.from({ length: NEIGHBOURS }, (_, n) => opened('a', String(n), 1));
    expect(lifts(clicks)).toEqual([[], []]);
  });

  it('agrees with what one said, as near as the farther of both, and adds nothing where two said it', () => {
    const [shared, all] = lifts([opened('a', '1', 1), yes('a', '2', 0.75)]);
    expect(shared).toEqual([{ item: 'a', near: 0.75 }]);
    expect(all).toEqual([{ item: 'a', near: 0.75 }]);
    expect(liftsOf([yes('a', '1', 1), opened('a', '2', 0.75)], 'shared')).toEqual([
      { item: 'a', near: 0.75 },
    ]);
    const two = [opened('a', '0', 1), yes('a', '1', 1), yes('a', '2', 0.5)];
    expect(liftsOf(two, 'shared')).toEqual([{ item: 'a', near: 0.5 }]);
  });

  it('takes no word’s place, however many stand nearer', () => {
    const clicks = Array.from({ length: 3 * NEIGHBOURS }, (_, n) => opened('b', String(n), 1));
    const near = [...clicks, yes('a', 'x', 0.75), yes('a', 'y', 0.75)];
    expect(liftsOf(near, 'shared')).toEqual([{ item: 'a', near: 0.75 }]);
  });

  it('agrees with nobody whose word a "no" took away, and is nobody without a name', () => {
    expect(liftsOf([yes('a', '1', 0.9), opened('a', '2', 1), no('a', '3', 0.9)], 'shared')).toEqual([]);
    expect(liftsOf([yes('a', '1', 0.9), opened('a', null, 1)], 'shared')).toEqual([]);
  });
});

describe('liftsOf', () => {
  it('lifts what two events agree on, as near as the second of them; where all count, as near as the first', () => {
    const near = [yes('a', '1', 1), yes('b', '2', 0.9), yes('a', '3', 0.5), yes('b', '2', 0.4)];
    expect(liftsOf(near, 'shared')).toEqual([{ item: 'a', near: 0.5 }]);
    expect(liftsOf(near, 'all')).toEqual([
      { item: 'a', near: 1 },
      { item: 'b', near: 0.875 },
    ]);
    expect(liftsOf(near, 'off')).toEqual([]);
  });

  it('says nothing of how near a single event is', () => {
    const second = yes('a', '2', 0.5);
    const lifts = [0.5, 0.7, 0.93, 1].map((cosine) => liftsOf([yes('a', '1', cosine), second], 'shared'));
    expect(new Set(lifts.map((lift) => JSON.stringify(lift))).size).toBe(1);
  });

  it('comes in eighths, rounded down', () => {
    for (let cosine = 0.3; cosine < 1; cosine += 0.013) {
      const [lift] = liftsOf([yes('a', '1', cosine), yes('a', '2', cosine)], 'shared');
      expect((lift!.near * 8) % 1).toBe(0);
      expect(lift!.near - cosine).toBeLessThanOrEqual(0.01);
      expect(lift!.near - cosine).toBeGreaterThan(-1 / 8);
    }
  });

  it('takes an event away for each "no" that is as near, and none for one that is further', () => {
    const agreed = [yes('a', '1', 0.9), yes('a', '2', 0.9)];
    expect(liftsOf([...agreed, no('a', '3', 0.9)], 'shared')).toEqual([]);
    expect(liftsOf([...agreed, no('a', '3', 0.9)], 'all')).toEqual([{ item: 'a', near: 0.875 }]);
    expect(liftsOf([...agreed, no('a', '3', 0.9), no('a', '4', 0.9)], 'all')).toEqual([]);
    expect(liftsOf([...agreed, no('a', '3', 0.6)], 'shared')).toHaveLength(1);
    expect(liftsOf([...agreed, no('b', '3', 0.9)], 'shared')).toHaveLength(1);
  });

  it('does not count what nobody said twice, nor the nameless where contributors have to agree', () => {
    expect(liftsOf([yes('a', '1', 1), yes('a', '1', 1)], 'shared')).toEqual([]);
    expect(liftsOf([yes('a', null, 1), yes('a', null, 1), yes('a', '1', 1)], 'shared')).toEqual([]);
    expect(liftsOf([yes('a', null, 1)], 'all')).toEqual([{ item: 'a', near: 1 }]);
  });

  it('looks at the nearest only', () => {
    const many = Array.from({ length: NEIGHBOURS }, (_, i) => yes(`item ${i}`, `${i}`, 0.9));
    expect(liftsOf([...many, yes('item 0', 'late', 0.9)], 'shared')).toEqual([]);
  });
});

it('lifts a score part of the way, and never lowers it', () => {
  expect(lifted(0.4, 0.3, 0.7)).toBe(0.4);
  expect(lifted(0.4, 0.9, 0.7)).toBeGreaterThan(0.6);
  expect(lifted(0.4, 0.9, 0.7)).toBeLessThan(0.9);
  expect(lifted(0.5, 0.9, 0.7)).toBeGreaterThan(lifted(0.4, 0.9, 0.7));
});

describe('MemoryRows', () => {
  const width = 32;
  const random = seeded(5);
  const vector = () => {
    const values = Float32Array.from({ length: width }, () => random() - 0.5);
    const length = Math.hypot(...values);
    return values.map((value) => value / length);
  };
  const rowOf = (of: Float32Array) => {
    const row = new Int8Array(width);
    quantiseRow(of, row);
    return row;
  };
  const said = (record: number) => ({
    record,
    item: `item ${record}`,
    voice: `${record}`,
    relevant: true,
    click: false,
  });

  it('finds the nearest of those that are left, however many came and went', () => {
    const rows = new MemoryRows(width);
    const kept = new Map<number, Float32Array>();
    for (let record = 0; record < 500; record++) {
      const of = vector();
      rows.add({ ...said(record), row: rowOf(of) });
      kept.set(record, of);
      if (record % 3 !== 0) continue;
      const gone = [...kept.keys()][Math.floor(random() * kept.size)]!;
      rows.remove(gone);
      kept.delete(gone);
    }
    expect(rows.size).toBe(kept.size);
    for (let i = 0; i < 20; i++) {
      const query = vector();
      const cosine = (of: Float32Array) => of.reduce((sum, value, at) => sum + value * query[at]!, 0);
      const nearest = [...kept].sort((a, b) => cosine(b[1]) - cosine(a[1])).slice(0, 5);
      const found = rows.nearest(query, 5);
      // Rows are rounded: two that are about as near may change places.
      found.forEach((one, at) => {
        expect(one.cosine).toBeCloseTo(cosine(nearest[at]![1]), 2);
      });
      expect(found[0]!.cosine).toBeCloseTo(cosine(kept.get(Number(found[0]!.voice))!), 2);
    }
  });

  it('finds what was said among any number of clicks, and clicks among what was said', () => {
    const rows = new MemoryRows(width);
    const query = vector();
    for (let record = 0; record < 300; record++)
      rows.add({ ...said(record), click: record >= 5, row: rowOf(record === 0 ? vector() : query) });
    const clicks = (count: number) => rows.nearest(query, count).filter(({ click }) => click).length;
    expect([rows.nearest(query, 10).length, clicks(10)]).toEqual([15, 10]);
    for (let record = 5; record < 297; record++) rows.remove(record);
    expect([rows.nearest(query, 10).length, clicks(10)]).toEqual([8, 3]);
    for (let record = 297; record < 300; record++) rows.remove(record);
    expect([rows.nearest(query, 10).length, clicks(10)]).toEqual([5, 0]);
  });

  it('holds a record once, forgets what it does not hold, and refuses another width', () => {
    const rows = new MemoryRows(width);
    rows.add({ ...said(1), row: rowOf(vector()) });
    const query = vector();
    rows.add({ ...said(1), row: rowOf(query) });
    rows.remove(2);
    expect(rows.nearest(query, 3)).toMatchObject([{ item: 'item 1' }]);
    rows.remove(1);
    expect(rows.nearest(query, 3)).toEqual([]);
    expect(() => rows.add({ ...said(1), row: new Int8Array(8) })).toThrow('width is 32');
    expect(() => rows.nearest(new Float32Array(8), 1)).toThrow('width is 32');
  });
});
