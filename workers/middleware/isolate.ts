/** What the middleware keeps in an isolate's memory, for all its requests: tokens, cell rates, counters. */
import { observeLog } from '../../shared/log.ts';
import type { SingleFlight } from '../single-flight.ts';
import { CellRate } from './cell-rate.ts';
import { Gauges } from './gauges.ts';
import { Metrics } from './metrics.ts';
import { SignIns } from './oidc.ts';
import { TokenCache } from './token-cache.ts';

/** Principals and networks whose rate is remembered, of each kind. */
const REMEMBERED_KEYS = 20_000;

export interface Isolate {
  tokens: TokenCache;
  signIns: SignIns;
  /** Tokens tried in vain, by network. */
  failures: CellRate;
  cellRate: CellRate;
  metrics: Metrics;
  gauges: Gauges;
  now: () => number;
}

export function makeIsolate(options: { now: () => number; flights: SingleFlight }): Isolate {
  const { now, flights } = options;
  const metrics = new Metrics();
  observeLog((level, event) => metrics.count('fedcar_log_events_total', { level, event }));
  return {
    tokens: new TokenCache({ now, flights }),
    signIns: new SignIns({ now, flights }),
    failures: new CellRate({ now, capacity: REMEMBERED_KEYS }),
    cellRate: new CellRate({ now, capacity: REMEMBERED_KEYS }),
    metrics,
    gauges: new Gauges(now),
    now,
  };
}
