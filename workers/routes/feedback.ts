/**
 * /feedback: what answered a query, and what did not. This is what the retriever learns from. Records stay in one
 * region; a person's own can be deleted from all of them.
 */
import { createRoute, z } from '@hono/zod-openapi';
import { joinOf } from '../../durable-objects/region/join.ts';
import { toHex } from '../../shared/crypto/bytes.ts';
import { hashJson } from '../../shared/crypto/hash.ts';
import { Erasure, FeedbackInput, FeedbackPage, FeedbackReceipt } from '../../shared/protocol/api/feedback.ts';
import { RegionName } from '../../shared/protocol/names.ts';
import type { Click, Erased, KeptFeedback } from '../../shared/protocol/objects.ts';
import { type AnswerScope, answeredQuery, MAX_ANSWER_ID, openedResult } from '../answer/answer-id.ts';
import type { AppEnv } from '../env.ts';
import { type CallerPlace, regionOfCaller } from '../location.ts';
import { askRegions } from '../partial.ts';
import { requireRegion, standing } from '../placement.ts';
import { Problem, problemOf } from '../problem.ts';
import { body, json, NoQuery, problems, router } from '../router.ts';

/** Records of one request. */
const MAX_RECORDS = 2000;

const region = RegionName.optional().describe(
  'Region that is to keep them; the one nearest to the caller unless given',
);
const contributor = FeedbackInput.shape.contributor;
const One = z
  .strictObject({ ...FeedbackInput.shape, region })
  .meta({ id: 'Feedback', description: 'Whether a document answers a query' });
const OfAnswer = z
  .strictObject({
    answer: z
      .string()
      .min(1)
      .max(MAX_ANSWER_ID)
      .describe('The `id` of an answer of /chat/completions, for a day'),
    accepted: z.boolean().describe('False: what it rests on does not answer the query'),
    chunks: z
      .array(z.string().min(1).max(600))
      .min(1)
      .max(50)
      .optional()
      .describe('Passages that this is about, of those retrieved; those that the answer cites unless given'),
    contributor,
    region,
  })
  .meta({ id: 'AnswerFeedback', description: 'Whether an answer is accepted' });
const Opened = z
  .strictObject({
    answer: OfAnswer.shape.answer,
    opened: z
      .string()
      .min(1)
      .max(600)
      .describe('A passage that was retrieved for the answer, whose document somebody opened'),
    contributor,
    region,
  })
  .meta({
    id: 'ClickFeedback',
    description: 'A result was opened; taken where the setting `feedback.clicks` is `on`',
  });
const Many = z
  .strictObject({
    records: z.array(FeedbackInput).min(1).max(MAX_RECORDS).describe('Records of one region'),
    region,
  })
  .meta({ id: 'FeedbackRecords', description: 'Many records at once' });

const route = createRoute({
  method: 'post',
  path: '/feedback',
  summary: 'Say what answers a query, or does not',
  description:
    'About an item, about an answer by its id, or many records at once. Records stay in one region: `region` if given, else the one nearest to the caller.',
  tags: ['feedback'],
  request: { query: NoQuery, body: body(z.union([One, OfAnswer, Opened, Many])) },
  responses: { 200: json(FeedbackReceipt, 'How many records were new'), ...problems },
});

const CURSOR = /^(\d{1,16})\.(\d{1,16})\.([a-z0-9-]{1,32})$/;

const list = createRoute({
  method: 'get',
  path: '/feedback',
  summary: 'What the regions were told, newest first',
  description:
    'Questions as people asked them: it needs the scope `admin`, and every look is written to the audit log.',
  tags: ['feedback'],
  request: {
    query: z.strictObject({
      before: z
        .string()
        .max(80)
        .regex(CURSOR, '`next` of a page')
        .optional()
        .describe('`next` of the page before'),
      limit: z.coerce.number().int().min(1).max(200).default(50).describe('Records wanted'),
      region: RegionName.optional().describe('Only what this region keeps'),
      item: z.string().min(1).max(512).optional().describe('Only what is about the document of this key'),
    }),
  },
  responses: { 200: json(FeedbackPage, 'Records; `next` is null on the last page'), ...problems },
});

const eraseEvent = createRoute({
  method: 'delete',
  path: '/feedback/{event}',
  summary: 'Delete an act of feedback, whole',
  description:
    'May be repeated. Memory forgets it at once; versions that were trained with it stay: see docs/feedback.md.',
  tags: ['feedback'],
  request: {
    params: z.object({ event: z.string().min(1).max(200).describe('`event` of its records') }),
    query: NoQuery,
  },
  responses: { 200: json(Erasure, 'How many records there were'), ...problems },
});

const erase = createRoute({
  method: 'delete',
  path: '/feedback',
  summary: 'Delete a contributor’s records from all regions',
  description: 'May be repeated. Versions that were trained with them stay: see docs/feedback.md.',
  tags: ['feedback'],
  request: {
    query: z.strictObject({ contributor: contributor.unwrap().describe('Whose records are deleted') }),
  },
  responses: { 200: json(Erasure, 'How many records there were'), ...problems },
});

interface Cursor {
  at: number;
  n: number;
  region: string;
}

function cursorOf(text: string | undefined): Cursor {
  const [, at, n, region] = CURSOR.exec(text ?? '') ?? [];
  if (region === undefined) return { at: Number.MAX_SAFE_INTEGER, n: 0, region: '' };
  return { at: Number(at), n: Number(n), region };
}

/** Newest first; what came at the same moment by region and number, so that a page ends at one place in all regions. */
function byAge(a: KeptFeedback, b: KeptFeedback): number {
  return b.at - a.at || (a.region === b.region ? b.n - a.n : a.region < b.region ? 1 : -1);
}

