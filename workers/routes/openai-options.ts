/**
 * Options of OpenAI's chat completions that change nothing here: they are taken, so that clients need no special case,
 * and never read. Each has the values that leave an answer as it is, and the reason; any other value is refused. An
 * option that could change an answer stands in the request's own schema, or is not known.
 */
import { z } from '@hono/zod-openapi';
import { optional } from '../../shared/protocol/optional.ts';

const text = z.string().max(1024);
const choice = z.enum(['none', 'auto']);

/** @param schema the values that leave an answer as it is. @param why they do */
function unread<T extends z.ZodType>(schema: T, why: string) {
  return optional(schema).describe(`Changes nothing: ${why}`);
}

/** Fields of a request's schema. */
export const UNREAD_OPTIONS = {
  user: unread(text, 'names the caller to the operator of a model; nobody is told'),
  safety_identifier: unread(text, 'names the caller to the operator of a model; nobody is told'),
  metadata: unread(z.record(z.string(), z.unknown()), 'labels of a stored answer; none is stored'),
  store: unread(z.boolean(), 'no answer is stored'),
  prompt_cache_key: unread(text, 'sorts requests into caches; an answer does not depend on it'),
  prompt_cache_retention: unread(text, 'how long a cache remembers; an answer does not depend on it'),
  prompt_cache_options: unread(
    z.record(z.string(), z.unknown()),
    'how a cache is used; an answer does not depend on it',
  ),
  service_tier: unread(text, 'how soon and at what price; there is one kind of service'),
  prediction: unread(z.record(z.string(), z.unknown()), 'makes a model faster, never different'),
  reasoning_effort: unread(text, 'how long a model thinks; what it may say is the same'),
  verbosity: unread(z.literal('medium'), 'the usual length'),
  frequency_penalty: unread(z.literal(0), 'no penalty'),
  presence_penalty: unread(z.literal(0), 'no penalty'),
  logit_bias: unread(z.strictObject({}), 'empty: no word is favoured'),
  logprobs: unread(z.literal(false), 'none are wanted'),
  top_logprobs: unread(z.literal(0), 'none are wanted'),
  n: unread(z.literal(1), 'one answer is what there is'),
  modalities: unread(z.tuple([z.literal('text')]), 'text is what there is'),
  response_format: unread(
    z.strictObject({ type: z.literal('text').describe('Text') }),
    'text is what there is',
  ),
  function_call: unread(choice, 'without functions there is nothing to choose'),
  tool_choice: unread(choice, 'without tools there is nothing to choose'),
  parallel_tool_calls: unread(z.boolean(), 'without tools nothing is called'),
  audio: unread(z.null(), 'null: no voice is wanted'),
  web_search_options: unread(z.null(), 'null: no search of the web is wanted'),
  moderation: unread(z.null(), 'null: nothing is wanted'),
  best_of: unread(z.literal(1), 'one answer is made'),
  echo: unread(z.literal(false), 'the question is not repeated'),
  suffix: unread(z.null(), 'null: nothing follows the answer'),
  repetition_penalty: unread(z.literal(1), 'no penalty, in servers that multiply it'),
  min_p: unread(z.literal(0), 'no word is left out'),
} as const;
