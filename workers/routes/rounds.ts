/** /rounds: training runs, each a sequence of federated rounds; to watch, to start by hand, to cancel. */
import { createRoute, z } from '@hono/zod-openapi';
import { Run, Runs } from '../../shared/protocol/api/run.ts';
import { Problem, problemOf } from '../problem.ts';
import { json, NoQuery, problems, router } from '../router.ts';

const params = z.object({ run: z.string().min(1).max(64).describe('Name of a run') });
const tags = ['rounds'];

const list = createRoute({
  method: 'get',
  path: '/rounds',
  summary: 'Training runs, newest first, without their rounds; and when the next is due',
  tags,
  request: {
    query: z.strictObject({
      limit: z.coerce.number().int().min(1).max(100).default(20).describe('Runs wanted'),
    }),
  },
  responses: { 200: json(Runs, 'Runs'), ...problems },
});

const start = createRoute({
  method: 'post',
  path: '/rounds',
  summary: 'Start a training run now',
  tags,
  request: { query: NoQuery },
  responses: { 202: json(Run, 'The run, under way'), ...problems },
});

const one = createRoute({
  method: 'get',
  path: '/rounds/{run}',
  summary: 'A run with its rounds',
  tags,
  request: { params, query: NoQuery },
  responses: { 200: json(Run, 'The run'), ...problems },
});

const cancel = createRoute({
  method: 'post',
  path: '/rounds/{run}/cancel',
  summary: 'Stop a run; what serves goes on serving',
  tags,
  request: { params, query: NoQuery },
  responses: { 200: json(Run, 'The run, stopped'), ...problems },
});

export function roundRoutes() {
  return router()
    .openapi(list, async (c) => {
      const coordinator = c.var.services.coordinator(c.var.collection);
      const [runs, schedule] = await Promise.all([
        coordinator.runs(c.req.valid('query').limit),
        coordinator.schedule(),
      ]);
      return c.json({ runs, schedule }, 200);
    })
    .openapi(start, async (c) => {
      const outcome = await c.var.services.coordinator(c.var.collection).start('by hand');
      if (!outcome.ok) throw problemOf(outcome);
      return c.json(outcome.value, 202);
    })
    .openapi(one, async (c) => {
      const { run } = c.req.valid('param');
      const found = await c.var.services.coordinator(c.var.collection).run(run);
      if (!found) throw new Problem('unknown_run', `There is no run ${JSON.stringify(run)}`);
      return c.json(found, 200);
    })
    .openapi(cancel, async (c) => {
      const outcome = await c.var.services.coordinator(c.var.collection).cancel(c.req.valid('param').run);
      if (!outcome.ok) throw problemOf(outcome);
      return c.json(outcome.value, 200);
    });
}
