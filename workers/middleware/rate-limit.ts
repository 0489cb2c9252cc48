/**
 * Limits on how often a principal may ask. Three counts, each with its own reach: the isolate's own at once, the
 * data centre's through an optional rate-limit binding, the deployment's through the directory, seconds late.
 */
import type { MiddlewareHandler } from 'hono';
import { requestsPerMinute as perMinuteOf } from '../../shared/protocol/access.ts';
import type { AppEnv } from '../env.ts';
import { Problem } from '../problem.ts';
import { networkOf } from './address.ts';
import type { CellRate } from './cell-rate.ts';

/** Of one network, for what needs no token: a participant's frames, pages, the API's description. */
export const ANONYMOUS_PER_MINUTE = 1200;
/** Of one network with a token that is bound to pages, which all their visitors share. */
export const VISITOR_PER_MINUTE = 60;
/** The binding says only yes or no; its period is 10 or 60 s. */
const BINDING_WAIT_S = 60;

export type Limit = 'isolate' | 'location' | 'deployment';

export function tooMany(detail: string, seconds: number): Problem {
  const headers = { 'retry-after': String(seconds) };
  return new Problem('too_many_requests', `${detail}; try again in ${seconds} s`, { headers });
}

export function rateLimit(options: {
  cellRate: CellRate;
  now: () => number;
  limited: (limit: Limit) => void;
}): MiddlewareHandler<AppEnv> {
  const { cellRate, now, limited } = options;
  const refuse = (limit: Limit, detail: string, seconds: number): never => {
    limited(limit);
    throw tooMany(detail, seconds);
  };
  return async (c, next) => {
    const { principal } = c.var;
    // The operator's own secret and development are not limited; neither is the check that the Worker lives.
    const free = principal.kind === 'root' || principal.kind === 'open' || c.req.path === '/healthz';
    if (free || c.env.FEDCAR_ENVIRONMENT === 'development') return await next();
    const token = principal.kind === 'token' ? principal.grant : null;
    const own =
      principal.kind === 'person' ? { id: principal.id, requestsPerMinute: perMinuteOf(c.env) } : token;
    const key = own?.id ?? networkOf(c.req.header('cf-connecting-ip'));
    const perMinute = own?.requestsPerMinute ?? ANONYMOUS_PER_MINUTE;
    const detail = `requests: at most ${perMinute} a minute`;
    if (token !== null && token.origins !== null) {
      const visitor = `${token.id} ${networkOf(c.req.header('cf-connecting-ip'))}`;
      const seconds = cellRate.take(visitor, VISITOR_PER_MINUTE);
      if (seconds > 0)
        refuse('isolate', `requests: at most ${VISITOR_PER_MINUTE} a minute of one visitor`, seconds);
    }
    const wait = cellRate.take(key, perMinute);
    if (wait > 0) refuse('isolate', detail, wait);
    const spentUntil = token?.spentUntil ?? 0;
    if (spentUntil > now()) refuse('deployment', detail, Math.ceil((spentUntil - now()) / 1000));
    const binding = c.env.FEDCAR_RATE_LIMITER;
    if (binding !== undefined && !(await binding.limit({ key })).success) {
      refuse('location', 'requests: more than this location takes', BINDING_WAIT_S);
    }
    await next();
  };
}
