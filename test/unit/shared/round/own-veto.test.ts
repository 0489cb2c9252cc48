/** The hub's own judgement: what it takes, and what it keeps from the gate. */
import { describe, expect, it } from 'vitest';
import { EvaluationSet, MOST_QUESTIONS } from '../../../../shared/protocol/api/evaluation.ts';
import { ownVeto } from '../../../../shared/round/own-veto.ts';

const GATE = { evaluationTolerance: 0.02, probeTolerance: 0.05 };
const FIGURES = { questions: 100, right: 70, serving: 72, titles: 40, found: 38, mips: 40 };

describe('the hub’s veto', () => {
  it('lets pass what loses as many as are tolerated, and no more', () => {
    expect(ownVeto(FIGURES, GATE)).toBeNull();
    expect(ownVeto({ ...FIGURES, right: 69 }, GATE)).toBe(
      "of the hub's own 100 questions it answers 69 right, the version that serves 72; at most 0.02 of them may be lost",
    );
    expect(ownVeto({ ...FIGURES, found: 37 }, GATE)).toBe(
      "of the hub's own 40 titles of untrained documents it finds 37, plain search 40; at most 0.05 of them may be lost",
    );
    expect(
      ownVeto({ ...FIGURES, questions: 0, right: 0, serving: 0, titles: 0, found: 0, mips: 0 }, GATE),
    ).toBeNull();
  });
});

describe('an evaluation set', () => {
  const set = (queries: object[], qrels: object[]) => EvaluationSet.safeParse({ queries, qrels });
  const problem = (parsed: ReturnType<typeof set>) => {
    const issue = parsed.error?.issues[0];
    return issue === undefined ? null : `${issue.path.join('.')}: ${issue.message}`;
  };

  it('has questions that something answers, each once', () => {
    const query = { _id: 'a', text: 'where is it' };
    const answer = { query_id: 'a', corpus_id: 'faq' };
    expect(problem(set([query], [answer]))).toBeNull();
    expect(problem(set([query, query], [answer]))).toBe('queries.1._id: a occurs twice');
    expect(problem(set([query], [answer, { ...answer, query_id: 'b' }]))).toBe(
      'qrels.1.query_id: b is not among the queries',
    );
    expect(problem(set([query], [{ ...answer, score: 0 }]))).toBe('queries.0._id: nothing answers a');
  });

  it('is bounded', () => {
    const queries = Array.from({ length: MOST_QUESTIONS + 1 }, (_, i) => ({ _id: `${i}`, text: 'q' }));
    const qrels = queries.slice(1).map(({ _id }) => ({ query_id: _id, corpus_id: 'd' }));
    expect(set(queries.slice(1), qrels).success).toBe(true);
    expect(set(queries, qrels).success).toBe(false);
  });
});
