import { describe, expect, it } from 'vitest';
import { mergeHits, Ranking, snapshotRanks } from '../../../workers/ranking.ts';
import { snapshotOf } from '../../helpers/snapshots.ts';

const query = Float32Array.of(1, 0, 0);

describe('candidates', () => {
  it('takes the best passage of each item and groups by region', () => {
    const snapshot = snapshotOf([
      { item: 'a', ordinal: 0, region: 'weur', vector: [0, 1, 0] },
      { item: 'a', ordinal: 1, region: 'weur', vector: [1, 0.1, 0] },
      { item: 'b', ordinal: 0, region: 'apac', vector: [1, 1, 0] },
    ]);
    const found = new Ranking(snapshotRanks(snapshot, query, null)).take(15);
    expect([...found.keys()].sort()).toEqual(['apac', 'weur']);
    expect(found.get('weur')).toEqual([{ item: 'a', ordinal: 1, score: expect.closeTo(0.995, 2) }]);
    expect(found.get('apac')?.[0]?.score).toBeCloseTo(Math.SQRT1_2, 2);
  });

  it('finds enough items behind one long document', () => {
    const long = Array.from({ length: 400 }, (_, ordinal) => ({ item: 'long', ordinal, vector: [1, 0, 0] }));
    const others = Array.from({ length: 9 }, (_, i) => ({ item: `other-${i}`, vector: [0.1, 1, i] }));
    const found = new Ranking(snapshotRanks(snapshotOf([...long, ...others]), query, null)).take(10);
    expect(found.get('weur')).toHaveLength(10);
  });

  it('keeps to one region when asked', () => {
    const snapshot = snapshotOf([
      { item: 'a', region: 'weur', vector: [1, 0, 0] },
      { item: 'b', region: 'apac', vector: [0, 1, 0] },
    ]);
    expect([...new Ranking(snapshotRanks(snapshot, query, 'apac')).take(15).keys()]).toEqual(['apac']);
    expect(new Ranking(snapshotRanks(snapshot, query, 'afr')).take(15).size).toBe(0);
  });

  it('takes every item once, from the best on, and says when there are no more', () => {
    const rows = Array.from({ length: 40 }, (_, i) => ({
      item: `d${i % 20}`,
      ordinal: i,
      vector: [1, i / 10, 0],
    }));
    const ranking = new Ranking(snapshotRanks(snapshotOf(rows), query, null));
    const taken: string[] = [];
    let floor = Number.POSITIVE_INFINITY;
    for (const [items, exhausted] of [
      [1, false],
      [9, false],
      [9, false],
      [1, true],
      [5, true],
    ] as const) {
      const next = ranking.take(items).get('weur') ?? [];
      expect(next.every(({ score }) => score! <= floor)).toBe(true);
      floor = ranking.floor;
      expect(ranking.exhausted).toBe(exhausted);
      taken.push(...next.map(({ item }) => item));
    }
    expect([...taken].sort()).toEqual(Array.from({ length: 20 }, (_, i) => `d${i}`).sort());
  });

  it('takes those that rounding may have put behind the last one, where no further region is asked for them', () => {
    const rows = [
      { item: 'a', region: 'weur', vector: [1, 0, 0] },
      { item: 'b', region: 'weur', vector: [0.99, Math.sqrt(1 - 0.99 ** 2), 0] },
      { item: 'c', region: 'weur', vector: [0.9895, 0, Math.sqrt(1 - 0.9895 ** 2)] },
      { item: 'd', region: 'weur', vector: [0.98, Math.sqrt(1 - 0.98 ** 2), 0] },
    ];
    const taken = (items: number, given = rows) => {
      const candidates = new Ranking(snapshotRanks(snapshotOf(given), query, null)).take(items);
      return [...candidates.values()].flat().map(({ item }) => item);
    };
    expect(taken(2).sort()).toEqual(['a', 'b', 'c']);
    expect(taken(1)).toEqual(['a']);
    // Of the spare ones those that are as good as the last one that is shown.
    const ranking = new Ranking(snapshotRanks(snapshotOf(rows), query, null));
    expect([ranking.take(4, 2).get('weur')?.length, ranking.contenders]).toEqual([4, 3]);
    const elsewhere = rows.map((row) => (row.item === 'b' ? row : { ...row, region: `of ${row.item}` }));
    expect(taken(2, elsewhere).length).toBe(2);
  });

  it('finds nothing in an empty collection', () => {
    expect(new Ranking(snapshotRanks(snapshotOf([]), new Float32Array(4), null)).take(15).size).toBe(0);
  });
});

describe('merging', () => {
  const hit = (id: string, rank: number) => ({ id, item: id.split('#')[0]!, rank });

  it('ranks items by their best passage', () => {
    const merged = mergeHits([hit('a#0', 0.2), hit('b#0', 0.5), hit('a#1', 0.9), hit('c#0', 0.1)], 2);
    expect(merged.map((h) => h.id)).toEqual(['a#1', 'b#0']);
  });

  it('does not depend on which region answered first', () => {
    const hits = [hit('a#0', 0.5), hit('b#0', 0.5), hit('b#1', 0.5)];
    expect(mergeHits(hits, 3)).toEqual(mergeHits([...hits].reverse(), 3));
  });
});
