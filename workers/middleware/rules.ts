/**
 * Which scope each route needs: one line a route. Invariant: a route under /v1 that has no line here needs `admin`,
 * so forgetting one locks it instead of opening it. What is outside /v1 (pages, health, the API's description) is
 * public and shows nothing of any collection.
 */
import type { Scope } from '../../shared/protocol/access.ts';

export interface Rule {
  /** `signed`: the route checks a participant's signature itself, and no token is needed. */
  scope: Scope | 'signed';
  /** Written to the audit log; `person`: without the path's parameters, because they name somebody. */
  audit: 'yes' | 'person' | 'no';
}

type Line = readonly [
  method: string,
  path: string,
  scope: Rule['scope'],
  audit?: 'audit' | 'audit without names',
];

/** Below /v1 and below /v1/collections/{name}. `*` as the method: any; at the end of a path: anything below. */
const IN_COLLECTION: readonly Line[] = [
  ['POST', '/search', 'query'],
  ['POST', '/chat/completions', 'query'],
  ['POST', '/feedback', 'feedback'],
  // Questions as they were asked: who reads them is written down.
  ['GET', '/feedback', 'admin', 'audit without names'],
  // Every tool is a request of its own, with a scope of its own.
  ['POST', '/mcp', 'query'],
  ['GET', '/items', 'query'],
  ['GET', '/items/*', 'query'],
  ['POST', '/items', 'ingest'],
  ['PUT', '/items/*', 'ingest'],
  ['DELETE', '/items/*', 'ingest'],
  ['GET', '/models', 'query'],
  ['GET', '/models/*', 'query'],
  ['POST', '/models/*', 'train', 'audit'],
  ['PUT', '/models/*', 'train'],
  ['GET', '/rounds', 'query'],
  ['GET', '/rounds/*', 'query'],
  ['POST', '/rounds', 'train', 'audit'],
  ['POST', '/rounds/*', 'train', 'audit'],
  ['GET', '/regions', 'query'],
  ['GET', '/privacy', 'query'],
  ['GET', '/evaluation', 'query'],
  ['PUT', '/evaluation', 'train', 'audit'],
  ['DELETE', '/evaluation', 'train', 'audit'],
  ['DELETE', '/feedback', 'admin', 'audit without names'],
  ['DELETE', '/feedback/*', 'admin', 'audit without names'],
  ['DELETE', '/contributors/*', 'admin', 'audit without names'],
  ['GET', '/reindex', 'query'],
  ['POST', '/reindex', 'admin', 'audit'],
  ['DELETE', '/reindex', 'admin', 'audit'],
  ['GET', '/participants', 'admin'],
  ['GET', '/participants/*', 'admin'],
  ['*', '/participants/*', 'admin', 'audit'],
  ['*', '/fl/*', 'signed'],
];

/** Below /v1 alone: they belong to the whole deployment, and a token for some collections is not enough. */
const OF_DEPLOYMENT: readonly Line[] = [
  ['GET', '/collections', 'admin'],
  ['POST', '/collections', 'admin', 'audit'],
  ['GET', '/tokens', 'admin'],
  ['POST', '/tokens', 'admin', 'audit'],
  ['DELETE', '/tokens/*', 'admin', 'audit'],
  ['GET', '/audit', 'admin'],
  ['GET', '/metrics', 'query'],
];

/** /v1/collections/{name} itself. */
const OF_COLLECTION: readonly Line[] = [
  ['GET', '', 'query'],
  ['PATCH', '', 'admin', 'audit'],
  ['DELETE', '', 'admin', 'audit'],
];

export interface Access extends Rule {
  /** The collection that the path names, as it stands there; null for what belongs to the whole deployment. */
  collection: string | null;
}

function fits([method, path]: Line, asked: { method: string; path: string }): boolean {
  if (method !== '*' && method !== asked.method) return false;
  return path.endsWith('/*') ? asked.path.startsWith(path.slice(0, -1)) : asked.path === path;
}

function find(lines: readonly Line[], method: string, path: string): Rule | null {
  const line = lines.find((each) => fits(each, { method, path }));
  if (line === undefined) return null;
  const [, , scope, audit] = line;
  return { scope, audit: audit === undefined ? 'no' : audit === 'audit' ? 'yes' : 'person' };
}

/**
 * What `path` (as the router sees it) needs; null for what is public.
 * @param method HEAD needs what GET does.
 */
export function accessTo(verb: string, path: string): Access | null {
  // The short address of the collection `default`, which people type into an agent's settings.
  if (path === '/mcp') return accessTo(verb, '/v1/mcp');
  if (path !== '/v1' && !path.startsWith('/v1/')) return null;
  const method = verb === 'HEAD' ? 'GET' : verb;
  const locked: Rule = { scope: 'admin', audit: method === 'GET' ? 'no' : 'yes' };
  const named = /^\/v1\/collections\/([^/]+)(.*)$/s.exec(path);
  if (named !== null) {
    const [, collection = '', rest = ''] = named;
    const rule = find(rest === '' ? OF_COLLECTION : IN_COLLECTION, method, rest);
    return { ...(rule ?? locked), collection };
  }
  const rest = path.slice('/v1'.length);
  const ofDeployment = find(OF_DEPLOYMENT, method, rest);
  if (ofDeployment !== null) return { ...ofDeployment, collection: null };
  const inDefault = find(IN_COLLECTION, method, rest);
  return inDefault === null ? { ...locked, collection: null } : { ...inDefault, collection: 'default' };
}

/**
 * Whether a line of the table speaks of the route: a test asks for every one, so that none is locked by having been
 * forgotten.
 * @internal
 */
export function hasRule(method: string, path: string): boolean {
  const named = /^\/v1\/collections\/[^/]+(.*)$/s.exec(path)?.[1];
  const tables =
    named === undefined ? [OF_DEPLOYMENT, IN_COLLECTION] : named === '' ? [OF_COLLECTION] : [IN_COLLECTION];
  return tables.some((lines) => find(lines, method, named ?? path.slice('/v1'.length)) !== null);
}
