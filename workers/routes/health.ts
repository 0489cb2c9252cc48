/** /healthz: the Worker answers. /readyz: its objects and its encoder do, too. */
import { createRoute } from '@hono/zod-openapi';
import { errorText, logLine } from '../../shared/log.ts';
import { Status } from '../../shared/protocol/api/status.ts';
import { Problem, problemOfFailure } from '../problem.ts';
import { json, problems, router } from '../router.ts';

const tags = ['health'];

const health = createRoute({
  method: 'get',
  path: '/healthz',
  summary: 'The Worker answers',
  tags,
  responses: { 200: json(Status, 'It does') },
});

const ready = createRoute({
  method: 'get',
  path: '/readyz',
  summary: 'Objects and encoder are usable',
  tags,
  responses: { 200: json(Status, 'They are'), ...problems },
});

export function healthRoutes() {
  return router()
    .openapi(health, (c) => c.json({ status: 'ok' as const }, 200))
    .openapi(ready, async (c) => {
      const { services } = c.var;
      try {
        const outcome = await services.directory().collection('default');
        if (outcome.ok) await services.encoder(outcome.value);
      } catch (error) {
        logLine('not_ready', { level: 'error', error: errorText(error) });
        const problem = problemOfFailure(error);
        if (problem.code === 'encoder_failed') throw problem;
        throw new Problem('unavailable', 'The directory or the encoder cannot be used; see the log.');
      }
      return c.json({ status: 'ok' as const }, 200);
    });
}
