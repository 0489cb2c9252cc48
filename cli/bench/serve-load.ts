/** Searches by autocannon, which waits for each answer before a connection asks again. */
import autocannon from 'autocannon';
import { workerdProcessorMs } from './processor-time.ts';
import { latency } from './search-during-training.ts';

export interface Load {
  requests: number;
  requests_s: number;
  p50_ms: number;
  p99_ms: number;
  max_ms: number;
  /** 503 with Retry-After, because too many waited for the encoder; their times count nowhere. */
  refused: number;
  /** Of workerd, a request, all its threads: what does not depend on who else uses the machine. Null: unknown. */
  processor_ms: number | null;
}

export interface LoadOptions {
  url: string;
  queries: readonly string[];
  /** The same query over and over, or never the same twice. */
  kind: 'repeated' | 'distinct';
  connections: number;
  seconds: number;
  /** How many each search wants; as many as by default where it is not given. */
  results?: number | undefined;
  /** Whether the service may turn some away; else a refusal is an error. */
  mayRefuse?: boolean;
}

const WARM_UP_S = 1;
const REFUSAL = '"code":"unavailable"';
/** Distinguishes queries of all measurements of this process. */
let asked = 0;

/** @param results how many are wanted; as many as by default where it is not given */
export function searchBody(query: string, results?: number): string {
  const ai_search_options = { retrieval: { max_num_results: results } };
  return JSON.stringify(results === undefined ? { query } : { query, ai_search_options });
}

/** The next search of this kind. */
export function bodyOf(kind: LoadOptions['kind'], queries: readonly string[], results?: number): string {
  if (kind === 'repeated') return searchBody(queries[0]!, results);
  asked += 1;
  return searchBody(`${queries[asked % queries.length]} ${asked}`, results);
}

/** @throws Error when an answer is an error, or has no passages. */
export async function measureLoad(options: LoadOptions): Promise<Load> {
  await shoot({ ...options, seconds: WARM_UP_S });
  return await shoot(options);
}

async function shoot({
  url,
  queries,
  kind,
  connections,
  seconds,
  mayRefuse = false,
  results,
}: LoadOptions): Promise<Load> {
  const nextBody = () => bodyOf(kind, queries, results);
  const run = autocannon({
    url,
    connections,
    duration: seconds,
    timeout: 60,
    requests: [
      {
        method: 'POST',
        path: '/v1/search',
        headers: { 'content-type': 'application/json' },
        setupRequest: (request) => ({ ...request, body: nextBody() }),
      },
    ],
    // Passages, and from every region.
    verifyBody: (body) =>
      (body.includes('"chunks":[{') && body.includes('"errors":[]')) || (mayRefuse && body.includes(REFUSAL)),
  });
  const times: number[] = [];
  const before = workerdProcessorMs();
  run.on('response', (_client, status: number, _bytes, ms: number) => {
    if (status === 200) times.push(ms);
  });
  const { errors, non2xx, mismatches, duration } = await run;
  if (errors + mismatches > 0 || (non2xx > 0 && !mayRefuse)) {
    throw new Error(
      `${errors} requests failed, ${non2xx} were refused, ${mismatches} answers were incomplete`,
    );
  }
  const { queries: requests, ...figures } = latency(times);
  const spent = (workerdProcessorMs() - before) / requests;
  return {
    requests,
    requests_s: Math.round((10 * requests) / duration) / 10,
    ...figures,
    refused: non2xx,
    processor_ms: Number.isNaN(spent) ? null : Math.round(10 * spent) / 10,
  };
}
