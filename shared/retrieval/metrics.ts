/**
 * Retrieval metrics over ranked documents: top-1, recall@k, MRR@k, nDCG@k (binary or graded gains, as in
 * trec_eval), and 95 % intervals. Rates are fractions between 0 and 1.
 */

/** Gains of the relevant documents of one query: positive, by document id. */
export type Relevance = ReadonlyMap<string, number>;

export interface QueryMetrics {
  top1: number;
  recall: number;
  reciprocalRank: number;
  ndcg: number;
}

/**
 * Metrics of one query at cut-off `k`. `ranked` lists distinct document ids, best first. Recall counts what of all
 * relevant documents is among the first k. Throws a RangeError without any relevant document or for a repeated id.
 */
export function queryMetrics(ranked: readonly string[], relevance: Relevance, k = 10): QueryMetrics {
  const gains = [...relevance.values()].filter((gain) => gain > 0).sort((a, b) => b - a);
  if (gains.length === 0) throw new RangeError('relevance: no relevant document');
  const first = ranked.slice(0, k);
  if (new Set(first).size !== first.length) throw new RangeError('ranked: a document is listed twice');
  let hits = 0;
  let reciprocalRank = 0;
  let dcg = 0;
  for (const [index, id] of first.entries()) {
    const gain = relevance.get(id) ?? 0;
    if (gain <= 0) continue;
    hits += 1;
    if (reciprocalRank === 0) reciprocalRank = 1 / (index + 1);
    dcg += gain / Math.log2(index + 2);
  }
  let ideal = 0;
  for (const [index, gain] of gains.slice(0, k).entries()) ideal += gain / Math.log2(index + 2);
  return {
    top1: (relevance.get(first[0] ?? '') ?? 0) > 0 ? 1 : 0,
    recall: hits / gains.length,
    reciprocalRank,
    ndcg: dcg / ideal,
  };
}

/** A mean with its 95 % interval. */
export interface Estimate {
  value: number;
  low: number;
  high: number;
}

/** Normal quantile at 0.975. */
const Z = 1.959963984540054;

/** Share of successes with Wilson's score interval (Wilson 1927), for top-1 and recall of one relevant document. */
export function wilsonInterval(successes: number, trials: number): Estimate {
  if (!Number.isInteger(trials) || trials < 1)
    throw new RangeError(`trials: ${trials} is not a positive integer`);
  if (!(successes >= 0 && successes <= trials)) {
    throw new RangeError(`successes: ${successes} is not between 0 and ${trials}`);
  }
  const share = successes / trials;
  const denominator = 1 + Z ** 2 / trials;
  const centre = (share + Z ** 2 / (2 * trials)) / denominator;
  const half = (Z / denominator) * Math.sqrt((share * (1 - share)) / trials + Z ** 2 / (4 * trials ** 2));
  return { value: share, low: Math.max(0, centre - half), high: Math.min(1, centre + half) };
}

/** Mean with the normal interval from the sample's standard error, for rates that are not yes or no. */
export function meanInterval(values: readonly number[]): Estimate {
  const count = values.length;
  if (count === 0) throw new RangeError('values: none');
  let sum = 0;
  for (const value of values) sum += value;
  const mean = sum / count;
  let squares = 0;
  for (const value of values) squares += (value - mean) ** 2;
  const half = count === 1 ? 0.5 : Z * Math.sqrt(squares / (count - 1) / count);
  return { value: mean, low: Math.max(0, mean - half), high: Math.min(1, mean + half) };
}

export interface RetrievalSummary {
  queries: number;
  top1: Estimate;
  recall: Estimate;
  mrr: Estimate;
  ndcg: Estimate;
}

/** Adds up queries one by one; ten documents a query unless told otherwise. */
export class RetrievalMetrics {
  readonly #k: number;
  readonly #values: Record<keyof QueryMetrics, number[]> = {
    top1: [],
    recall: [],
    reciprocalRank: [],
    ndcg: [],
  };

  constructor(k = 10) {
    this.#k = k;
  }

  add(ranked: readonly string[], relevance: Relevance): QueryMetrics {
    const metrics = queryMetrics(ranked, relevance, this.#k);
    for (const name of Object.keys(metrics) as (keyof QueryMetrics)[]) this.#values[name].push(metrics[name]);
    return metrics;
  }

  summary(): RetrievalSummary {
    const { top1, recall, reciprocalRank, ndcg } = this.#values;
    return {
      queries: top1.length,
      top1: share(top1),
      recall: share(recall),
      mrr: meanInterval(reciprocalRank),
      ndcg: meanInterval(ndcg),
    };
  }
}

/** Wilson's interval where every value is 0 or 1, else the mean's. */
function share(values: readonly number[]): Estimate {
  if (values.some((value) => value !== 0 && value !== 1)) return meanInterval(values);
  return wilsonInterval(values.filter((value) => value === 1).length, values.length);
}
