/**
 * Answers of Workers AI as they were seen: shapes from the test suite and the issues of cloudflare/ai's
 * workers-ai-provider (2025–2026) and from Cloudflare's function-calling documentation; the words are ours.
 */
const usage = { prompt_tokens: 310, completion_tokens: 12, total_tokens: 322 };
const call = { query: 'okapi diet' };

/** Native shape: text. */
export const NATIVE_TEXT = { response: 'Okapis eat leaves [1].', tool_calls: [], usage };
/** Native shape of llama-3.3-70b and hermes-2-pro: plain tool calls. */
export const NATIVE_CALL = {
  response: null,
  tool_calls: [{ name: 'search_documents', arguments: call }],
  usage,
};
/** The same with the arguments as text. */
export const NATIVE_CALL_TEXT = {
  response: '',
  tool_calls: [{ name: 'search_documents', arguments: JSON.stringify(call) }],
};
/** Native shape with OpenAI's tool calls, as llama-4-scout gives them. */
export const NESTED_CALL = {
  response: null,
  tool_calls: [
    {
      id: 'chatcmpl-tool-6f1',
      type: 'function',
      index: 0,
      function: { name: 'search_documents', arguments: JSON.stringify(call) },
    },
  ],
  usage,
};
/** OpenAI's shape, as qwen3-30b gives it. */
export const OPENAI_CALL = {
  id: 'chatcmpl-1',
  object: 'chat.completion',
  created: 1_751_560_708,
  model: '@cf/qwen/qwen3-30b-a3b-fp8',
  choices: [
    {
      index: 0,
      message: {
        role: 'assistant',
        content: null,
        reasoning_content: 'The sources say nothing about it.',
        tool_calls: [
          {
            id: 'call_1',
            type: 'function',
            function: { name: 'search_documents', arguments: JSON.stringify(call) },
          },
        ],
      },
      finish_reason: 'tool_calls',
    },
  ],
  usage,
};
export const OPENAI_TEXT = {
  id: 'chatcmpl-2',
  object: 'chat.completion',
  created: 1_751_560_709,
  model: '@cf/qwen/qwen3-30b-a3b-fp8',
  choices: [
    {
      index: 0,
      message: {
        role: 'assistant',
        content: 'They eat leaves [1].',
        reasoning_content: 'Hm.',
        tool_calls: [],
      },
      logprobs: null,
      finish_reason: 'stop',
      stop_reason: null,
    },
  ],
  usage,
  prompt_logprobs: null,
};

/** Native stream: padding, an event without a text, usage in the last one. */
export const NATIVE_STREAM =
  'data: {"response":"They eat ","p":"abdefgh"}\n\n' +
  'data: {"tool_calls":[],"p":"abd"}\n\n' +
  'data: {"response":"leaves [2]."}\n\n' +
  `data: ${JSON.stringify({ response: '', usage })}\n\n` +
  'data: [DONE]\n\n';
/** OpenAI's stream, with reasoning, running usage, and an end that is no event. */
export const OPENAI_STREAM =
  'data: {"id":"chatcmpl-3","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}],"usage":{"prompt_tokens":310,"total_tokens":310,"completion_tokens":0}}\n\n' +
  'data: {"id":"chatcmpl-3","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"reasoning_content":"Hm"},"finish_reason":null}]}\n\n' +
  'data: {"id":"chatcmpl-3","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":"They eat leaves [2]."},"finish_reason":null}]}\n\n' +
  'data: {"id":"chatcmpl-3","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":""},"finish_reason":"stop"}]}\n\n' +
  `data: ${JSON.stringify({ id: 'chatcmpl-3', choices: [], usage })}\n\n` +
  '[DONE]\n\n';

export function streamOf(text: string): ReadableStream<Uint8Array> {
  return new Response(text).body as ReadableStream<Uint8Array>;
}
