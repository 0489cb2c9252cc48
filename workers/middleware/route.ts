/** The pattern of the route that a request goes to: a word of a small set, where a path may hold anything. */
import type { Context } from 'hono';
import { matchedRoutes } from 'hono/route';
import type { AppEnv } from '../env.ts';

/** `/v1/items/:key`; the same for a collection's own path and the bare one; `unmatched` when there is no such route. */
export function routeOf(c: Context<AppEnv>): string {
  const pattern = matchedRoutes(c).at(-1)?.path ?? '*';
  if (pattern.includes('*')) return 'unmatched';
  return pattern.replace('/v1/collections/:collection/', '/v1/');
}
