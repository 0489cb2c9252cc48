/**
 * Who asks, and whether they may: bearer token or sign-in to principal, principal to scope and collection. Invariant: a request
 * that goes on has a principal whose scopes cover its route's, and a refusal never says why a token is not good.
 */
import type { MiddlewareHandler } from 'hono';
import { readToken } from '../../shared/crypto/bearer-token.ts';
import { SCOPES } from '../../shared/protocol/access.ts';
import type { AppEnv } from '../env.ts';
import { Problem } from '../problem.ts';
import { networkOf } from './address.ts';
import type { CellRate } from './cell-rate.ts';
import { foreignCaller } from './local-caller.ts';
import { isJwt, type Person, type SignIns } from './oidc.ts';
import { KeysAway } from './oidc-keys.ts';
import type { Principal } from './principal.ts';
import { tooMany } from './rate-limit.ts';
import { type Access, accessTo } from './rules.ts';
import { isSecret, secretMissing, secretState } from './secret.ts';
import type { TokenCache } from './token-cache.ts';

/** Tokens that one network may try in vain, a minute and isolate. */
export const FAILURES_PER_MINUTE = 30;

export type Rejection =
  | 'secret_missing'
  | 'no_token'
  | 'bad_token'
  | 'too_many_bad'
  | 'scope'
  | 'collection'
  | 'origin'
  | 'sign_in_away'
  | 'foreign';

export interface AuthenticateOptions {
  tokens: TokenCache;
  signIns: SignIns;
  failures: CellRate;
  /** Told of every refusal. */
  rejected: (reason: Rejection) => void;
}

type RequestContext = Parameters<MiddlewareHandler<AppEnv>>[0];

const CHALLENGE = 'Bearer realm="fedcar"';

export function authenticate(options: AuthenticateOptions): MiddlewareHandler<AppEnv> {
  const refuse = (reason: Rejection, problem: Problem): never => {
    options.rejected(reason);
    throw problem;
  };
  return async (c, next) => {
    const access = accessTo(c.req.method, c.req.path);
    const state = secretState(c.env);
    if (state.kind === 'missing' && (access !== null || c.req.path === '/readyz')) {
      refuse('secret_missing', secretMissing(state.why));
    }
    c.set('access', access);
    c.set('principal', ANONYMOUS);
    if (access !== null && state.kind === 'open') {
      const foreign = foreignCaller(c.req.raw, c.env);
      if (foreign !== null) refuse('foreign', new Problem('forbidden', foreign));
      c.set('principal', OPEN);
    } else if (access !== null && access.scope !== 'signed' && state.kind === 'set') {
      const principal = await principalOf(c, state.secret, options, refuse);
      requireAccess(principal, access, refuse);
      requireOrigin(principal, c.req.raw, refuse);
      c.set('principal', principal);
    }
    await next();
  };
}

const ANONYMOUS: Principal = { kind: 'anonymous', id: 'anonymous', scopes: [], collections: null };
const OPEN: Principal = { kind: 'open', id: 'open', scopes: SCOPES, collections: null };
const ROOT: Principal = { kind: 'root', id: 'root', scopes: SCOPES, collections: null };

type Refuse = (reason: Rejection, problem: Problem) => never;

async function principalOf(
  c: RequestContext,
  secret: string,
  options: AuthenticateOptions,
  refuse: Refuse,
): Promise<Principal> {
  const { tokens, failures } = options;
  const bearer = /^Bearer +(\S+) *$/i.exec(c.req.header('authorization') ?? '')?.[1];
  const signedIn = c.env.FEDCAR_OIDC === undefined ? undefined : assertionOf(c.req.raw, bearer, refuse);
  const text = bearer ?? signedIn;
  if (text === undefined) {
    const detail = 'authorization: a header `Bearer <token>` is needed';
    return refuse(
      'no_token',
      new Problem('unauthorized', detail, { headers: { 'www-authenticate': CHALLENGE } }),
    );
  }
  const network = networkOf(c.req.header('cf-connecting-ip'));
  if (c.env.FEDCAR_OIDC !== undefined && isJwt(text)) {
    const person = await personOf(c, text, network, options, refuse);
    return person ?? refuseToken(failures, network, refuse);
  }
  const token = readToken(text);
  if (token === null || !tokens.known(token)) {
    // One good token must not suffer from a neighbour's bad ones; what is not known yet waits.
    const wait = failures.wait(network, FAILURES_PER_MINUTE);
    if (wait > 0) refuse('too_many_bad', tooMany('authorization: too many tokens that are not good', wait));
    if (isSecret(secret, text)) return ROOT;
  }
  const grant = token === null ? null : await usedToken(c, tokens, token);
  if (grant !== null) {
    return { kind: 'token', id: grant.id, scopes: grant.scopes, collections: grant.collections, grant };
  }
  return refuseToken(failures, network, refuse);
}

