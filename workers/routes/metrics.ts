/** GET /metrics: Prometheus' text format. Counters are those of the isolate that answers, gauges the deployment's. */
import { createRoute, z } from '@hono/zod-openapi';
import type { Gauges } from '../middleware/gauges.ts';
import type { Metrics } from '../middleware/metrics.ts';
import { NoQuery, problems, router } from '../router.ts';

const route = createRoute({
  method: 'get',
  path: '/metrics',
  summary: 'Metrics for Prometheus',
  description:
    'Counters and histograms cover the isolate that answers, of which a deployment has many; ' +
    '`fedcar_isolate_start_time_seconds` names it. Gauges of collections cover the deployment.',
  tags: ['health'],
  request: { query: NoQuery },
  responses: {
    200: { description: 'Metrics', content: { 'text/plain': { schema: z.string() } } },
    ...problems,
  },
});

export function metricsRoutes(metrics: Metrics, gauges: Gauges) {
  return router().openapi(route, async (c) => {
    const { services } = c.var;
    const all = await services.directory().collections();
    const text = metrics.text() + (await gauges.text(services, all));
    return c.text(text, 200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' });
  });
}
