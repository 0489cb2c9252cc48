/** Metrics against trec_eval (through pytrec_eval), intervals against statsmodels and scipy. */
import { describe, expect, it } from 'vitest';
import {
  meanInterval,
  queryMetrics,
  RetrievalMetrics,
  wilsonInterval,
} from '../../../../shared/retrieval/metrics.ts';
import vectors from '../../../vectors/pytrec-eval-0.5.11-rankings.json' with { type: 'json' };

const rankings = vectors.rankings.map(({ ranked, relevance, expected }) => ({
  ranked,
  relevance: new Map(Object.entries(relevance as unknown as Record<string, number>)),
  expected,
}));

describe('retrieval metrics', () => {
  it.each(rankings.map((ranking, index) => [index, ranking] as const))(
    'agree with trec_eval on ranking %i',
    (_, { ranked, relevance, expected }) => {
      const metrics = queryMetrics(ranked, relevance, vectors.cutoff);
      expect(metrics.top1).toBe(expected.top1);
      expect(metrics.recall).toBeCloseTo(expected.recall, 12);
      expect(metrics.reciprocalRank).toBeCloseTo(expected.reciprocalRank, 12);
      expect(metrics.ndcg).toBeCloseTo(expected.ndcg, 12);
    },
  );

  it('average over queries', () => {
    const metrics = new RetrievalMetrics(vectors.cutoff);
    for (const { ranked, relevance } of rankings) metrics.add(ranked, relevance);
    const mean = (name: 'top1' | 'recall' | 'reciprocalRank' | 'ndcg') =>
      rankings.reduce((sum, { expected }) => sum + expected[name], 0) / rankings.length;
    const summary = metrics.summary();
    expect(summary.queries).toBe(rankings.length);
    expect(summary.top1.value).toBeCloseTo(mean('top1'), 12);
    expect(summary.recall.value).toBeCloseTo(mean('recall'), 12);
    expect(summary.mrr.value).toBeCloseTo(mean('reciprocalRank'), 12);
    expect(summary.ndcg.value).toBeCloseTo(mean('ndcg'), 12);
    expect(summary.top1).toEqual(wilsonInterval(Math.round(mean('top1') * rankings.length), rankings.length));
  });

  it('take an empty ranking for a miss', () => {
    expect(queryMetrics([], new Map([['a', 1]]))).toEqual({ top1: 0, recall: 0, reciprocalRank: 0, ndcg: 0 });
  });

  it('refuse a query without an answer and a document listed twice', () => {
    expect(() => queryMetrics(['a'], new Map())).toThrow(RangeError);
    expect(() => queryMetrics(['a', 'a'], new Map([['a', 1]]))).toThrow(RangeError);
  });
});

describe('intervals', () => {
  it.each(vectors.wilson)(
    'of $successes in $trials are those of statsmodels',
    ({ successes, trials, low, high }) => {
      const interval = wilsonInterval(successes, trials);
      expect(interval.low).toBeCloseTo(low, 10);
      expect(interval.high).toBeCloseTo(high, 10);
    },
  );

  it('of a mean are those of scipy', () => {
    const { values, value, low, high } = vectors.mean;
    const interval = meanInterval(values);
    expect([interval.value, interval.low, interval.high].map((x) => x.toFixed(9))).toEqual(
      [value, low, high].map((x) => x.toFixed(9)),
    );
  });

  it('refuse what has no interval', () => {
    expect(() => wilsonInterval(1, 0)).toThrow(RangeError);
    expect(() => wilsonInterval(3, 2)).toThrow(RangeError);
    expect(() => meanInterval([])).toThrow(RangeError);
  });
});
