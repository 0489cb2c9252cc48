/**
 * One data point a request for Analytics Engine, where the deployment has the binding FEDCAR_ANALYTICS. The order of
 * blobs and doubles is what queries rely on: docs/security.md lists it, and it only ever grows at its end.
 */

export interface RequestFacts {
  route: string;
  method: string;
  status: number;
  /** Of the problem document; empty for success. */
  code: string;
  collection: string;
  /** Kind of principal, never its id. */
  principal: string;
  colo: string;
  milliseconds: number;
  /** Parts of the answer by their names in server-timing, in milliseconds. */
  parts: Readonly<Record<string, number>>;
}

const PARTS = ['embed', 'score', 'passages', 'answer'] as const;

export function dataPoint(facts: RequestFacts): AnalyticsEngineDataPoint {
  const { route, method, status, code, collection, principal, colo, milliseconds, parts } = facts;
  return {
    // Sampling keeps the share of every route.
    indexes: [route.slice(0, 96)],
    blobs: [route, method, String(status), code, collection.slice(0, 63), principal, colo],
    doubles: [milliseconds, ...PARTS.map((part) => parts[part] ?? 0)],
  };
}
