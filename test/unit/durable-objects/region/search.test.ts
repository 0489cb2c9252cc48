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
    passage: (item, ordinal) =>
      stored.find((passage) => passage.item === item && passage.ordinal === ordinal) ?? null,
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
  contenders: 3,
  fresh: true,
  filters: null,
  terms: [],
  expansion: 0,
  wanted: [],
  memoryQuery: null,
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

it('scores a candidate by its own embedding, unless its row learned', () => {
  const library = libraryOf([
    ['a', 0.31],
    ['b', 0.2],
  ]);
  const candidates = [
    { item: 'a', ordinal: 0, score: null },
    { item: 'b', ordinal: 1, score: 0.9 },
  ];
  const known = { ...request, candidates, watermark: 2, inactiveOffset: 0.05 };
  const { hits } = answerPassages(library, 'weur', known);
  expect(hits.map(({ item, score }) => [item, score])).toEqual([
    ['b', 0.9],
    ['a', expect.closeTo(0.36)],
  ]);
  const fewer = answerPassages(library, 'weur', { ...known, contenders: 1 });
  expect(fewer.hits.map(({ item }) => item)).toEqual(['a']);
  const byWords = answerPassages(library, 'weur', {
    ...known,
    query: null,
    candidates: candidates.slice(0, 1),
  });
  expect(byWords.hits.map(({ score }) => score)).toEqual([null]);
});

it('of what is new counts words in the texts, and leaves the index closed', () => {
  // The library has no segments: looking into them would fail.
  const library = libraryOf([
    ['a pump', 0.1],
    ['a fan', 0.2],
    ['the pump of a fan', 0.3],
  ]);
  const asked = { ...request, watermark: 1, terms: ['pump', 'fan'] };
  const words = (query: Float32Array | null, more: Partial<typeof asked> = {}) =>
    answerPassages(library, 'weur', { ...asked, ...more, query }).hits.map((hit) => [hit.item, hit.words]);
  const both = ['the pump of a fan', { length: 5, frequencies: [1, 1] }];
  const fan = ['a fan', { length: 2, frequencies: [0, 1] }];
  expect(words(request.query)).toEqual([both, fan]);
  expect(words(null)).toEqual(expect.arrayContaining([both, fan]));
  expect(words(null, { terms: ['pump'] })).toEqual([[both[0], { length: 5, frequencies: [1] }]]);
  expect(words(request.query, { watermark: 3 })).toEqual([]);
  expect(words(request.query, { fresh: false })).toEqual([]);
});

it('of many new documents only the best are looked up', () => {
  const many = Array.from({ length: 2000 }, (_, i) => [`item ${i}`, (i % 1000) / 1000] as [string, number]);
  const { hits } = answerPassages(libraryOf(many), 'weur', request);
  expect(hits.length).toBeLessThan(50);
  expect(hits.slice(0, 2).map(({ item }) => item)).toEqual(['item 999', 'item 1999']);
});
