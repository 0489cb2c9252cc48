/**
 * Answers from an endpoint that speaks OpenAI's chat completions: any base URL that the operator sets. The URL is
 * configuration, never taken from a request; redirects are not followed, so that the key goes nowhere else.
 */
import { type Answer, type AnswerEnd, type Answerer, AnswererError, type AnswerRequest } from './answerer.ts';
import { completionOf } from './completion-shapes.ts';
import { Deadline, type DeadlineLimits } from './deadline.ts';
import { promptOf } from './prompt.ts';
import { begun, streamedText } from './streamed-text.ts';

/** Characters of a completion that comes in one piece. */
const MAX_CHARACTERS = 1 << 20;

export interface OpenAiOptions {
  /** Base URL, `https://…/v1`: `/chat/completions` is added. */
  url: string;
  model: string;
  /** Sent as bearer token when there is one. */
  key: string | undefined;
  limits?: DeadlineLimits;
}

export class OpenAiAnswerer implements Answerer {
  readonly model: string;
  readonly #options: OpenAiOptions;
  readonly #url: string;

  /** @throws TypeError unless the URL is one of http or https, without a user name or a query. */
  constructor(options: OpenAiOptions) {
    this.model = options.model;
    this.#options = options;
    this.#url = `${baseUrl(options.url)}/chat/completions`;
  }

  unsupported(): [] {
    return [];
  }

  async answer(request: AnswerRequest): Promise<Answer> {
    const { messages, shown } = promptOf(request.turns, request.passages);
    const deadline = new Deadline(request.signal, this.#options.limits);
    try {
      const response = await this.#post({ messages, ...settingsOf(request) }, deadline.signal);
      deadline.touch();
      const events = response.headers.get('content-type')?.startsWith('text/event-stream') === true;
      const text = events ? streamedText(bodyOf(response), deadline) : wholeText(response, deadline);
      return { passages: request.passages.slice(0, shown), cited: null, text: await begun(text) };
    } catch (error) {
      deadline.end();
      throw deadline.explain(error);
    }
  }

  async #post(body: object, signal: AbortSignal): Promise<Response> {
    const { key, model } = this.#options;
    const response = await fetch(this.#url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
      },
      body: JSON.stringify({ model, ...body }),
      redirect: 'manual',
      signal,
    });
    if (response.ok) return response;
    await response.body?.cancel();
    throw new AnswererError('answerer_failed', `The answering model answered ${response.status}.`);
  }
}

function baseUrl(text: string): string {
  try {
    const url = new URL(text);
    const bare = url.username === '' && url.search === '' && url.hash === '';
    if (bare && /^https?:$/.test(url.protocol)) return url.href.replace(/\/+$/, '');
  } catch {
    // Not a URL at all: said below.
  }
  throw new TypeError('FEDCAR_ANSWER_URL: has to be a base URL like https://host/v1');
}

function settingsOf({ settings, stream }: AnswerRequest) {
  const { temperature, topP, maxTokens, seed, stop } = settings;
  return {
    ...(temperature === undefined ? {} : { temperature }),
    ...(topP === undefined ? {} : { top_p: topP }),
    // The older name is the one that all servers know.
    ...(maxTokens === undefined ? {} : { max_tokens: maxTokens }),
    ...(seed === undefined ? {} : { seed }),
    ...(stop === undefined ? {} : { stop }),
    ...(stream ? { stream: true, stream_options: { include_usage: true } } : {}),
  };
}

function bodyOf(response: Response): ReadableStream<Uint8Array> {
  if (response.body === null) throw new TypeError('the response has no body');
  return response.body;
}

async function* wholeText(response: Response, deadline: Deadline): AsyncGenerator<string, AnswerEnd> {
  try {
    const decoder = new TextDecoder();
    let json = '';
    for await (const chunk of bodyOf(response)) {
      deadline.touch();
      json += decoder.decode(chunk, { stream: true });
      if (json.length > MAX_CHARACTERS) throw new RangeError(`completion: over ${MAX_CHARACTERS} characters`);
    }
    const { text, finish, usage } = completionOf(JSON.parse(json));
    if (text !== '') yield text;
    return { finish: finish ?? 'stop', usage };
  } catch (error) {
    throw deadline.explain(error);
  } finally {
    deadline.end();
  }
}
