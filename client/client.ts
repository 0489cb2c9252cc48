/**
 * `fedcar/client`: the HTTP API with its types, for browsers, Workers and Node. Operations are called by their names in
 * the API's description (`POST /search`), from which their types are made (api.ts), so that a route that is not there, a
 * misspelt field or a missing parameter does not compile.
 */
import { readEvents } from '../shared/sse.ts';
import {
  type ChatCompletionChunk,
  type ItemReceipt,
  type ItemReceipts,
  type ItemsUpload,
  type ItemUpload,
  type ModelVersion,
  type Operations,
  OUTSIDE,
} from './api.ts';
import { ApiError, Transport, type TransportOptions } from './transport.ts';

export type * from './api.ts';
export { ApiError } from './transport.ts';

/** Such as `GET /items/{key}`: below the collection, or below /v1 for what belongs to no collection. */
export type Route = keyof Operations;
export type Answer<R extends Route> = Operations[R]['answer'];
/** What an operation takes: `params` of its path, `query`, `body`, as far as it has them. */
export type Request<R extends Route> = Omit<Operations[R], 'answer'> & { signal?: AbortSignal };
/** Nothing has to be given where everything may be left out. */
type Given<R extends Route> =
  Record<never, never> extends Request<R> ? [request?: Request<R>] : [request: Request<R>];

/** Where what is asked for says which of two answers comes. */
type OneVersion = { params: { version: number }; signal?: AbortSignal };
type Upload<B> = Request<'POST /items'> & { body: B };

export interface ClientOptions extends TransportOptions {
  /** `default` unless given. */
  collection?: string | undefined;
}

/** What makes something new each time it is asked for is sent once, whatever becomes of the answer. */
const ONCE: ReadonlySet<Route> = new Set<Route>(['POST /tokens', 'POST /participants/invitations']);
/** An answer with its passages is far below it. */
const MAX_STREAM_BYTES = 8_000_000;

interface Parts {
  params?: Record<string, string | number>;
  query?: Record<string, unknown>;
  body?: unknown;
  signal?: AbortSignal;
}

export class Client {
  readonly url: string;
  readonly #collection: string | undefined;
  readonly #transport: Transport;

  /** @param url of the service, such as https://search.example.workers.dev; empty: the page's own */
  constructor(url: string, { collection, ...options }: ClientOptions = {}) {
    this.#transport = new Transport(url, options);
    this.url = this.#transport.url;
    this.#collection = collection;
  }

  /** Calls an operation. @throws ApiError with what the service's problem document says */
  call(route: 'GET /models/{version}', request: OneVersion): Promise<ModelVersion>;
  call(route: 'POST /items', request: Upload<ItemUpload>): Promise<ItemReceipt>;
  call(route: 'POST /items', request: Upload<ItemsUpload>): Promise<ItemReceipts>;
  call<R extends Route>(route: R, ...request: Given<R>): Promise<Answer<R>>;
  async call<R extends Route>(route: R, ...[request]: Given<R>): Promise<Answer<R>> {
    const parts = (request ?? {}) as Parts;
    const { body, signal } = parts;
    const sent = { method: methodOf(route), body, signal, repeatable: !ONCE.has(route) };
    return await this.#transport.json<Answer<R>>(this.#pathOf(route, parts), sent);
  }

  /**
   * The answer to a question as it is written: pieces with `choices[0].delta.content`, the first with the passages that
   * were found (`chunks`), the last with `citations`. Leaving the loop early ends the writing.
   * @throws ApiError, also when the answer breaks off
   */
  async *stream(
    body: Operations['POST /chat/completions']['body'],
    { signal }: { signal?: AbortSignal } = {},
  ): AsyncGenerator<ChatCompletionChunk, void> {
    const sent = { method: 'POST', body: { ...body, stream: true }, signal };
    const response = await this.#transport.send(this.#pathOf('POST /chat/completions'), sent);
    if (response.body === null) throw brokeOff();
    for await (const { event, data } of readEvents(response.body, MAX_STREAM_BYTES)) {
      if (data === '[DONE]') return;
      const part: unknown = JSON.parse(data);
      if (event === 'error') throw brokeOff((part as LateError).error);
      yield part as ChatCompletionChunk;
    }
    throw brokeOff();
  }

  /** The whole answer of any path below the service, for its bytes or headers. A body of bytes goes as it is. */
  async response(method: string, path: string, body?: Uint8Array): Promise<Response> {
    return await this.#transport.send(path, { method, body });
  }

  /** Of the collection, below the service, as `response` takes it. */
  get path(): string {
    return this.#collection === undefined ? '/v1' : `/v1/collections/${encodeURIComponent(this.#collection)}`;
  }

  #pathOf(route: Route, { params = {}, query = {} }: Pick<Parts, 'params' | 'query'> = {}): string {
    const template = route.slice(route.indexOf(' ') + 1);
    const filled = template.replace(/\{(\w+)\}/g, (_, name: string) => {
      const value = params[name];
      if (value === undefined) throw new TypeError(`${route}: params.${name} is missing`);
      return encodeURIComponent(value);
    });
    const asked = new URLSearchParams();
    for (const [name, value] of Object.entries(query)) if (value != null) asked.set(name, String(value));
    const outside = (OUTSIDE as readonly string[]).includes(template.split('/')[1]!);
    return `${outside ? '/v1' : this.path}${filled}${asked.size > 0 ? `?${asked}` : ''}`;
  }
}

interface LateError {
  error?: { message?: string; code?: string | null };
}

function brokeOff({ message, code }: NonNullable<LateError['error']> = {}): ApiError {
  return new ApiError(200, code ?? 'broke_off', message ?? 'the answer ended before it was complete');
}

const methodOf = (route: Route): string => route.slice(0, route.indexOf(' '));
