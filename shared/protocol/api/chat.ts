/** Chat completions in OpenAI's shapes, with our fields beside theirs: `chunks`, `citations`, `model_version`, `errors`. */
import { z } from 'zod';
import { Chunk } from './chunk.ts';
import { StaleSeconds } from './version.ts';

const FinishReason = z.enum(['stop', 'length']);
const INDEX = z.literal(0).describe('Always 0: there is one choice');
const LOGPROBS = z.null().describe('Always null');
const ID = z.string().describe('Names the answer in feedback, for a day');
const CREATED = z.int().describe('When the answer was begun, seconds since 1970');
const MODEL = z.string().describe('Who wrote the answer');
const MODEL_VERSION = z.int().describe('Version of the retriever that found the chunks; 0 is plain search');

export const UsageTokens = z
  .strictObject({
    prompt_tokens: z.int().describe('Tokens that the answering model read'),
    completion_tokens: z.int().describe('Tokens that it wrote'),
    total_tokens: z.int().describe('Both together'),
  })
  .meta({ id: 'Usage', description: 'Tokens of the answering model; left out where it did not say' });
export type UsageTokens = z.infer<typeof UsageTokens>;

export const AnswerError = z
  .strictObject({
    code: z.string().describe('Stable, for programs'),
    detail: z.string().describe('What happened, for people'),
    region: z.string().optional().describe('The region whose passages are missing'),
  })
  .meta({
    id: 'AnswerError',
    description: 'A region whose passages are missing, or who stood in for the configured answerer and why',
  });
export type AnswerError = z.infer<typeof AnswerError>;

export const ChatCompletion = z
  .strictObject({
    id: ID,
    object: z.literal('chat.completion').describe('What this is, for clients of OpenAI’s API'),
    created: CREATED,
    model: MODEL,
    choices: z
      .array(
        z.strictObject({
          index: INDEX,
          message: z
            .strictObject({
              role: z.literal('assistant').describe('Who speaks'),
              content: z.string().describe('The answer. Cites the n-th of `chunks` as [n]'),
              refusal: z.null().describe('Always null'),
            })
            .describe('The answer as a turn of the conversation'),
          logprobs: LOGPROBS,
          finish_reason: FinishReason.describe(
            '`length`: the answer was cut at the number of tokens allowed',
          ),
        }),
      )
      .length(1)
      .describe('One answer'),
    usage: UsageTokens.optional(),
    search_query: z.string().describe('What was searched for'),
    chunks: z.array(Chunk).describe('What was found, in the order in which the answer numbers it'),
    citations: z
      .array(z.string())
      .describe('Ids of the chunks that the answer cites. Empty: nothing was found'),
    model_version: MODEL_VERSION,
    stale_seconds: StaleSeconds,
    errors: z
      .array(AnswerError)
      .describe('Regions whose passages are missing, and who stood in for the configured answerer and why'),
  })
  .meta({ id: 'ChatCompletion', description: 'An answer with its sources' });
export type ChatCompletion = z.infer<typeof ChatCompletion>;

/** One `data:` line of a stream. */
export const ChatCompletionChunk = z
  .strictObject({
    id: ID,
    object: z.literal('chat.completion.chunk').describe('What this is, for clients of OpenAI’s API'),
    created: CREATED,
    model: MODEL,
    choices: z
      .array(
        z.strictObject({
          index: INDEX,
          delta: z
            .strictObject({
              role: z.literal('assistant').optional().describe('With the first piece'),
              content: z.string().optional().describe('What is added to the answer'),
            })
            .describe('The next piece'),
          logprobs: LOGPROBS,
          finish_reason: FinishReason.nullable().describe('With the last piece; null before'),
        }),
      )
      .describe('One piece; empty where the usage is told'),
    usage: UsageTokens.nullable().optional().describe('After the last piece'),
    model_version: MODEL_VERSION,
    stale_seconds: StaleSeconds,
    citations: z.array(z.string()).optional().describe('With `finish_reason`'),
    errors: z.array(AnswerError).optional().describe('With `finish_reason`'),
    chunks: z
      .array(Chunk)
      .optional()
      .describe('With the first piece, unless they were an event of their own'),
  })
  .meta({ id: 'ChatCompletionChunk', description: 'One `data:` line of a stream of server-sent events' });
export type ChatCompletionChunk = z.infer<typeof ChatCompletionChunk>;
export type CompletionDelta = ChatCompletionChunk['choices'][number]['delta'];
