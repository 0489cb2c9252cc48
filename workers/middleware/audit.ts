/**
 * Admin actions go to the directory's audit log before they are done: what cannot be written down is not done. How it
 * ended is added afterwards; an entry without a status is an action that nobody saw the end of.
 */
import type { MiddlewareHandler } from 'hono';
import type { AppEnv } from '../env.ts';
import { problemOf } from '../problem.ts';
import { routeOf } from './route.ts';

/** Longest name that is kept of what an action was done to. */
const LONGEST_TARGET = 200;

export function auditLog(now: () => number): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    const { access, principal, services } = c.var;
    if (access === null || access.audit === 'no') return await next();
    const target = access.audit === 'person' ? null : targetOf(c.req.path);
    const entry = {
      at: now(),
      principal: principal.id,
      action: `${c.req.method} ${routeOf(c)}`,
      collection: access.collection,
      target: target?.slice(0, LONGEST_TARGET) ?? null,
      request_id: c.var.requestId,
    };
    const begun = await services.directory().beginAudit(entry);
    if (!begun.ok) throw problemOf(begun);
    await next();
    services.later(services.directory().endAudit(begun.value, c.res.status));
  };
}

/** What the path names below the resource: `7` of /v1/models/7/activate. */
function targetOf(path: string): string | null {
  const below = path
    .replace(/^\/v1(\/collections\/[^/]+(?=\/))?/, '')
    .split('/')
    .slice(2);
  return below.length === 0 ? null : below.map(decoded).join('/');
}

/** A name as it is meant; one that is not percent-encoded right stays as it was sent. */
function decoded(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}
