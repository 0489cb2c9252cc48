/**
 * What is told of every request: one log line, counters, and a data point where Analytics Engine is bound. Routes are
 * named by their patterns and principals by their public ids: a path may hold a document's key or a person's id.
 */
import type { Context, MiddlewareHandler } from 'hono';
import { inRequest } from '../../durable-objects/request-context.ts';
import {
  collectingSpans,
  currentSpan,
  inSpan,
  requestParent,
  tracesFrom,
} from '../../durable-objects/tracing.ts';
import { type LogLevel, logLine, setLogLevel } from '../../shared/log.ts';
import type { AppEnv, Env } from '../env.ts';
import { dataPoint, type RequestFacts } from './analytics.ts';
import type { Metrics } from './metrics.ts';
import { routeOf } from './route.ts';

/** Least level that is written. In development requests that went well are not. */
function levelOf(env: Env): LogLevel {
  const given = env.FEDCAR_LOG_LEVEL;
  if (given === 'info' || given === 'warn' || given === 'error') return given;
  return env.FEDCAR_ENVIRONMENT === 'development' ? 'warn' : 'info';
}

export function observe(options: { metrics: Metrics; now: () => number }): MiddlewareHandler<AppEnv> {
  const { metrics, now } = options;
  let began = false;
  return async (c, next) => {
    setLogLevel(levelOf(c.env));
    if (!began) {
      // Not earlier: at the start of an isolate there is neither a clock nor a source of random numbers.
      began = true;
      const isolate = crypto.randomUUID().slice(0, 8);
      metrics.set('fedcar_isolate_start_time_seconds', { isolate }, now() / 1000);
    }
    const begin = now();
    await inRequest(c.var.requestId, async () => {
      await inTrace(c, next);
      tell(c, metrics, now() - begin);
    });
  };
}

/** Requests of the API and of agents are traces, where traces are told; one that an agent's makes is a part of its. */
async function inTrace(c: Context<AppEnv>, next: () => Promise<void>): Promise<void> {
  if (!tracesFrom(c.env) || !/^\/(v1|mcp)(\/|$)/.test(c.req.path)) return await next();
  const host = { env: c.env, keep: (work: Promise<unknown>) => c.executionCtx.waitUntil(work) };
  await collectingSpans(host, async () => {
    const parent = currentSpan() ?? requestParent(c.env, c.req.header('traceparent'));
    await inSpan('request', { kind: 'server', parent }, async (span) => {
      await next();
      const { method, route, status, code, collection } = factsOf(c, 0);
      span.name = `${method} ${route}`;
      span.failed = status >= 500;
      Object.assign(span.attributes, {
        'http.request.method': method,
        'http.route': route,
        'http.response.status_code': status,
        'fedcar.request_id': c.var.requestId,
        ...(collection === '' ? {} : { 'fedcar.collection': collection }),
        ...(code === '' ? {} : { 'error.type': code }),
      });
    });
  });
}

function tell(c: Context<AppEnv>, metrics: Metrics, milliseconds: number): void {
  const facts = factsOf(c, milliseconds);
  const { route, method, status, code, parts } = facts;
  metrics.count('fedcar_requests_total', { route, method, status: String(status) });
  metrics.observe('fedcar_request_duration_seconds', { route }, milliseconds / 1000);
  for (const [part, duration] of Object.entries(parts)) {
    metrics.observe('fedcar_part_duration_seconds', { part }, duration / 1000);
  }
  c.env.FEDCAR_ANALYTICS?.writeDataPoint(dataPoint(facts));
  logLine('request', {
    level: status >= 500 ? 'warn' : 'info',
    method,
    route,
    status,
    code: code || undefined,
    ms: milliseconds,
    collection: facts.collection || undefined,
    principal: c.var.principal?.id,
    colo: facts.colo || undefined,
  });
}

/** Parts that are counted: a header may name anything. */
const PARTS = new Set(['embed', 'score', 'passages', 'answer']);

const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

function factsOf(c: Context<AppEnv>, milliseconds: number): RequestFacts {
  const place = ((c.req.raw as Request).cf ?? {}) as { colo?: string };
  return {
    route: routeOf(c),
    method: METHODS.has(c.req.method) ? c.req.method : 'other',
    status: c.res.status,
    code: c.var.problemCode ?? '',
    collection: c.var.collection?.name ?? '',
    principal: c.var.principal?.kind ?? 'none',
    colo: place.colo ?? '',
    milliseconds,
    parts: partsOf(c.res.headers.get('server-timing') ?? ''),
  };
}

/** `embed;dur=1.5, score;dur=2` in milliseconds. */
export function partsOf(header: string): Record<string, number> {
  const parts: Record<string, number> = {};
  for (const [, name = '', duration] of header.matchAll(/(?:^|,)\s*([\w-]+)(?:;[^,;]*)*?;dur=([\d.]+)/g)) {
    if (PARTS.has(name)) parts[name] = Number(duration);
  }
  return parts;
}
