/**
 * POST /chat/completions: an answer with its sources, as JSON or as server-sent events. Speaks OpenAI's chat
 * completions; `chunks` and what else is ours stand beside their fields.
 */
import { createRoute, z } from '@hono/zod-openapi';
import { systemRandom } from '../../shared/crypto/random.ts';
import { ChatCompletion } from '../../shared/protocol/api/chat.ts';
import type { ProblemField } from '../../shared/protocol/api/problem.ts';
import { sealAnswer } from '../answer/answer-id.ts';
import { answerStream } from '../answer/answer-stream.ts';
import type { Answerer, AnswerRequest, GenerationSettings } from '../answer/answerer.ts';
import { beginAnswer, wholeAnswer } from '../answer/answering.ts';
import { type CompletionHead, usageTokens } from '../answer/completion.ts';
import { answeringModels, configuredAnswerer, DEFAULT_MODEL } from '../answer/configured.ts';
import { EXTRACTIVE } from '../answer/extractive.ts';
import { Problem } from '../problem.ts';
import { body, NoQuery, problems, router } from '../router.ts';
import type { ScoredHit } from '../search.ts';
import type { SnapshotCache } from '../snapshot-cache.ts';
import { Stopwatch } from '../stopwatch.ts';
import {
  chunkOf,
  FEDCAR_OPTIONS,
  Messages,
  Query,
  queryOf,
  Retrieval,
  SearchOptionsInput,
  turnsOf,
} from './retrieval.ts';

/** Passages that a follow-up search of an answerer may add. */
const FOLLOW_UP_RESULTS = 5;

const tokens = z.int().min(1).max(8192).optional();
const stopText = z.string().min(1).max(64);
const shared = {
  model: z
    .string()
    .min(1)
    .max(256)
    .default(DEFAULT_MODEL)
    .describe('`fedcar`: as configured; `extractive`; or the configured model by its name'),
  stream: z.boolean().default(false).describe('Answer with server-sent events, as the text is written'),
  stream_options: z
    .strictObject({
      include_usage: z.boolean().default(true).describe('Usage comes before `[DONE]` unless this says no'),
    })
    .optional()
    .describe('Needs `stream`'),
  temperature: z.number().min(0).max(2).optional().describe('Of the answering model; higher is more varied'),
  top_p: z
    .number()
    .gt(0)
    .max(1)
    .optional()
    .describe('The answering model chooses among the likeliest words, which together have this probability'),
  max_tokens: tokens.describe('Another name of `max_completion_tokens`: only one of them'),
  max_completion_tokens: tokens.describe('Tokens that the answering model may write'),
  seed: z.int().optional().describe('Makes the answering model’s choices repeatable where it can'),
  stop: z
    .union([stopText, z.array(stopText).min(1).max(4)])
    .optional()
    .describe('The answer ends before any of these'),
  n: z.literal(1).optional().describe('One answer'),
  ai_search_options: SearchOptionsInput,
  fedcar: z
    .strictObject({
      ...FEDCAR_OPTIONS,
      chunks_event: z
        .boolean()
        .default(true)
        .describe(
          'False: no `event: chunks`, for clients that take every event for a completion; they come at the end',
        ),
    })
    .prefault({})
    .describe('Our own options'),
} as const;

export const ChatRequest = z
  .union([
    z
      .strictObject({ messages: Messages, ...shared })
      .meta({ id: 'ChatByMessages', description: 'A question as the last turn of a conversation' }),
    z.strictObject({ query: Query, ...shared }).meta({ id: 'ChatByQuery', description: 'One question' }),
  ])
  .meta({ id: 'ChatRequest', description: 'A conversation, or a question' });
type ChatRequest = z.infer<typeof ChatRequest>;

const route = createRoute({
  method: 'post',
  path: '/chat/completions',
  summary: 'Answer a question from the documents',
  description:
    'With `stream`: `event: chunks` with the array of chunks, then chat.completion.chunk objects, usage and ' +
    '`data: [DONE]`; what fails after the first event is `event: error`.',
  tags: ['search'],
  request: { query: NoQuery, body: body(ChatRequest) },
  responses: {
    200: {
      description: 'The answer, with its sources',
      content: {
        'application/json': { schema: ChatCompletion },
        'text/event-stream': { schema: z.string() },
      },
    },
    ...problems,
  },
});

