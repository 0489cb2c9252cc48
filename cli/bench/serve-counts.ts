/**
 * What one search costs besides time: calls of objects, rows that they read, and its parts as `server-timing` names
 * them. Counted in requests of their own, one after another, so that counting slows nothing that is timed.
 */
import type { Counts } from './subjects/serve-worker.ts';

export interface Cost {
  /** A request, by object, and in all. */
  calls: Record<string, number>;
  /** Of SQLite, a request, by object, and in all: as the platform bills them. */
  rows_read: Record<string, number>;
  /** Milliseconds a request. */
  phases_ms: Record<string, number>;
}

const REQUESTS = 20;

/** @param bodies of searches, one for each request */
export async function measureCost(url: string, nextBody: () => string): Promise<Cost> {
  const phases = new Map<string, number>();
  const search = async () => {
    const response = await fetch(`${url}/v1/search`, {
      method: 'POST',
      body: nextBody(),
      headers: { 'content-type': 'application/json' },
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`a search failed: ${text}`);
    return response.headers.get('server-timing') ?? '';
  };
  await search();
  await fetch(`${url}/bench/count`);
  for (let request = 0; request < REQUESTS; request++) {
    for (const [part, ms] of partsOf(await search())) phases.set(part, (phases.get(part) ?? 0) + ms);
  }
  const { calls, rowsRead } = (await (await fetch(`${url}/bench/counted`)).json()) as Counts;
  return {
    calls: withTotal(calls),
    rows_read: withTotal(rowsRead),
    phases_ms: Object.fromEntries(Array.from(phases, ([part, ms]) => [part, perRequest(ms)])),
  };
}

/** Parts of a `server-timing` header, in milliseconds: `embed;dur=3.1, score;dur=0.4`. */
function partsOf(header: string): [part: string, ms: number][] {
  return header.split(',').flatMap((entry) => {
    const match = /^\s*([a-z]+)\s*;.*?dur=([\d.]+)/.exec(entry);
    return match ? [[match[1]!, Number(match[2])] as [string, number]] : [];
  });
}

function withTotal(counts: Record<string, number>): Record<string, number> {
  const all = Object.values(counts).reduce((sum, count) => sum + count, 0);
  const each = Object.entries(counts).map(([of, count]) => [of, perRequest(count)]);
  return { all: perRequest(all), ...Object.fromEntries(each) };
}

function perRequest(sum: number): number {
  return Math.round((100 * sum) / REQUESTS) / 100;
}
