import { expect, it } from 'vitest';
import { Bm25 } from '../../../../shared/index/bm25.ts';
import { Postings } from '../../../../shared/index/postings.ts';
import { buildSegment, SegmentIds } from '../../../../shared/index/segment.ts';
import { WordSearch, wordSegment } from '../../../../shared/index/word-search.ts';
import { countWords } from '../../../../shared/index/words.ts';

it('a search frees what it read of words that very many passages have, and leaves short lists to a collection', () => {
  const passages = Array.from({ length: 3000 }, (_, number) => ({
    ...{ item: `item ${number}`, ordinal: 0, hash: number.toString(16).padStart(32, '0'), seq: 1 },
    ...{ embedding: Float32Array.of(1, 0), words: countWords(number === 7 ? 'the parcel' : 'the') },
  }));
  const parts = buildSegment(2, passages);
  const postings = new Postings(parts.words);
  const lists = new Map(['the', 'parcel'].map((term) => [term, postings.list(term)!]));
  postings.list = (term) => lists.get(term) ?? null;
  const search = new WordSearch([wordSegment(new SegmentIds(parts.ids), postings, null)], ['the', 'parcel']);
  const bm25 = new Bm25(search.statistics);
  let best = '';
  search.best(bm25, 1, ({ name, frequencies }) => {
    best = `${name.item}, ${name.hash}: ${frequencies}`;
    return true;
  });
  expect(best).toBe(`item 7, ${'7'.padStart(32, '0')}: 1,1`);
  search.release();
  const left = Array.from(lists.values(), (list) => list.passages.byteLength + list.frequencies.byteLength);
  expect(left).toEqual([0, 8]);
});
