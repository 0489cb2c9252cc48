/**
 * GET /regions: where a collection's documents lie, and how often they are asked for as far as rounds released it. What
 * is asked in a region is nobody else's business.
 */
import { createRoute } from '@hono/zod-openapi';
import { Regions } from '../../shared/protocol/api/region.ts';
import { json, NoQuery, problems, router } from '../router.ts';

const list = createRoute({
  method: 'get',
  path: '/regions',
  summary: 'Regions with their documents and last contribution to training',
  tags: ['regions'],
  request: { query: NoQuery },
  responses: { 200: json(Regions, 'Regions'), ...problems },
});

export function regionRoutes() {
  return router().openapi(list, async (c) => {
    const { services, collection } = c.var;
    const regions = await services.coordinator(collection).regions();
    const answered = new Set(regions.map(({ region }) => region));
    const away = collection.settings.regions.filter((name) => !answered.has(name));
    return c.json({ regions, away }, 200);
  });
}
