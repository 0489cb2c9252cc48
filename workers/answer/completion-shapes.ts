/**
 * What language models answer, in the shapes seen in the wild: OpenAI's completions and chunks, and Workers AI's own
 * (`response`, `tool_calls` with plain or nested names, arguments as an object or as text). Read, checked, and brought
 * into one form; fields nobody here uses are passed over, as upstreams add new ones all the time.
 */
import { z } from 'zod';
import type { Usage } from './answerer.ts';

const UsageShape = z.object({
  prompt_tokens: z.number().nonnegative().nullish(),
  completion_tokens: z.number().nonnegative().nullish(),
});

const PlainCall = z.object({ name: z.string(), arguments: z.unknown().optional() });
const NestedCall = z.object({ function: PlainCall });
const Calls = z.array(z.union([PlainCall, NestedCall])).nullish();

const Choice = z.object({
  message: z.object({ content: z.string().nullish(), tool_calls: Calls }).nullish(),
  delta: z.object({ content: z.string().nullish() }).nullish(),
  finish_reason: z.string().nullish(),
});

const Shape = z.object({
  choices: z.array(Choice).nullish(),
  // JSON mode of some models answers with an object; digits alone may come as a number.
  response: z.union([z.string(), z.number()]).nullish(),
  tool_calls: Calls,
  finish_reason: z.string().nullish(),
  usage: UsageShape.nullish(),
  error: z.unknown().optional(),
});

export interface ToolCall {
  name: string;
  arguments?: unknown;
}

/** A completion, or one piece of it. */
export interface Completion {
  text: string;
  calls: ToolCall[];
  finish: 'stop' | 'length' | null;
  usage: Usage | null;
}

/** @throws TypeError when `value` is none, or says that there was an error. */
export function completionOf(value: unknown): Completion {
  const result = Shape.safeParse(value);
  if (!result.success) throw new TypeError(`completion: ${z.prettifyError(result.error)}`);
  const { choices, response, tool_calls, finish_reason, usage, error } = result.data;
  if (error !== undefined && error !== null) throw new TypeError('completion: the model reports an error');
  if (choices == null && response == null && tool_calls == null && usage == null && finish_reason == null) {
    throw new TypeError('completion: neither choices nor a response');
  }
  const choice = choices?.[0];
  const calls = choice?.message?.tool_calls ?? tool_calls ?? [];
  return {
    text: choice?.message?.content ?? choice?.delta?.content ?? String(response ?? ''),
    calls: calls.map((call) => plain('function' in call ? call.function : call)),
    finish: finishOf(choice?.finish_reason ?? finish_reason),
    usage: usageOf(usage),
  };
}

function finishOf(reason: string | null | undefined): Completion['finish'] {
  if (reason == null) return null;
  return reason === 'length' ? 'length' : 'stop';
}

function plain({ name, arguments: given }: ToolCall): ToolCall {
  if (typeof given !== 'string') return { name, arguments: given };
  try {
    return { name, arguments: JSON.parse(given) as unknown };
  } catch {
    // Whoever runs the tool checks its arguments, and says that these are none.
    return { name, arguments: given };
  }
}

function usageOf(usage: z.infer<typeof UsageShape> | null | undefined): Usage | null {
  if (usage?.prompt_tokens == null || usage.completion_tokens == null) return null;
  return { promptTokens: usage.prompt_tokens, completionTokens: usage.completion_tokens };
}
