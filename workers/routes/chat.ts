/**
 * POST /chat/completions: an answer with its sources, as JSON or as server-sent events. Speaks OpenAI's chat
 * completions; `chunks` and what else is ours stand beside their fields.
 */
import { createRoute, z } from '@hono/zod-openapi';
import { systemRandom } from '../../shared/crypto/random.ts';
import { ChatCompletion, ChatCompletionChunk } from '../../shared/protocol/api/chat.ts';
import type { FeedbackSettings } from '../../shared/protocol/settings.ts';
import { shuffled } from '../../shared/retrieval/clicks.ts';
import { sealAnswer } from '../answer/answer-id.ts';
import { answerStream } from '../answer/answer-stream.ts';
import type { AnswerRequest } from '../answer/answerer.ts';
import { beginAnswer, wholeAnswer } from '../answer/answering.ts';
import { type CompletionHead, usageTokens } from '../answer/completion.ts';
import { answeringModels, configuredAnswerer } from '../answer/configured.ts';
import { EXTRACTIVE } from '../answer/extractive.ts';
import { Problem } from '../problem.ts';
import { body, NoQuery, problems, router } from '../router.ts';
import type { ShownHit } from '../search.ts';
import { Stopwatch } from '../stopwatch.ts';
import { ChatRequest, settingsOf } from './chat-request.ts';
import { turnsOf } from './messages.ts';
import { chunkOf, type Freshest, queryOf, Retrieval } from './retrieval.ts';

/** Passages that a follow-up search of an answerer may add. */
const FOLLOW_UP_RESULTS = 5;

const route = createRoute({
  method: 'post',
  path: '/chat/completions',
  summary: 'Answer a question from the documents',
  description:
    'With `stream`: chat.completion.chunk objects, of which the first has the `chunks` that were found, then ' +
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

export function chatRoutes(freshest: Freshest) {
  const routes = router();
  // Lines of a stream are no answer in JSON: no route names their schema.
  routes.openAPIRegistry.register('ChatCompletionChunk', ChatCompletionChunk);
  return routes.openapi(route, async (c) => {
    const given = c.req.valid('json');
    const { services, collection } = c.var;
    const turns =
      given.messages != null ? turnsOf(given.messages) : [{ role: 'user' as const, content: given.query! }];
    const query = queryOf(turns);
    const stopwatch = new Stopwatch();
    const encoder = await services.encoder(collection);
    const who = configuredAnswerer(c.env, encoder);
    if (given.model === EXTRACTIVE) Object.assign(who, { answerer: who.extractive, problems: [] });
    const settings = settingsOf(given, who.answerer, answeringModels(c.env));
    const retrieval = await Retrieval.open(c, freshest, given, stopwatch);

    const known = new Map<string, ShownHit>();
    const passagesOf = (found: readonly ShownHit[]) => {
      for (const hit of found) known.set(hit.id, hit);
      return found.map(({ id, item, title, text, layout, calibrated }) => ({
        ...{ id, item, title, text, layout },
        score: calibrated,
      }));
    };
    const { hits: found, errors } = await retrieval.read(query);
    const isDrawn = drawsOrder(collection.settings.feedback);
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
      search: async (text) => passagesOf((await retrieval.read(text, FOLLOW_UP_RESULTS)).hits),
    };
    const headOf = async (model: string, ids: readonly string[], cited: readonly number[] | null) => {
      const citedIds = cited?.map((place) => ids[place]!) ?? null;
      const reference = { query, retrieved: ids, cited: citedIds, shuffled: isDrawn && cited !== null };
      const now = services.now();
      const scope = { secret: c.env.FEDCAR_ADMIN_TOKEN, collection: collection.name, now };
      const id = await sealAnswer(reference, scope, systemRandom);
      return {
        id,
        created: Math.floor(now / 1000),
        model,
        model_version: retrieval.version,
        ...retrieval.staleness,
      } satisfies CompletionHead;
    };
    const chunksOf = (ids: readonly string[]) =>
      ids.map((id) => chunkOf(known.get(id)!, given.ai_search_options.retrieval));

    if (given.stream) {
      const answer = await stopwatch.measure('answer', () => beginAnswer(who, request)).catch(unlessLeft);
      stopwatch.report(c);
      const ids = shownOrder(idsOf(answer.passages, found), answer.cited, isDrawn);
      const stream = answerStream({
        head: await headOf(answer.model, ids, answer.cited),
        chunks: chunksOf(ids),
        answer,
        errors: [...errors, ...answer.problems],
        chunksEvent: given.fedcar.chunks_event,
        usage: given.stream_options?.include_usage ?? false,
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
    const ids = shownOrder(idsOf(answer.passages, found), answer.cited, isDrawn);
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

/** Those that are cited keep their numbers; the others change places where their order is drawn. */
function shownOrder(ids: string[], cited: readonly number[] | null, isDrawn: boolean): string[] {
  if (!isDrawn || cited === null) return ids;
  const others = ids.filter((_, place) => !cited.includes(place));
  const drawn = shuffled(others, randomBelow);
  return ids.map((id, place) => (cited.includes(place) ? id : drawn.shift()!));
}

/** Whether the results beside this answer stand in a random order, for the sake of what clicks on them say. */
function drawsOrder({ clicks, shuffledShare }: FeedbackSettings): boolean {
  return clicks === 'on' && randomBelow(2 ** 32) < shuffledShare * 2 ** 32;
}

/** Results are so few that the remainder of 32 bits is as good as uniform. */
const randomBelow = (bound: number): number => new DataView(systemRandom(4).buffer).getUint32(0) % bound;

/** Ids of what the answer numbers, then of what was found beside it. */
function idsOf(numbered: readonly { id: string }[], found: readonly { id: string }[]): string[] {
  return [...new Set([...numbered, ...found].map(({ id }) => id))];
}
