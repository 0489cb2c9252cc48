/** Chat completions in OpenAI's shapes, with our fields beside theirs: `chunks`, `citations`, `model_version`, `errors`. */
import { z } from '@hono/zod-openapi';
import { Chunk } from '../routes/retrieval.ts';
import type { AnswerEnd, Usage } from './answerer.ts';

const FinishReason = z.enum(['stop', 'length']);

const UsageTokens = z.strictObject({
  prompt_tokens: z.int(),
  completion_tokens: z.int(),
  total_tokens: z.int(),
});

export const AnswerErrors = z.array(
  z.strictObject({
    code: z.string(),
    detail: z.string(),
    /** The region whose passages are missing. */
    region: z.string().optional(),
  }),
);

export type AnswerErrors = z.infer<typeof AnswerErrors>;

export const ChatCompletion = z
  .strictObject({
    /** Names the answer in feedback, for a day. */
    id: z.string(),
    object: z.literal('chat.completion'),
    /** Seconds since 1970. */
    created: z.int(),
    /** Who wrote the answer. */
    model: z.string(),
    choices: z
      .array(
        z.strictObject({
          index: z.literal(0),
          message: z.strictObject({
            role: z.literal('assistant'),
            /** Cites the n-th of `chunks` as [n]. */
            content: z.string(),
            refusal: z.null(),
          }),
          logprobs: z.null(),
          finish_reason: FinishReason,
        }),
      )
      .length(1),
    /** Left out when the answering model did not say. */
    usage: UsageTokens.optional(),
    /** What was searched for. */
    search_query: z.string(),
    chunks: z.array(Chunk),
    /** Ids of the chunks that the answer cites. Empty: nothing was found. */
    citations: z.array(z.string()),
    model_version: z.int(),
    /** Regions whose passages are missing, and who stood in for the configured answerer and why. */
    errors: AnswerErrors,
  })
  .openapi('ChatCompletion');
export type ChatCompletion = z.infer<typeof ChatCompletion>;

const Delta = z.strictObject({ role: z.literal('assistant').optional(), content: z.string().optional() });

export const ChatCompletionChunk = z
  .strictObject({
    id: z.string(),
    object: z.literal('chat.completion.chunk'),
    created: z.int(),
    model: z.string(),
    choices: z.array(
      z.strictObject({
        index: z.literal(0),
        delta: Delta,
        logprobs: z.null(),
        finish_reason: FinishReason.nullable(),
      }),
    ),
    usage: UsageTokens.nullable().optional(),
    model_version: z.int(),
    /** With `finish_reason`. */
    citations: z.array(z.string()).optional(),
    /** With `finish_reason`. */
    errors: AnswerErrors.optional(),
    /** With `finish_reason`, when `fedcar.chunks_event` is false. */
    chunks: z.array(Chunk).optional(),
  })
  .openapi('ChatCompletionChunk');
export type ChatCompletionChunk = z.infer<typeof ChatCompletionChunk>;

export function usageTokens({ promptTokens, completionTokens }: Usage): z.infer<typeof UsageTokens> {
  return {
    prompt_tokens: promptTokens,
    completion_tokens: completionTokens,
    total_tokens: promptTokens + completionTokens,
  };
}

/** What all objects of one answer have in common. */
export interface CompletionHead {
  id: string;
  created: number;
  model: string;
  model_version: number;
}

export function completionChunk(
  head: CompletionHead,
  delta: z.infer<typeof Delta>,
  finish: AnswerEnd['finish'] | null = null,
): ChatCompletionChunk {
  const choice = { index: 0 as const, delta, logprobs: null, finish_reason: finish };
  return { ...head, object: 'chat.completion.chunk', choices: [choice] };
}
