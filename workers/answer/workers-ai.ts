/**
 * Answers from Workers AI through `runWithTools` of @cloudflare/ai-utils, with one tool: `search_documents`, over our
 * own retriever. Retrieval comes first; the tool is for follow-up searches. The library is loaded when it is first
 * needed, and what it lacks is in the adapter around `ai.run`: settings, abort, OpenAI-style tool calls, checked
 * arguments, and no second run where the first one answered already.
 */
import { z } from 'zod';
import type { AnswerPassage } from '../../shared/retrieval/extractive.ts';
import {
  type Answer,
  type AnswerEnd,
  type Answerer,
  AnswererError,
  type AnswerRequest,
  type GenerationSettings,
  type Usage,
} from './answerer.ts';
import { type Completion, completionOf } from './completion-shapes.ts';
import { Deadline, type DeadlineLimits } from './deadline.ts';
import { promptOf, sourceLines } from './prompt.ts';
import { begun, streamedText } from './streamed-text.ts';

/** What is used of the `AI` binding. */
export interface AiBinding {
  run(model: string, inputs: Record<string, unknown>, options?: { signal?: AbortSignal }): Promise<unknown>;
}

/** Models that are known to call tools in a shape that is understood here. */
export const KNOWN_MODELS: readonly string[] = [
  '@cf/meta/llama-3.3-70b-instruct-fp8-fast',
  '@cf/meta/llama-4-scout-17b-16e-instruct',
  '@cf/mistralai/mistral-small-3.1-24b-instruct',
  '@cf/qwen/qwen3-30b-a3b-fp8',
  '@hf/nousresearch/hermes-2-pro-mistral-7b',
];

/** Follow-up searches of one answer. */
const MAX_SEARCHES = 3;
const TOOL = 'search_documents';
const HINT = `If the sources do not answer the question and other words might find a better one, call ${TOOL} once or \
twice. Its results are further sources, numbered on.`;

/** Of the tool. The library's own check drops a call silently; a model that hears what is wrong can do better. */
const Arguments = z.strictObject({ query: z.string().trim().min(1).max(1000) });

export interface WorkersAiOptions {
  ai: AiBinding;
  /** One of KNOWN_MODELS. */
  model: string;
  limits?: DeadlineLimits;
}

export class WorkersAiAnswerer implements Answerer {
  readonly model: string;
  readonly #ai: AiBinding;
  readonly #limits: DeadlineLimits | undefined;

  constructor({ ai, model, limits }: WorkersAiOptions) {
    if (!KNOWN_MODELS.includes(model)) {
      throw new TypeError(`FEDCAR_ANSWER_MODEL: one of ${KNOWN_MODELS.join(', ')}`);
    }
    this.model = model;
    this.#ai = ai;
    this.#limits = limits;
  }

  unsupported({ stop = [] }: GenerationSettings): (keyof GenerationSettings)[] {
    return stop.length === 0 ? [] : ['stop'];
  }

