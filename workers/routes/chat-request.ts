/** What a chat asks for, in the shapes of OpenAI's chat completions, and how the text of its answer is to be made. */
import { z } from '@hono/zod-openapi';
import type { ProblemField } from '../../shared/protocol/api/problem.ts';
import { optional, withDefault, withDefaults } from '../../shared/protocol/optional.ts';
import type { Answerer, GenerationSettings } from '../answer/answerer.ts';
import { DEFAULT_MODEL } from '../answer/configured.ts';
import { Problem } from '../problem.ts';
import { Messages } from './messages.ts';
import { UNREAD_OPTIONS } from './openai-options.ts';
import { FEDCAR_OPTIONS, Query, SearchOptionsInput, Unset } from './retrieval.ts';

/** Tokens that a language model is asked for at most, whatever a request would allow. */
const MOST_TOKENS = 8192;

const tokens = z.int().min(1);
const stopText = z.string().min(1).max(64);
const shared = {
  model: withDefault(z.string().min(1).max(256), DEFAULT_MODEL).describe(
    '`fedcar`: as configured; `extractive`; or the configured model by its name',
  ),
  stream: withDefault(z.boolean(), false).describe('Answer with server-sent events, as the text is written'),
  stream_options: optional(
    z.strictObject({
      include_usage: withDefault(z.boolean(), false).describe('Usage comes before `[DONE]`'),
      include_obfuscation: optional(z.boolean()).describe('Changes nothing: no piece is padded'),
    }),
  ).describe('Of a `stream`'),
  temperature: optional(z.number().min(0).max(2)).describe('Of the answering model; higher is more varied'),
  top_p: optional(z.number().min(0).max(1)).describe(
    'The answering model chooses among the likeliest words, which together have this probability',
  ),
  max_tokens: optional(tokens).describe(
    'Another name of `max_completion_tokens`; of both the lower one counts',
  ),
  max_completion_tokens: optional(tokens).describe(
    `Tokens that the answer may have; a language model never writes more than ${MOST_TOKENS}`,
  ),
  // Clients draw 64 bits, which are more than a whole number here may have.
  seed: optional(z.number().multipleOf(1)).describe(
    'Makes the answering model’s choices repeatable where it can',
  ),
  stop: optional(z.union([stopText, z.array(stopText).max(4)])).describe(
    'The answer ends before any of these',
  ),
  tools: optional(
    z.array(z.looseObject({ type: z.string().max(64).describe('Kind of tool') })).max(128),
  ).describe('Empty, or with `tool_choice` `none`: no tool of a caller is called here'),
  functions: optional(z.array(z.looseObject({})).max(128)).describe(
    'An older name of `tools`: empty, or with `function_call` `none`',
  ),
  ...UNREAD_OPTIONS,
  ai_search_options: SearchOptionsInput,
  fedcar: withDefaults(
    z.strictObject({
      ...FEDCAR_OPTIONS,
      chunks_event: withDefault(z.boolean(), false).describe(
        'In a stream the chunks are an event of their own, `event: chunks`, as in Cloudflare AI Search; the first completion chunk has none then',
      ),
    }),
  ).describe('Our own options'),
} as const;

export const ChatRequest = z
  .union([
    z
      .strictObject({ messages: Messages, query: Unset, ...shared })
      .meta({ id: 'ChatByMessages', description: 'A question as the last turn of a conversation' }),
    z
      .strictObject({ query: Query, messages: Unset, ...shared })
      .meta({ id: 'ChatByQuery', description: 'One question' }),
  ])
  .meta({ id: 'ChatRequest', description: 'A conversation, or a question' });
type ChatRequest = z.infer<typeof ChatRequest>;

const FIELD: Record<keyof GenerationSettings, string> = {
  temperature: 'temperature',
  topP: 'top_p',
  maxTokens: 'max_completion_tokens',
  seed: 'seed',
  stop: 'stop',
};

/** @throws Problem for a model that is not there and for what the answerer cannot follow. */
export function settingsOf(
  given: ChatRequest,
  answerer: Answerer,
  models: readonly string[],
): GenerationSettings {
  const refused: ProblemField[] = [];
  const refuse = (field: string, detail: string) => refused.push({ pointer: `#/${field}`, detail });
  if (!models.includes(given.model)) refuse('model', `one of ${models.join(', ')}`);
  if (given.tools !== undefined && given.tools.length > 0 && given.tool_choice !== 'none') {
    refuse(
      'tools',
      `answers call no tools: leave them out, or say "tool_choice": "none"; got ${given.tools.length}`,
    );
  }
  if (given.functions !== undefined && given.functions.length > 0 && given.function_call !== 'none') {
    refuse(
      'functions',
      `answers call no functions: leave them out, or say "function_call": "none"; got ${given.functions.length}`,
    );
  }
  const most = [given.max_completion_tokens, given.max_tokens].filter((limit) => limit !== undefined);
  const settings: GenerationSettings = {
    temperature: given.temperature,
    topP: given.top_p,
    maxTokens: most.length === 0 ? undefined : Math.min(...most, MOST_TOKENS),
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