export function chatRoutes(snapshots: SnapshotCache) {
  return router().openapi(route, async (c) => {
    const given = c.req.valid('json');
    const { services, collection } = c.var;
    const turns =
      'messages' in given ? turnsOf(given.messages) : [{ role: 'user' as const, content: given.query }];
    const query = queryOf(turns);
    const stopwatch = new Stopwatch();
    const encoder = await services.encoder(collection);
    const who = configuredAnswerer(c.env, encoder);
    if (given.model === EXTRACTIVE) Object.assign(who, { answerer: who.extractive, problems: [] });
    const settings = settingsOf(given, who.answerer, answeringModels(c.env));
    const retrieval = await Retrieval.open(c, snapshots, given, stopwatch);

    const hits = new Map<string, ScoredHit>();
    const passagesOf = (found: readonly ScoredHit[]) => {
      for (const hit of found) hits.set(hit.id, hit);
      return found.map(({ id, item, title, text, calibrated }) => ({
        id,
        item,
        title,
        text,
        score: calibrated,
      }));
    };
    const { hits: found, errors } = await retrieval.search(query);
    const left = c.req.raw.signal;
    const gone = new AbortController();
    const unlessLeft = (error: unknown): never => {
      throw left.aborted ? new Problem('client_left', 'Nobody is there to read the answer.') : error;
    };
    const request: AnswerRequest = {
      turns,
      query,
      passages: passagesOf(found),
      settings,
      stream: given.stream,
      signal: AbortSignal.any([gone.signal, left]),
      search: async (text) => passagesOf((await retrieval.search(text, FOLLOW_UP_RESULTS)).hits),
    };
    const headOf = async (model: string, ids: readonly string[], cited: readonly number[] | null) => {
      const reference = { query, retrieved: ids, cited: cited?.map((place) => ids[place]!) ?? null };
      const now = services.now();
      const scope = { secret: c.env.FEDCAR_ADMIN_TOKEN, collection: collection.name, now };
      const id = await sealAnswer(reference, scope, systemRandom);
      return {
        id,
        created: Math.floor(now / 1000),
        model,
        model_version: retrieval.version,
      } satisfies CompletionHead;
    };
    const chunksOf = (ids: readonly string[]) => ids.map((id) => chunkOf(hits.get(id) as ScoredHit));

    if (given.stream) {
      const answer = await stopwatch.measure('answer', () => beginAnswer(who, request)).catch(unlessLeft);
      stopwatch.report(c);
      const ids = idsOf(answer.passages, found);
      const stream = answerStream({
        head: await headOf(answer.model, ids, answer.cited),
        chunks: chunksOf(ids),
        answer,
        errors: [...errors, ...answer.problems],
        chunksEvent: given.fedcar.chunks_event,
        usage: given.stream_options?.include_usage ?? true,
        requestId: c.get('requestId'),
        abandon: (reason) => gone.abort(reason),
      });
      return c.body(stream, 200, {
        'content-type': 'text/event-stream; charset=utf-8',
        // Proxies that compress or collect would hold the text back.
        'cache-control': 'no-store, no-transform',
        'x-accel-buffering': 'no',
      });
    }

    const answer = await stopwatch.measure('answer', () => wholeAnswer(who, request)).catch(unlessLeft);
    stopwatch.report(c);
    const ids = idsOf(answer.passages, found);
    const head = await headOf(answer.model, ids, answer.cited);
    const completion: ChatCompletion = {
      ...head,
      object: 'chat.completion',
      choices: [
        {
          index: 0,
          message: { role: 'assistant', content: answer.content, refusal: null },
          logprobs: null,
          finish_reason: answer.finish,
        },
      ],
      ...(answer.usage === null ? {} : { usage: usageTokens(answer.usage) }),
      search_query: query,
      chunks: chunksOf(ids),
      citations: answer.cited.map((place) => ids[place]!),
      errors: [...errors, ...answer.problems],
    };
    return c.json(completion, 200);
  });
}

/** Ids of what the answer numbers, then of what was found beside it. */
function idsOf(numbered: readonly { id: string }[], found: readonly { id: string }[]): string[] {
  return [...new Set([...numbered, ...found].map(({ id }) => id))];
}

const FIELD: Record<keyof GenerationSettings, string> = {
  temperature: 'temperature',
  topP: 'top_p',
  maxTokens: 'max_completion_tokens',
  seed: 'seed',
  stop: 'stop',
};

/** @throws Problem for a model that is not there and for what the answerer cannot follow. */
function settingsOf(given: ChatRequest, answerer: Answerer, models: readonly string[]): GenerationSettings {
  const refused: ProblemField[] = [];
  const refuse = (field: string, detail: string) => refused.push({ pointer: `#/${field}`, detail });
  if (!models.includes(given.model)) refuse('model', `one of ${models.join(', ')}`);
  if (given.stream_options !== undefined && !given.stream) refuse('stream_options', 'needs "stream": true');
  if (given.max_tokens !== undefined && given.max_completion_tokens !== undefined) {
    refuse('max_tokens', 'is another name of max_completion_tokens: only one of them');
  }
  const settings: GenerationSettings = {
    temperature: given.temperature,
    topP: given.top_p,
    maxTokens: given.max_completion_tokens ?? given.max_tokens,
    seed: given.seed,
    stop: typeof given.stop === 'string' ? [given.stop] : given.stop,
  };
  for (const name of answerer.unsupported(settings)) {
    refuse(FIELD[name], `answers of ${answerer.model} have no such setting`);
  }
  if (refused.length === 0) return settings;
  const detail = refused.map((field) => `${field.pointer}: ${field.detail}`).join('; ');
  throw new Problem('invalid_request', detail, { errors: refused });
}
