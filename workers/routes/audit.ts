/** GET /audit: what was done with admin and train scope, newest first. */
import { createRoute, z } from '@hono/zod-openapi';
import { json, NoQuery, problems, router } from '../router.ts';

const Entry = z
  .strictObject({
    id: z.int(),
    at: z.number(),
    /** A token's id, `root` for the deployment's secret, `open` for development without one. */
    principal: z.string(),
    /** Method and route. */
    action: z.string(),
    collection: z.string().nullable(),
    /** What the path named; null where that is a person. */
    target: z.string().nullable(),
    request_id: z.string(),
    /** Of the answer; null when it is not known. */
    status: z.int().nullable(),
  })
  .openapi('AuditEntry');
const Page = z.strictObject({ entries: z.array(Entry), next: z.int().nullable() }).openapi('AuditPage');

const list = createRoute({
  method: 'get',
  path: '/audit',
  summary: 'The audit log, newest first',
  tags: ['tokens'],
  request: {
    query: NoQuery.extend({
      /** `next` of the page before. */
      before: z.coerce.number().int().min(1).optional(),
      limit: z.coerce.number().int().min(1).max(500).default(100),
    }),
  },
  responses: { 200: json(Page, 'Entries; `next` is null on the last page'), ...problems },
});

export function auditRoutes() {
  return router().openapi(list, async (c) => {
    const { before, limit } = c.req.valid('query');
    const rows = await c.var.services.directory().audit(before ?? null, limit);
    const entries = rows.map(({ requestId, ...rest }) => ({ ...rest, request_id: requestId }));
    return c.json({ entries, next: rows.length < limit ? null : (rows.at(-1)?.id ?? null) }, 200);
  });
}
