/** GET /privacy: what a collection promises, what is spent of it, and what the next run would cost. */
import { createRoute } from '@hono/zod-openapi';
import { Privacy } from '../../shared/protocol/api/privacy.ts';
import { json, NoQuery, problems, router } from '../router.ts';

const route = createRoute({
  method: 'get',
  path: '/privacy',
  summary: 'Privacy promised, spent and left',
  tags: ['privacy'],
  request: { query: NoQuery },
  responses: { 200: json(Privacy, 'The ledger’s account'), ...problems },
});

export function privacyRoutes() {
  return router().openapi(route, async (c) => {
    return c.json(await c.var.services.coordinator(c.var.collection).privacy(), 200);
  });
}
