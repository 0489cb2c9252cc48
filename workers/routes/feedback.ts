/** POST /feedback: which item answered a query, or did not. This is what the retriever learns from. */
import { createRoute, z } from '@hono/zod-openapi';
import { FeedbackInput, FeedbackReceipt } from '../../shared/protocol/items.ts';
import { RegionName } from '../../shared/protocol/names.ts';
import { type CallerPlace, regionOfCaller } from '../location.ts';
import { requireRegion } from '../placement.ts';
import { problemOf } from '../problem.ts';
import { body, json, NoQuery, problems, router } from '../router.ts';

/** Records of one request. */
const MAX_RECORDS = 2000;

const region = RegionName.optional();
const One = z.strictObject({ ...FeedbackInput.shape, region }).openapi('Feedback');
const Many = z
  .strictObject({ records: z.array(FeedbackInput).min(1).max(MAX_RECORDS), region })
  .openapi('FeedbackRecords');
const Answer = z.strictObject({ ...FeedbackReceipt.shape, region: z.string() }).openapi('FeedbackReceipt');

const route = createRoute({
  method: 'post',
  path: '/feedback',
  summary: 'Say which item answers a query',
  description: 'Records stay in one region: `region` if given, else the one nearest to the caller.',
  tags: ['feedback'],
  request: { query: NoQuery, body: body(z.union([One, Many])) },
  responses: { 200: json(Answer, 'How many records were new'), ...problems },
});

export function feedbackRoutes() {
  return router().openapi(route, async (c) => {
    const { services, collection } = c.var;
    const { region: given, ...rest } = c.req.valid('json');
    if (given !== undefined) requireRegion(collection, given);
    const place = ((c.req.raw as Request).cf ?? {}) as CallerPlace;
    const home = given ?? regionOfCaller(collection.settings.regions, place);
    const records = 'records' in rest ? rest.records : [rest];
    const outcome = await services.region(collection, home).addFeedback(records);
    if (!outcome.ok) throw problemOf(outcome);
    return c.json({ ...outcome.value, region: home }, 200);
  });
}
