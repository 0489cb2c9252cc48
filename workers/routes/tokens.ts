/** /tokens: bearer tokens with scopes. The text of a token is shown once, when it is made; only its hash is kept. */
import { createRoute, z } from '@hono/zod-openapi';
import { mintToken } from '../../shared/crypto/bearer-token.ts';
import { systemRandom } from '../../shared/crypto/random.ts';
import { Scope, TokenCreation, type TokenInfo } from '../../shared/protocol/access.ts';
import { CollectionName } from '../../shared/protocol/names.ts';
import type { TokenCache } from '../middleware/token-cache.ts';
import { problemOf } from '../problem.ts';
import { body, json, NoQuery, problems, router } from '../router.ts';

const DAY_MS = 86_400_000;

const Shown = {
  id: z.string(),
  name: z.string(),
  scopes: z.array(Scope),
  collections: z.array(CollectionName).nullable(),
  requests_per_minute: z.int().nullable(),
  created_at: z.number(),
  expires_at: z.number().nullable(),
  revoked_at: z.number().nullable(),
};
const Token = z.strictObject(Shown).openapi('Token');
const NewToken = z
  .strictObject({
    ...Shown,
    /** What goes after `Bearer`. It cannot be shown again. */
    token: z.string(),
  })
  .openapi('NewToken');
const Creation = z.strictObject(TokenCreation.shape).openapi('TokenCreation');
const List = z.strictObject({ tokens: z.array(Token) }).openapi('Tokens');
const params = z.object({ id: z.string().regex(/^[0-9a-f]{16}$/, '16 hexadecimal digits') });
const tags = ['tokens'];

const list = createRoute({
  method: 'get',
  path: '/tokens',
  summary: 'All tokens, newest first, also those that are over',
  tags,
  request: { query: NoQuery },
  responses: { 200: json(List, 'Tokens without their secrets'), ...problems },
});

const create = createRoute({
  method: 'post',
  path: '/tokens',
  summary: 'Make a token; its text is shown this once',
  tags,
  request: { query: NoQuery, body: body(Creation) },
  responses: { 201: json(NewToken, 'The token'), ...problems },
});

const revoke = createRoute({
  method: 'delete',
  path: '/tokens/{id}',
  summary: 'Revoke a token; it stops working everywhere within 30 seconds',
  tags,
  request: { params, query: NoQuery },
  responses: { 200: json(Token, 'The token, revoked'), ...problems },
});

function shown({
  requestsPerMinute,
  createdAt,
  expiresAt,
  revokedAt,
  ...rest
}: TokenInfo): z.infer<typeof Token> {
  return {
    ...rest,
    requests_per_minute: requestsPerMinute,
    created_at: createdAt,
    expires_at: expiresAt,
    revoked_at: revokedAt,
  };
}

export function tokenRoutes(tokens: TokenCache) {
  return router()
    .openapi(list, async (c) => {
      return c.json({ tokens: (await c.var.services.directory().tokens()).map(shown) }, 200);
    })
    .openapi(create, async (c) => {
      const { services } = c.var;
      const { name, scopes, collections, requests_per_minute, expires_in_days } = c.req.valid('json');
      const { id, text, hash } = mintToken(systemRandom);
      const createdAt = services.now();
      const info = {
        id,
        name,
        scopes: [...new Set(scopes)],
        collections,
        requestsPerMinute: requests_per_minute,
        createdAt,
        expiresAt: expires_in_days === null ? null : createdAt + expires_in_days * DAY_MS,
      };
      const outcome = await services.directory().addToken(info, hash);
      if (!outcome.ok) throw problemOf(outcome);
      return c.json({ ...shown(outcome.value), token: text }, 201);
    })
    .openapi(revoke, async (c) => {
      const { id } = c.req.valid('param');
      const outcome = await c.var.services.directory().revokeToken(id);
      if (!outcome.ok) throw problemOf(outcome);
      tokens.forget(id);
      return c.json(shown(outcome.value), 200);
    });
}
