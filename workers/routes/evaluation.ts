/** /evaluation: questions of the operator's own, by which the hub judges versions before its participants do. */
import { createRoute } from '@hono/zod-openapi';
import { EvaluationInfo, EvaluationSet } from '../../shared/protocol/api/evaluation.ts';
import { body, json, NoQuery, problems, router } from '../router.ts';

const tags = ['evaluation'];

const show = createRoute({
  method: 'get',
  path: '/evaluation',
  summary: 'Whether the hub has questions of its own',
  tags,
  request: { query: NoQuery },
  responses: { 200: json(EvaluationInfo, 'How many, and since when'), ...problems },
});
const put = createRoute({
  method: 'put',
  path: '/evaluation',
  summary: 'Questions that no participant touches, for judging versions',
  description:
    'A trained version that answers fewer of them than the one that serves, by more than `gate.evaluationTolerance`, is not published. They replace those before, and train nothing.',
  tags,
  request: { query: NoQuery, body: body(EvaluationSet) },
  responses: { 200: json(EvaluationInfo, 'The set as it is kept'), ...problems },
});
const remove = createRoute({
  method: 'delete',
  path: '/evaluation',
  summary: 'Judge by them no more',
  tags,
  request: { query: NoQuery },
  responses: { 200: json(EvaluationInfo, 'That there is none'), ...problems },
});

export function evaluationRoutes() {
  return router()
    .openapi(show, async (c) => {
      return c.json(await c.var.services.coordinator(c.var.collection).evaluation(), 200);
    })
    .openapi(put, async (c) => {
      const set = c.req.valid('json');
      return c.json(await c.var.services.coordinator(c.var.collection).setEvaluation(set), 200);
    })
    .openapi(remove, async (c) => {
      return c.json(await c.var.services.coordinator(c.var.collection).setEvaluation(null), 200);
    });
}