/** Where the page before ended in the log of `region`: of its own moment, regions behind it in the order are still to come. */
function endIn(region: string, { at, n, region: last }: Cursor): { at: number; n: number } {
  if (region === last) return { at, n };
  return { at, n: region < last ? Number.MAX_SAFE_INTEGER : 0 };
}

/** Deletes in all regions. @throws Problem where one of them did not answer */
async function eraseAll(
  { services, collection }: AppEnv['Variables'],
  whose: Erased,
): Promise<{ erased: number }> {
  const { regions } = collection.settings;
  const results = await Promise.allSettled(
    regions.map((name) => services.region(collection, name).erase(whose)),
  );
  const failed = regions.filter((_, index) => results[index]?.status === 'rejected');
  if (failed.length > 0) {
    const detail = `Not deleted in ${failed.join(', ')}, which did not answer; deleted elsewhere. Ask again.`;
    throw new Problem('unavailable', detail, { headers: { 'retry-after': '10' } });
  }
  const counts = results.map((result) => (result.status === 'fulfilled' ? result.value : 0));
  return { erased: counts.reduce((sum, count) => sum + count, 0) };
}

type Given = z.infer<(typeof route.request.body.content)['application/json']['schema']>;

/** Records, and where the document that they are about was opened, if that is all that happened. */
interface GivenRecords {
  records: FeedbackInput[];
  click: Click | null;
}

/** The records that a request is about. @throws Problem for an answer that nobody knows. */
async function recordsOf(given: Given, scope: AnswerScope): Promise<GivenRecords> {
  if ('records' in given) return { records: given.records, click: null };
  if (!('answer' in given)) {
    const { region: _, ...record } = given;
    return { records: [record], click: null };
  }
  if ('opened' in given) return await clickOf(given, scope);
  const answered = await answeredQuery(given.answer, given.chunks, scope);
  if (!answered.ok) throw problemOf(answered);
  const { query, items } = answered.value;
  const { accepted: relevant, contributor } = given;
  return { records: items.map((item) => ({ query, item, relevant, contributor })), click: null };
}

/** The name makes who opens a result twice say it once. @throws Problem for an answer that nobody knows */
async function clickOf(
  { answer, opened, contributor }: z.infer<typeof Opened>,
  scope: AnswerScope,
): Promise<GivenRecords> {
  const result = await openedResult(answer, opened, scope);
  if (!result.ok) throw problemOf(result);
  const { query, item, click } = result.value;
  const id = `click ${toHex(hashJson('fedcar click', [query, item]))}`;
  return { records: [{ id, query, item, relevant: true, contributor }], click };
}

const ITEMS_SHOWN = 5;

function noItems(keys: readonly string[]): Problem {
  const shown = keys.slice(0, ITEMS_SHOWN).map((key) => JSON.stringify(key));
  const more = keys.length > ITEMS_SHOWN ? ` and ${keys.length - ITEMS_SHOWN} more` : '';
  return new Problem('unknown_item', `item: the collection has no ${shown.join(', ')}${more}`);
}

export function feedbackRoutes() {
  return router()
    .openapi(route, async (c) => {
      const { services, collection } = c.var;
      const given = c.req.valid('json');
      if (given.region !== undefined) requireRegion(collection, given.region);
      const scope = {
        secret: c.env.FEDCAR_ADMIN_TOKEN,
        collection: collection.name,
        now: services.now(),
      };
      if ('opened' in given && collection.settings.feedback.clicks === 'off')
        throw new Problem('clicks_off', 'opened: the setting feedback.clicks of this collection is off');
      const { records, click } = await recordsOf(given, scope);
      const place = ((c.req.raw as Request).cf ?? {}) as CallerPlace;
      const home = given.region ?? regionOfCaller(collection.settings.regions, place);
      const items = [...new Set(records.map(({ item }) => item))];
      // The documents of a region that joined are the other deployment's, which is not asked who asks for what.
      const joined = joinOf(c.env, {
        collection: collection.name,
        name: home,
        settings: collection.settings,
      });
      const known = joined === null ? await standing(services, collection, items) : new Set(items);
      const unknown = items.filter((item) => !known.has(item));
      if (known.size === 0) throw noItems(unknown);
      const { principal } = c.var;
      const outcome = await services.region(collection, home).addFeedback(
        records.filter(({ item }) => known.has(item)),
        principal.kind === 'token' ? principal.id : null,
        'answer' in given,
        click,
      );
      if (!outcome.ok) throw problemOf(outcome);
      return c.json({ ...outcome.value, region: home, unknown }, 200);
    })
    .openapi(list, async (c) => {
      const { services, collection } = c.var;
      const { before, limit, region: only, item = null } = c.req.valid('query');
      if (only !== undefined) requireRegion(collection, only);
      const regions = only === undefined ? collection.settings.regions : [only];
      const cursor = cursorOf(before);
      const { answers, errors } = await askRegions(regions, 'its feedback is missing', (name) =>
        services.region(collection, name).feedback({ ...endIn(name, cursor), item, limit: limit + 1 }),
      );
      const found = [...answers.values()].flat().sort(byAge);
      const page = found.slice(0, limit);
      const last = page.at(-1);
      const more = found.length > limit && last !== undefined;
      const entries = page.map(({ n: _, ...entry }) => entry);
      return c.json({ entries, next: more ? `${last.at}.${last.n}.${last.region}` : null, errors }, 200);
    })
    .openapi(erase, async (c) => {
      return c.json(await eraseAll(c.var, c.req.valid('query')), 200);
    })
    .openapi(eraseEvent, async (c) => {
      return c.json(await eraseAll(c.var, c.req.valid('param')), 200);
    });
}
