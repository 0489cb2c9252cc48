/** GET /regions: where a collection's documents lie. Counts of documents only: queries are nobody else's business. */
import { createRoute, z } from '@hono/zod-openapi';
import { json, NoQuery, problems, router } from '../router.ts';

const RegionRow = z
  .strictObject({
    region: z.string(),
    items: z.int(),
    passages: z.int(),
    last_contribution_at: z.number().nullable(),
  })
  .openapi('Region');
const List = z.strictObject({ regions: z.array(RegionRow) }).openapi('Regions');

const list = createRoute({
  method: 'get',
  path: '/regions',
  summary: 'Regions with their documents and last contribution to training',
  tags: ['regions'],
  request: { query: NoQuery },
  responses: { 200: json(List, 'Regions'), ...problems },
});

export function regionRoutes() {
  return router().openapi(list, async (c) => {
    const stats = await c.var.services.coordinator(c.var.collection).regions();
    const regions = stats.map(({ lastContributionAt, ...rest }) => ({
      ...rest,
      last_contribution_at: lastContributionAt,
    }));
    return c.json({ regions }, 200);
  });
}
