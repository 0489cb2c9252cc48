/**
 * Headers that protect whoever reads an answer in a browser: who may read it from another origin, and what a page may
 * load. Invariant: no answer allows a script, a style or a connection that is not the deployment's own.
 */
import type { Context, MiddlewareHandler } from 'hono';
import { cors } from 'hono/cors';
import { secureHeaders } from 'hono/secure-headers';
import { PAGE_SCOPES } from '../../shared/protocol/api/token.ts';
import type { AppEnv } from '../env.ts';
import { accessTo } from './rules.ts';
import { secretState } from './secret.ts';

/** Pages load their own scripts and styles and talk to their own origin; nothing is inline. */
export const PAGE_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self' data:",
  "font-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');
/** Everything else is data, also when a browser is made to show it. */
export const DATA_POLICY = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const setSecureHeaders = secureHeaders({
  xFrameOptions: 'DENY',
  permissionsPolicy: { camera: [], geolocation: [], microphone: [], payment: [], usb: [] },
});

export const protectReaders: MiddlewareHandler<AppEnv> = async (c, next) => {
  await setSecureHeaders(c, async () => {
    await next();
    const isPage = c.res.headers.get('content-type')?.startsWith('text/html') ?? false;
    // A page may have a stricter one of its own.
    if (!c.res.headers.has('content-security-policy')) {
      c.header('content-security-policy', isPage ? PAGE_POLICY : DATA_POLICY);
    }
    // Answers depend on who asks.
    if (c.req.path.startsWith('/v1') && !c.res.headers.has('cache-control'))
      c.header('cache-control', 'no-store');
  });
  // It is there for other people's pages; every other file is for our own.
  if (c.req.path === '/widget.js') c.header('cross-origin-resource-policy', 'cross-origin');
};

/** Origins of FEDCAR_CORS_ORIGINS, exactly as browsers send them; `*` is none of them. */
export function allowedOrigins(list: string | undefined): string[] {
  return (list ?? '').split(',').map((origin) => origin.trim().replace(/\/$/, ''));
}

/**
 * Whether a browser may send the request that it announces, whatever page it is of: the answer is still refused to all
 * but those that the request's token is bound to. Without a secret there are no tokens, and nobody else's pages.
 */
function mayCarryToken(c: Context<AppEnv>): boolean {
  const method = c.req.header('access-control-request-method');
  if (c.req.method !== 'OPTIONS' || method === undefined || secretState(c.env).kind !== 'set') return false;
  const scope = accessTo(method, c.req.path)?.scope;
  return PAGE_SCOPES.some((each) => each === scope);
}

const allowOrigins = cors({
  origin: (origin, c) => {
    if (origin === '') return null;
    const { FEDCAR_CORS_ORIGINS: list } = (c as Context<AppEnv>).env;
    return allowedOrigins(list).includes(origin) || mayCarryToken(c) ? origin : null;
  },
  allowMethods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
  // The last one is what AI Search's web components say of themselves.
  allowHeaders: ['authorization', 'content-type', 'content-encoding', 'x-request-id', 'cf-ai-search-source'],
  exposeHeaders: ['x-request-id', 'server-timing', 'retry-after', 'etag'],
  maxAge: 7200,
});

/**
 * For other origins' pages: where the operator lists them, or where the token of the request is bound to them. Tokens
 * travel in a header, never in a cookie.
 */
export const shareWithOrigins: MiddlewareHandler<AppEnv> = async (c, next) => {
  const isPreflight = c.req.header('access-control-request-method') !== undefined;
  if (c.req.method === 'OPTIONS' && !isPreflight) return await next();
  const answer = await allowOrigins(c, next);
  const origin = c.req.header('origin');
  const principal = c.get('principal');
  const bound = principal?.kind === 'token' ? principal.grant.origins : null;
  if (origin !== undefined && bound?.includes(origin)) c.header('access-control-allow-origin', origin);
  return answer;
};
