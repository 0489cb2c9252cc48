/** Further passages of what was found: which are asked for, how they rank, and a region that fails. */
import { expect, it } from 'vitest';
import type { SiblingRequest } from '../../../shared/protocol/passages.ts';
import { FOUND_AT } from '../../../workers/calibration.ts';
import type { SearchContext } from '../../../workers/search.ts';
import { withSiblings } from '../../../workers/siblings.ts';
import { hitOf } from '../../helpers/memory-services.ts';

const unranked = {
  remembered: false,
  rank: 0,
  keyword: null,
  matched: [],
  vectorRank: null,
  keywordRank: null,
};
const found = [
  { ...hitOf('long', 'weur', 0.6, 3), passages: 9, calibrated: 0.9, ...unranked },
  { ...hitOf('short', 'apac', 0.5), calibrated: 0.7, ...unranked },
  { ...hitOf('other', 'apac', 0.45, 1), passages: 2, calibrated: 0.6, ...unranked },
];

function contextOf(answers: (region: string, request: SiblingRequest) => ReturnType<typeof hitOf>[]) {
  const region = (_: unknown, name: string) => ({
    passages: async (request: SiblingRequest) => ({ hits: answers(name, request), words: null }),
  });
  const encoder = { embed: async () => Float32Array.of(1, 0) };
  const snapshot = { header: { inactiveOffset: 0.1 } };
  return { services: { region }, collection: {}, encoder, snapshot } as unknown as SearchContext;
}

it('are asked of the regions that have the documents, for those with several passages', async () => {
  const asked: [string, SiblingRequest][] = [];
  const context = contextOf((name, request) => {
    asked.push([name, request]);
    return name === 'weur' ? [hitOf('long', 'weur', 0.99, 4), hitOf('long', 'weur', 0.1, 5)] : [];
  });
  const hits = await withSiblings(context, 'a question', found);
  expect(asked.map(([name, { of, limit, inactiveOffset }]) => [name, of, limit, inactiveOffset])).toEqual([
    ['weur', [{ item: 'long', ordinal: 3 }], 2, 0.1],
    ['apac', [{ item: 'other', ordinal: 1 }], 2, 0.1],
  ]);
  // The one that was found stays first of its document, and a passage that says nothing is not read before others.
  expect(hits.map(({ id }) => id)).toEqual(['long#3', 'long#4', 'short#0', 'other#1', 'long#5']);
  expect(hits[1]?.calibrated).toBe(0.9);
  expect(hits.at(-1)?.calibrated).toBeLessThan(FOUND_AT);
});

it('are missing from an answer where their region fails', async () => {
  const context = contextOf(() => {
    throw new Error('region is broken');
  });
  expect(await withSiblings(context, 'a question', found)).toEqual(found);
});