function refuseToken(failures: CellRate, network: string, refuse: Refuse): never {
  failures.spend(network, FAILURES_PER_MINUTE);
  const headers = { 'www-authenticate': `${CHALLENGE}, error="invalid_token"` };
  return refuse(
    'bad_token',
    new Problem('unauthorized', 'authorization: the token is not good', { headers }),
  );
}

/**
 * What Cloudflare Access says of a browser that is signed in. The browser sends its cookie by itself, whoever's page
 * made it call, so that only pages of this deployment may be the ones that do.
 */
function assertionOf(request: Request, bearer: string | undefined, refuse: Refuse): string | undefined {
  const text = request.headers.get('cf-access-jwt-assertion');
  if (text === null || bearer !== undefined) return undefined;
  const site = request.headers.get('sec-fetch-site') ?? 'none';
  const origin = request.headers.get('origin');
  const own = origin === null || origin === new URL(request.url).origin;
  if (own && (site === 'same-origin' || site === 'none')) return text;
  return refuse(
    'origin',
    new Problem('forbidden', 'origin: a sign-in is good for pages of this deployment alone'),
  );
}

async function personOf(
  c: RequestContext,
  text: string,
  network: string,
  { signIns, failures }: AuthenticateOptions,
  refuse: Refuse,
): Promise<Person | null> {
  const known = signIns.known(text, c.env);
  if (known !== undefined) return known;
  const wait = failures.wait(network, FAILURES_PER_MINUTE);
  if (wait > 0) refuse('too_many_bad', tooMany('authorization: too many tokens that are not good', wait));
  try {
    return await signIns.person(text, c.env);
  } catch (error) {
    if (!(error instanceof KeysAway || error instanceof TypeError)) throw error;
    const headers = { 'retry-after': '30' };
    return refuse('sign_in_away', new Problem('unavailable', `sign-in: ${error.message}`, { headers }));
  }
}

function usedToken(c: RequestContext, tokens: TokenCache, token: { id: string; hash: string }) {
  const { services } = c.var;
  return tokens.use(token, () => services.directory(), services.later);
}

function requireAccess(principal: Principal, access: Access, refuse: Refuse): void {
  const needed = access.scope;
  if (!principal.scopes.includes('admin') && !(principal.scopes as readonly string[]).includes(needed)) {
    const headers = { 'www-authenticate': `${CHALLENGE}, error="insufficient_scope", scope="${needed}"` };
    const detail = `authorization: the token has not the scope ${needed}, only ${principal.scopes.join(', ') || 'none'}`;
    refuse('scope', new Problem('forbidden', detail, { headers }));
  }
  const { collections } = principal;
  if (collections === null || (access.collection !== null && collections.includes(access.collection))) return;
  const where = access.collection === null ? 'the whole deployment' : `the collection ${access.collection}`;
  refuse('collection', new Problem('forbidden', `authorization: the token is not for ${where}`));
}

/**
 * A token that is bound to pages is no secret: it lies in them. Browsers say which page calls, so that no other page
 * can use it; what is no browser can say anything, and meets the token's limits.
 */
function requireOrigin(principal: Principal, request: Request, refuse: Refuse): void {
  const bound = principal.kind === 'token' ? principal.grant.origins : null;
  if (bound === null) return;
  // A page that reads from its own origin says only that it does.
  const own = request.headers.get('sec-fetch-site') === 'same-origin' ? new URL(request.url).origin : null;
  const origin = request.headers.get('origin') ?? own;
  if (origin !== null && bound.includes(origin)) return;
  const from = origin === null ? 'a call that names none' : origin.slice(0, 200);
  refuse(
    'origin',
    new Problem('forbidden', `origin: the token is for pages of ${bound.join(', ')}, not for ${from}`),
  );
}
