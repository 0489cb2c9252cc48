/** The objects that an answer in OpenAI's shapes consists of, put together. */
import type {
  ChatCompletion,
  ChatCompletionChunk,
  CompletionDelta,
  UsageTokens,
} from '../../shared/protocol/api/chat.ts';
import type { AnswerEnd, Usage } from './answerer.ts';

export function usageTokens({ promptTokens, completionTokens }: Usage): UsageTokens {
  return {
    prompt_tokens: promptTokens,
    completion_tokens: completionTokens,
    total_tokens: promptTokens + completionTokens,
  };
}

/** What all objects of one answer have in common. */
export type CompletionHead = Pick<
  ChatCompletion,
  'id' | 'created' | 'model' | 'model_version' | 'stale_seconds'
>;

export function completionChunk(
  head: CompletionHead,
  delta: CompletionDelta,
  finish: AnswerEnd['finish'] | null = null,
): ChatCompletionChunk {
  const choice = { index: 0 as const, delta, logprobs: null, finish_reason: finish };
  return { ...head, object: 'chat.completion.chunk', choices: [choice] };
}
