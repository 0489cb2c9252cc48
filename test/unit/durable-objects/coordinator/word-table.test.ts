/** Words of regions in the order of a snapshot's rows: the shares of a question are those of the passages' own texts. */
import { describe, expect, it } from 'vitest';
import { wordsOfRows } from '../../../../durable-objects/coordinator/word-table.ts';
import { Postings } from '../../../../shared/index/postings.ts';
import { buildSegment } from '../../../../shared/index/segment.ts';
import { countWords, questionTerms } from '../../../../shared/index/words.ts';
import { GateQuestion } from '../../../../shared/participant/gate-scores.ts';
import { START_PARAMETERS } from '../../../../shared/protocol/serving-parameters.ts';
import { plainProducts } from '../../../../shared/retrieval/scores.ts';
import { snapshotOf } from '../../../helpers/snapshots.ts';

/** A region's segment; texts by document and place. */
function segment(passages: [item: string, ordinal: number, text: string][], dead: number[] | null = null) {
  const entries = passages.map(([item, ordinal, text], seq) => ({
    ...{ item, ordinal, hash: '0'.repeat(32), seq, words: countWords(text) },
    embedding: Float32Array.of(1, 0),
  }));
  const { ids, words } = buildSegment(2, entries);
  return { ids, words, dead: dead && Uint8Array.from(dead) };
}

const NORTH = [
  segment([
    ['doors', 0, 'Doors open at nine.'],
    ['lifts', 0, 'The lift waits.'],
  ]),
  // Entries lie in the order of keys: the second one was deleted since.
  segment(
    [
      ['doors', 1, 'Code QX-17 opens the back door.'],
      ['gone', 0, 'QX-17 QX-17'],
    ],
    [0, 1],
  ),
];
const SOUTH = [segment([['parking', 0, 'Cars park below.']])];
const ROWS = [
  { item: 'parking', vector: [1, 0] },
  { item: 'doors', vector: [0.9, 0.1] },
  { item: 'doors', ordinal: 1, vector: [0, 1] },
  { item: 'lifts', vector: [0.8, 0.2] },
  { item: 'unindexed', vector: [0.1, 1] },
];

describe('the words of all rows', () => {
  const snapshot = snapshotOf(ROWS);
  const bytes = wordsOfRows(snapshot, [NORTH, SOUTH])!;

  it('are those of each row, wherever its region has it, without what is gone', () => {
    const words = new Postings(bytes);
    expect(Array.from(words.lengths)).toEqual(
      ['Cars park below.', 'Doors open at nine.', 'Code QX-17 opens the back door.', 'The lift waits.', '']
        .map(countWords)
        .map(({ length }) => length),
    );
    expect(Array.from(words.list('qx-17')!.passages)).toEqual([2]);
    expect(Array.from(words.list('door')!.passages)).toEqual([1, 2]);
  });

  it('lift what has the words of a question, the more the larger their weight', () => {
    const searched = { snapshot, words: new Postings(bytes), products: plainProducts };
    const terms = [...questionTerms('QX-17?').keys()];
    const question = new GateQuestion(searched, Float32Array.of(1, 0), terms);
    const first = (words: number) => question.first({ ...START_PARAMETERS, words });
    expect([first(0), first(4)]).toEqual(['parking', 'doors']);
    const none = new GateQuestion({ ...searched, words: null }, Float32Array.of(0, 1), terms);
    expect(none.first({ ...START_PARAMETERS, words: 4 })).toBe('doors');
  });

  it('are none where a region did not answer, or all of them are too much', () => {
    expect(wordsOfRows(snapshot, [NORTH, null])).toBeNull();
    const large = { ...NORTH[0]!, ids: new Uint8Array(9 << 20) };
    expect(wordsOfRows(snapshot, [NORTH, [large]])).toBeNull();
  });
});

describe('a document as if nobody had asked about it', () => {
  const rows = ROWS.map((row, index) => ({ ...row, active: index !== 3 }));
  const snapshot = snapshotOf(rows, { inactiveOffset: 0.05 });
  const searched = { snapshot, words: null, products: plainProducts };
  const question = new GateQuestion(searched, Float32Array.of(0, 1), []);

  it('has its rows as they began, with the offset of those that never learned', () => {
    const as = (offset: number | null, began: number) =>
      question.first({ ...START_PARAMETERS, offset }, new Map([[2, began]]));
    expect(question.first(START_PARAMETERS)).toBe('doors');
    // The next best learned and has a cosine of 0.995.
    expect([as(null, 0.93), as(null, 0.96), as(0.2, 0.93), as(0, 0.96)]).toEqual([
      'unindexed',
      'doors',
      'doors',
      'unindexed',
    ]);
  });
});