  async answer(request: AnswerRequest): Promise<Answer> {
    const deadline = new Deadline(request.signal, this.#limits);
    try {
      const { messages, shown } = promptOf(request.turns, request.passages, HINT);
      const searches = new Searches(request, request.passages.slice(0, shown));
      const adapter = new RunAdapter(this.#ai, request, deadline);
      const { runWithTools } = await import('@cloudflare/ai-utils');
      const result = await runWithTools(
        // The library was written for types of an earlier time.
        adapter as unknown as Parameters<typeof runWithTools>[0],
        this.model as Parameters<typeof runWithTools>[1],
        { messages: messages as Parameters<typeof runWithTools>[2]['messages'], tools: [searches.tool()] },
        { streamFinalResponse: request.stream, maxRecursiveToolRuns: 1 },
      ).catch((error: unknown) => {
        throw adapter.failure ?? error;
      });
      const text =
        (result as unknown) instanceof ReadableStream
          ? streamedText(result as unknown as ReadableStream<Uint8Array>, deadline)
          : said(completionOf(result), adapter.usage, deadline);
      return { passages: searches.passages, cited: null, text: await begun(text) };
    } catch (error) {
      deadline.end();
      throw deadline.explain(error);
    }
  }
}

async function* said(
  { text, finish }: Completion,
  usage: Usage | null,
  deadline: Deadline,
): AsyncGenerator<string, AnswerEnd> {
  deadline.end();
  if (text !== '') yield text;
  return { finish: finish ?? 'stop', usage };
}

/** The tool, and the passages that it found. */
class Searches {
  readonly passages: AnswerPassage[];
  readonly #search: AnswerRequest['search'];
  #left = MAX_SEARCHES;

  constructor({ search }: AnswerRequest, passages: readonly AnswerPassage[]) {
    this.passages = [...passages];
    this.#search = search;
  }

  tool() {
    return {
      name: TOOL,
      description: 'Searches the documents for a question in other words and returns more numbered sources.',
      parameters: {
        type: 'object' as const,
        properties: { query: { type: 'string', description: 'what to look for' } },
        required: ['query'],
      },
      function: (given: unknown) => this.#run(given),
    };
  }

  async #run(given: unknown): Promise<string> {
    const parsed = Arguments.safeParse(given);
    if (!parsed.success) return 'Not searched: the arguments have to be {"query": "what to look for"}.';
    if (this.#left === 0) return 'Not searched: no more searches for this answer.';
    this.#left -= 1;
    const found = await this.#search(parsed.data.query);
    const known = new Set(this.passages.map(({ id }) => id));
    const fresh = found.filter(({ id }) => !known.has(id));
    if (fresh.length === 0) return 'Nothing was found that is not among the sources already.';
    const lines = sourceLines(fresh, this.passages.length + 1);
    this.passages.push(...fresh.slice(0, lines.length));
    return lines.join('\n');
  }
}

/** Stands where the library expects the binding. */
class RunAdapter {
  readonly #ai: AiBinding;
  readonly #request: AnswerRequest;
  readonly #deadline: Deadline;
  /** What the model answered instead of calling a tool: the library would ask it again. */
  #direct: Completion | null = null;
  #usage: Usage | null = null;
  /** The last failure as it was, before the library wrapped it into a text. */
  failure: unknown = null;

  constructor(ai: AiBinding, request: AnswerRequest, deadline: Deadline) {
    this.#ai = ai;
    this.#request = request;
    this.#deadline = deadline;
  }

  /** Tokens of all runs together; null until one said. */
  get usage(): Usage | null {
    return this.#usage;
  }

  async run(
    model: string,
    inputs: { messages: unknown; tools?: unknown; stream?: boolean },
  ): Promise<unknown> {
    try {
      if (inputs.tools === undefined && this.#direct !== null) return { response: this.#direct.text };
      const { signal } = this.#deadline;
      const given = { ...inputs, ...settingsOf(this.#request.settings) };
      const result = await abandoned(this.#ai.run(model, given, { signal }), signal);
      this.#deadline.touch();
      if (result instanceof ReadableStream) return result;
      const completion = completionOf(result);
      this.#add(completion.usage);
      if (inputs.tools !== undefined && completion.calls.length === 0 && completion.text.trim() !== '') {
        this.#direct = completion;
      }
      // The one shape that the library reads.
      return { response: completion.text, tool_calls: completion.calls };
    } catch (error) {
      this.failure = error;
      throw error;
    }
  }

  #add(usage: Usage | null): void {
    if (usage === null) return;
    const { promptTokens = 0, completionTokens = 0 } = this.#usage ?? {};
    this.#usage = {
      promptTokens: promptTokens + usage.promptTokens,
      completionTokens: completionTokens + usage.completionTokens,
    };
  }
}

/** Rejects as soon as the signal does: not every run hears it. */
async function abandoned<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  work.catch(() => {});
  let stop = () => {};
  const gone = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason ?? new AnswererError('answerer_failed', 'The answer was given up.'));
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
  });
  try {
    return await Promise.race([work, gone]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

function settingsOf({ temperature, topP, maxTokens, seed }: GenerationSettings) {
  return {
    ...(temperature === undefined ? {} : { temperature }),
    ...(topP === undefined ? {} : { top_p: topP }),
    // Without a number the platform stops at 256 tokens, often in the middle of a sentence.
    max_tokens: maxTokens ?? 1024,
    ...(seed === undefined ? {} : { seed }),
  };
}
