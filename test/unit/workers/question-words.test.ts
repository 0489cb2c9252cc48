import { expect, it } from 'vitest';
import { QuestionWords } from '../../../workers/question-words.ts';

it('takes each term once, as it was first written, and not without end', () => {
  const words = new QuestionWords('Parcels, parcel E-4712 parcels');
  expect(words.terms).toEqual(['parcel', 'e', '4712', 'e-4712', 'e4712']);
  const many = Array.from({ length: 900 }, (_, i) => `q${String.fromCodePoint(0x4e00 + i)}`).join(' ');
  expect(new QuestionWords(many).terms).toHaveLength(128);
});

it('names the words that a passage has, by what they add', () => {
  const words = new QuestionWords('Parcels and lockers');
  words.weigh([{ words: { passages: 100, length: 1000, frequencies: [40, 90, 2] } }, { words: null }]);
  const found = { length: 10, frequencies: [1, 0, 1] };
  const matched = words.matched(found);
  expect(matched.map(({ word }) => word)).toEqual(['lockers', 'Parcels']);
  expect(matched.reduce((sum, { score }) => sum + score, 0)).toBeCloseTo(words.share(found));
  expect([words.matched(null), words.share(null)]).toEqual([[], 0]);
});

it('says nothing where no region answered', () => {
  const words = new QuestionWords('Parcels');
  words.weigh([]);
  expect(words.share({ length: 1, frequencies: [1] })).toBeLessThanOrEqual(1);
});
