/** A region's part of a search, over a library that is a list. How it stands with real tables is tested in workerd. */
import { expect, it } from 'vitest';
import type { IndexedPassage, Library } from '../../../../durable-objects/region/library.ts';
import { answerPassages } from '../../../../durable-objects/region/search.ts';

function libraryOf(passages: readonly [item: string, score: number][]): Library {
  const stored = passages.map(([item, score], i): IndexedPassage => {
    const embedding = Float32Array.of(score, 0);
    return { item, ordinal: i, text: item, layout: null, hash: '', tokens: 1, embedding, seq: i + 1 };
  });
  const library: Pick<Library, 'since' | 'summary' | 'passage'> = {
    *since(watermark) {
      yield* stored.filter(({ seq }) => seq > watermark);
    },
    passage: () => null,
    summary: (key, region) => ({
      ...{ key, region, title: '', format: 'text', metadata: {}, timestamp: 0, passages: 1, indexed: 1 },
      status: 'indexed' as const,
    }),
  };
  return library as Library;
}

const request = {
  candidates: [],
  watermark: 0,
  isIndexed: true,
  query: Float32Array.of(1, 0),
  baseQuery: null,
  inactiveOffset: 0,
  wordWeight: 0.44,
  limit: 3,
  fresh: true,
  filters: null,
  terms: [],
  expansion: 0,
  wanted: [],
};

it('a long document that is new does not take the place of the others', () => {
  const long = Array.from({ length: 500 }, (_, i) => ['long', 0.9 - i / 10_000] as [string, number]);
  for (const others of [[], long]) {
    const library = libraryOf([...long, ['b', 0.2], ...others, ['a', 0.3], ['c', 0.1]]);
    const { hits } = answerPassages(library, 'weur', request);
    expect(hits.map(({ item }) => item)).toEqual(['long', 'a', 'b', 'c']);
    expect(hits[0]?.score).toBeCloseTo(0.9);
  }
});

it('of many new documents only the best are looked up', () => {
  const many = Array.from({ length: 2000 }, (_, i) => [`item ${i}`, (i % 1000) / 1000] as [string, number]);
  const { hits } = answerPassages(libraryOf(many), 'weur', request);
  expect(hits.length).toBeLessThan(50);
  expect(hits.slice(0, 2).map(({ item }) => item)).toEqual(['item 999', 'item 1999']);
});
