/** GET /audit: what was done with admin and train scope, newest first. */
import { createRoute, z } from '@hono/zod-openapi';
import { AuditPage } from '../../shared/protocol/api/audit.ts';
import { json, NoQuery, problems, router } from '../router.ts';

const list = createRoute({
  method: 'get',
  path: '/audit',
  summary: 'The audit log, newest first',
  tags: ['tokens'],
  request: {
    query: NoQuery.extend({
      before: z.coerce.number().int().min(1).optional().describe('`next` of the page before'),
      limit: z.coerce.number().int().min(1).max(500).default(100).describe('Entries wanted'),
    }),
  },
  responses: { 200: json(AuditPage, 'Entries; `next` is null on the last page'), ...problems },
});

export function auditRoutes() {
  return router().openapi(list, async (c) => {
    const { before, limit } = c.req.valid('query');
    const entries = await c.var.services.directory().audit(before ?? null, limit);
    return c.json({ entries, next: entries.length < limit ? null : (entries.at(-1)?.id ?? null) }, 200);
  });
}
