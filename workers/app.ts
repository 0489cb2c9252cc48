/** The HTTP application: middleware, routes, and the one place where errors become responses. */
import type { OpenAPIHono } from '@hono/zod-openapi';
import { HTTPException } from 'hono/http-exception';
import { requestId } from 'hono/request-id';
import { timing } from 'hono/timing';
import { EngineError } from '../models/session/engine-error.ts';
import { errorText, logLine } from '../shared/log.ts';
import { askRoutes } from './ask/routes.tsx';
import { Collections, withCollection } from './collections.ts';
import { dashboardRoutes } from './dashboard/routes.tsx';
import type { OpenApi } from './docs/reference.ts';
import { docsRoutes } from './docs/routes.tsx';
import type { AppEnv, Env } from './env.ts';
import { type Dispatch, mcpRoutes } from './mcp/routes.ts';
import { auditLog } from './middleware/audit.ts';
import { authenticate } from './middleware/authenticate.ts';
import { limitBody } from './middleware/body.ts';
import { protectReaders, shareWithOrigins } from './middleware/headers.ts';
import { makeIsolate } from './middleware/isolate.ts';
import { requireMethod } from './middleware/methods.ts';
import { observe } from './middleware/observe.ts';
import { rateLimit } from './middleware/rate-limit.ts';
import { routeOf } from './middleware/route.ts';
import { ObjectFailure, withNamedObjects } from './object-failure.ts';
import { openApiDocument } from './openapi.ts';
import { OwnChanges } from './own-changes.ts';
import { noRoute, Problem, problemOfFailure } from './problem.ts';
import { router } from './router.ts';
import { auditRoutes } from './routes/audit.ts';
import { chatRoutes } from './routes/chat.ts';
import { collectionRoutes } from './routes/collections.ts';
import { evaluationRoutes } from './routes/evaluation.ts';
import { feedbackRoutes } from './routes/feedback.ts';
import { flRoutes } from './routes/fl.ts';
import { healthRoutes } from './routes/health.ts';
import { itemRoutes } from './routes/items.ts';
import { metricsRoutes } from './routes/metrics.ts';
import { modelRoutes } from './routes/models.ts';
import { participantRoutes } from './routes/participants.ts';
import { privacyRoutes } from './routes/privacy.ts';
import { regionRoutes } from './routes/regions.ts';
import { reindexRoutes } from './routes/reindex.ts';
import { roundRoutes } from './routes/rounds.ts';
import { searchRoutes } from './routes/search.ts';
import { tokenRoutes } from './routes/tokens.ts';
import { SegmentCache } from './segment-cache.ts';
import type { Services } from './services.ts';
import { SingleFlight } from './single-flight.ts';
import { SnapshotCache } from './snapshot-cache.ts';

export type MakeServices = (env: Env, later: (work: Promise<unknown>) => void) => Services;

/** One for each isolate: it holds the isolate's caches. */
export function createApp(
  makeServices: MakeServices,
  now: () => number = () => Date.now(),
): OpenAPIHono<AppEnv> {
  const wait = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
  const flights = new SingleFlight({ now, wait, patienceMs: 10_000 });
  const snapshots = new SnapshotCache({ flights, now });
  const segments = new SegmentCache({ flights, now });
  const changes = new OwnChanges(now);
  const collections = new Collections();
  const isolate = makeIsolate({ now, flights });
  const { metrics } = isolate;

  const app = router();
  app.onError((error, c) => {
    const problem = fromFramework(error) ?? problemOfFailure(error);
    c.set('problemCode', problem.code);
    if (problem.status === 500 || error instanceof EngineError || error instanceof ObjectFailure) {
      logLine('failed', { level: 'error', route: routeOf(c), error: errorText(error), stack: error.stack });
    }
    return problem.response({ path: c.req.path, requestId: c.get('requestId') ?? '' });
  });
  app.notFound((c) => {
    const problem = noRoute(c.req.path);
    c.set('problemCode', problem.code);
    return problem.response({ path: c.req.path, requestId: c.get('requestId') });
  });
  app.use(requestId({ limitLength: 64 }), observe(isolate), timing(), protectReaders, shareWithOrigins);
  app.use(async (c, next) => {
    c.set('services', withNamedObjects(makeServices(c.env, (work) => c.executionCtx.waitUntil(work))));
    await next();
  });
  app.use(
    authenticate({
      ...isolate,
      rejected: (reason) => metrics.count('fedcar_auth_rejected_total', { reason }),
    }),
    rateLimit({ ...isolate, limited: (limit) => metrics.count('fedcar_rate_limited_total', { limit }) }),
    requireMethod(() => app.routes),
    limitBody(),
    auditLog(now),
  );

  app.route('/', healthRoutes());
  app.route('/v1', tokenRoutes(isolate.tokens));
  app.route('/v1', auditRoutes());
  app.route('/v1', metricsRoutes(metrics, isolate.gauges));
  app.route('/', askRoutes({ collections, tokens: isolate.tokens }));
  app.route('/', dashboardRoutes());
  app.route('/v1', collectionRoutes(collections, [snapshots, segments]));
  const dispatch: Dispatch = (request, c) => app.fetch(request, c.env, c.executionCtx);
  app.use('/mcp', withCollection(collections));
  app.route('/', mcpRoutes(dispatch, true));
  for (const prefix of ['/v1', '/v1/collections/:collection']) {
    const inCollection = router();
    for (const routes of [
      searchRoutes({ snapshots, segments, changes }),
      chatRoutes({ snapshots, segments, changes }),
      itemRoutes(changes),
      feedbackRoutes(),
      modelRoutes(snapshots),
      roundRoutes(),
      regionRoutes(),
      privacyRoutes(),
      evaluationRoutes(),
      reindexRoutes(),
      participantRoutes(),
      flRoutes(),
      mcpRoutes(dispatch),
    ]) {
      inCollection.route('/', routes);
    }
    for (const path of [
      'search',
      'chat',
      'items',
      'feedback',
      'models',
      'rounds',
      'regions',
      'privacy',
      'evaluation',
      'reindex',
      'participants',
      'fl',
      'mcp',
    ]) {
      app.use(`${prefix}/${path}/*`, withCollection(collections));
    }
    app.route(prefix, inCollection);
  }
  let description: ReturnType<typeof openApiDocument> | null = null;
  const described = () => {
    description ??= openApiDocument(app);
    return description;
  };
  app.get('/openapi.json', (c) => c.json(described()));
  app.route(
    '/',
    docsRoutes(() => described() as OpenApi),
  );
  return app;
}

/** What hono itself throws before a handler runs. */
function fromFramework(error: Error): Problem | null {
  if (!(error instanceof HTTPException)) return null;
  if (error.status === 415)
    return new Problem('unsupported_media_type', 'content-type: application/json is needed');
  if (error.status === 400) return new Problem('malformed_json', 'The body is not valid JSON');
  return null;
}
