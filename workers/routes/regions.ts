/**
 * GET /regions: where a collection's documents lie, and how often they are asked for as far as rounds released it. What
 * is asked in a region is nobody else's business.
 */
import { createRoute, z } from '@hono/zod-openapi';
import { json, NoQuery, problems, router } from '../router.ts';

const RegionRow = z
  .strictObject({
    region: z.string(),
    items: z.int(),
    passages: z.int(),
    last_contribution_at: z.number().nullable(),
    /** Questions for its documents at the last counting round, and the standard deviation of the noise in that. */
    asked_for: z.strictObject({ units: z.number(), deviation: z.number(), at: z.number() }).nullable(),
  })
  .openapi('Region');
export const Regions = z
  .strictObject({
    regions: z.array(RegionRow),
    /** Regions of the collection that did not answer; nothing is known of them now. */
    away: z.array(z.string()),
  })
  .openapi('Regions');

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
    const stats = await services.coordinator(collection).regions();
    const regions = stats.map(({ lastContributionAt, asked, ...rest }) => ({
      ...rest,
      last_contribution_at: lastContributionAt,
      asked_for: asked,
    }));
    const answered = new Set(regions.map(({ region }) => region));
    const away = collection.settings.regions.filter((name) => !answered.has(name));
    return c.json({ regions, away }, 200);
  });
}
