import { describe, expect, it } from 'vitest';
import type { PassageHit } from '../../../shared/protocol/items.ts';
import { candidatesByRegion, mergeHits } from '../../../workers/ranking.ts';
import { snapshotOf } from '../../helpers/snapshots.ts';

const query = Float32Array.of(1, 0, 0);

describe('candidates', () => {
  it('takes the best passage of each item and groups by region', () => {
    const snapshot = snapshotOf([
      { item: 'a', ordinal: 0, region: 'weur', vector: [0, 1, 0] },
      { item: 'a', ordinal: 1, region: 'weur', vector: [1, 0.1, 0] },
      { item: 'b', ordinal: 0, region: 'apac', vector: [1, 1, 0] },
    ]);
    const found = candidatesByRegion(snapshot, query, 10, null);
    expect([...found.keys()].sort()).toEqual(['apac', 'weur']);
    expect(found.get('weur')).toEqual([{ item: 'a', ordinal: 1, row: 1, score: expect.closeTo(0.995, 2) }]);
    expect(found.get('apac')?.[0]?.score).toBeCloseTo(Math.SQRT1_2, 2);
  });

  it('finds enough items behind one long document', () => {
    const long = Array.from({ length: 400 }, (_, ordinal) => ({ item: 'long', ordinal, vector: [1, 0, 0] }));
    const others = Array.from({ length: 9 }, (_, i) => ({ item: `other-${i}`, vector: [0.1, 1, i] }));
    const found = candidatesByRegion(snapshotOf([...long, ...others]), query, 5, null);
    expect(found.get('weur')).toHaveLength(10);
  });

  it('keeps to one region when asked', () => {
    const snapshot = snapshotOf([
      { item: 'a', region: 'weur', vector: [1, 0, 0] },
      { item: 'b', region: 'apac', vector: [0, 1, 0] },
    ]);
    expect([...candidatesByRegion(snapshot, query, 10, 'apac').keys()]).toEqual(['apac']);
    expect(candidatesByRegion(snapshot, query, 10, 'afr').size).toBe(0);
  });

  it('finds nothing in an empty collection', () => {
    expect(candidatesByRegion(snapshotOf([]), new Float32Array(4), 10, null).size).toBe(0);
  });
});

describe('merging', () => {
  const hit = (id: string, score: number): PassageHit => ({
    id,
    item: id.split('#')[0] as string,
    region: 'weur',
    title: '',
    text: '',
    metadata: {},
    timestamp: 0,
    baseScore: null,
    score,
  });

  it('ranks items by their best passage', () => {
    const merged = mergeHits([hit('a#0', 0.2), hit('b#0', 0.5), hit('a#1', 0.9), hit('c#0', 0.1)], 2);
    expect(merged.map((h) => h.id)).toEqual(['a#1', 'b#0']);
  });

  it('does not depend on which region answered first', () => {
    const hits = [hit('a#0', 0.5), hit('b#0', 0.5), hit('b#1', 0.5)];
    expect(mergeHits(hits, 3)).toEqual(mergeHits([...hits].reverse(), 3));
  });
});
