/** What a set of answered test queries amounts to. */
import { RetrievalMetrics, type RetrievalSummary } from '../shared/retrieval/metrics.ts';
import type { AnsweredQuery } from './evaluation.ts';

/** Metrics over ten documents a query; null when there is no query. */
export function summarise(answers: readonly AnsweredQuery[]): RetrievalSummary | null {
  if (answers.length === 0) return null;
  const metrics = new RetrievalMetrics(DEPTH);
  for (const { ranked, relevant } of answers) metrics.add(ranked, relevant);
  return metrics.summary();
}

const DEPTH = 10;
