/**
 * 405 for a path that there is, under a method that it does not have, before anything else looks at the request. Where
 * a path fits a route by name and another with a parameter, the name is meant: as in the API's description.
 */
import type { MiddlewareHandler } from 'hono';
import { TrieRouter } from 'hono/router/trie-router';
import type { AppEnv } from '../env.ts';
import { Problem } from '../problem.ts';

interface Route {
  method: string;
  path: string;
}

interface Candidate {
  parameters: number;
  methods: Set<string>;
}

/** Which methods each path has; nothing for a path that fits no route. */
function methodTable(routes: readonly Route[]): (path: string) => string[] {
  const byPath = new Map<string, Candidate>();
  for (const { method, path } of routes) {
    // Middleware is for all methods.
    if (method === 'ALL') continue;
    const candidate = byPath.get(path) ?? { parameters: path.split('/:').length - 1, methods: new Set() };
    candidate.methods.add(method);
    if (method === 'GET') candidate.methods.add('HEAD');
    byPath.set(path, candidate);
  }
  const router = new TrieRouter<Candidate>();
  for (const [path, candidate] of byPath) router.add('ALL', path, candidate);
  return (path) => {
    const found = router.match('ALL', path)[0].map(([candidate]) => candidate);
    const fewest = Math.min(...found.map(({ parameters }) => parameters));
    return found.filter(({ parameters }) => parameters === fewest).flatMap(({ methods }) => [...methods]);
  };
}

/** @param routes asked for at the first request, when all are there. */
export function requireMethod(routes: () => readonly Route[]): MiddlewareHandler<AppEnv> {
  let methodsOf: ((path: string) => string[]) | null = null;
  return async (c, next) => {
    methodsOf ??= methodTable(routes());
    const allow = [...new Set(methodsOf(c.req.path))].sort().join(', ');
    if (allow !== '' && !allow.split(', ').includes(c.req.method)) {
      const detail = `${c.req.method.slice(0, 20)} is not one of ${allow}`;
      throw new Problem('method_not_allowed', detail, { headers: { allow } });
    }
    await next();
  };
}
