/** /tokens: bearer tokens with scopes. The text of a token is shown once, when it is made; only its hash is kept. */
import { createRoute, z } from '@hono/zod-openapi';
import { mintToken } from '../../shared/crypto/bearer-token.ts';
import { systemRandom } from '../../shared/crypto/random.ts';
import { NewToken, Token, TokenCreation, Tokens } from '../../shared/protocol/api/token.ts';
import type { TokenCache } from '../middleware/token-cache.ts';
import { problemOf } from '../problem.ts';
import { body, json, NoQuery, problems, router } from '../router.ts';

const DAY_MS = 86_400_000;

const params = z.object({
  id: z
    .string()
    .regex(/^[0-9a-f]{16}$/, '16 hexadecimal digits')
    .describe('Id of a token'),
});
const tags = ['tokens'];

const list = createRoute({
  method: 'get',
  path: '/tokens',
  summary: 'All tokens, newest first, also those that are over',
  tags,
  request: { query: NoQuery },
  responses: { 200: json(Tokens, 'Tokens without their secrets'), ...problems },
});

const create = createRoute({
  method: 'post',
  path: '/tokens',
  summary: 'Make a token; its text is shown this once',
  tags,
  request: { query: NoQuery, body: body(TokenCreation) },
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

export function tokenRoutes(tokens: TokenCache) {
  return router()
    .openapi(list, async (c) => {
      return c.json({ tokens: await c.var.services.directory().tokens() }, 200);
    })
    .openapi(create, async (c) => {
      const { services } = c.var;
      const { name, scopes, collections, origins, requests_per_minute, expires_in_days } =
        c.req.valid('json');
      const { id, text, hash } = mintToken(systemRandom);
      const created_at = services.now();
      const info = {
        id,
        name,
        scopes: [...new Set(scopes)],
        collections,
        origins,
        requests_per_minute,
        created_at,
        expires_at: expires_in_days === null ? null : created_at + expires_in_days * DAY_MS,
      };
      const outcome = await services.directory().addToken(info, hash);
      if (!outcome.ok) throw problemOf(outcome);
      return c.json({ ...outcome.value, token: text }, 201);
    })
    .openapi(revoke, async (c) => {
      const { id } = c.req.valid('param');
      const outcome = await c.var.services.directory().revokeToken(id);
      if (!outcome.ok) throw problemOf(outcome);
      tokens.forget(id);
      return c.json(outcome.value, 200);
    });
}
