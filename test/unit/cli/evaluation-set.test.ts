/** Judgments are sent with their grades, and the best of them where there are more than a set takes. */
import { expect, it } from 'vitest';
import { evaluationSetOf } from '../../../cli/evaluation.ts';
import { EvaluationSet, MOST_JUDGMENTS } from '../../../shared/protocol/api/evaluation.ts';

it('keeps the grades of a folder, as whole numbers above 0', () => {
  const relevant = new Map([
    ['a', 2],
    ['b', 0.5],
    ['c', 40_000],
  ]);
  const { qrels } = evaluationSetOf([{ id: 'q', text: 'what', relevant }]);
  expect(qrels).toEqual([
    { query_id: 'q', corpus_id: 'c', score: 1000 },
    { query_id: 'q', corpus_id: 'a', score: 2 },
    { query_id: 'q', corpus_id: 'b', score: 1 },
  ]);
});

it('sends the documents of the highest grades where a set takes no more', () => {
  const relevant = new Map(Array.from({ length: 300 }, (_, i) => [`d${i}`, 1 + i]));
  const queries = Array.from({ length: 20 }, (_, i) => ({ id: `q${i}`, text: `question ${i}`, relevant }));
  const set = EvaluationSet.parse(evaluationSetOf(queries));
  expect(set.qrels).toHaveLength(MOST_JUDGMENTS);
  expect(set.qrels.slice(0, 100).map(({ corpus_id }) => corpus_id)).toEqual(
    Array.from({ length: 100 }, (_, i) => `d${299 - i}`),
  );
});
