/** The HTTP API as the command line uses it: JSON in, JSON out, problem documents as errors. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ProblemDocument } from '../shared/protocol/api/problem.ts';

/** What a problem document said. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly status: number;
  readonly code: string;
  /** Names the request in the Worker's log; null when the answer did not come from it. */
  readonly requestId: string | null;

  constructor(status: number, code: string, detail: string, requestId: string | null = null) {
    super(detail);
    this.status = status;
    this.code = code;
    this.requestId = requestId;
  }
}

/** Tries after the first when a connection breaks or the service says that it is not available. */
const RETRIES = 4;
/** A longer wait is the caller's to decide. */
const LONGEST_WAIT_S = 60;

export interface ClientOptions {
  /** Bearer token. */
  token?: string | undefined;
}

/** What goes over the wire. */
interface Sent {
  method: string;
  body?: BodyInit | undefined;
  headers?: Record<string, string>;
  /** False for what makes something new each time it is asked for. */
  repeatable?: boolean;
}

export class Client {
  readonly url: string;
  readonly #prefix: string;
  readonly #root: string;
  readonly #token: string | undefined;

  /** @param collection null: the bare paths, which mean `default`. */
  constructor(url: string, collection: string | null = null, { token }: ClientOptions = {}) {
    this.url = url;
    this.#root = `${url}/v1`;
    this.#prefix = collection === null ? this.#root : `${this.#root}/collections/${collection}`;
    this.#token = token;
  }

  get<T>(path: string): Promise<T> {
    return this.#json('GET', this.#prefix + path);
  }

  post<T>(path: string, body?: unknown): Promise<T> {
    return this.#json('POST', this.#prefix + path, body);
  }

  put<T>(path: string, body: unknown): Promise<T> {
    return this.#json('PUT', this.#prefix + path, body);
  }

  patch<T>(path: string, body: unknown): Promise<T> {
    return this.#json('PATCH', this.#prefix + path, body);
  }

  delete<T>(path: string): Promise<T> {
    return this.#json('DELETE', this.#prefix + path);
  }

  /** A path outside the collection, such as /collections. */
  root<T>(method: string, path: string, body?: unknown): Promise<T> {
    return this.#json(method, this.#root + path, body);
  }

  /** As `root`, for what makes something new each time: it is sent once, whatever becomes of the answer. */
  once<T>(method: string, path: string, body?: unknown): Promise<T> {
    return this.#json(method, this.#root + path, body, false);
  }

  /** The whole answer, of any path under the service, for whoever needs its bytes or headers. */
  async response(method: string, path: string, body?: Uint8Array<ArrayBuffer>): Promise<Response> {
    const type = 'application/octet-stream';
    const sent = body === undefined ? { method } : { method, body, headers: { 'content-type': type } };
    return await this.#send(`${this.url}${path}`, sent);
  }

  /** Path of the collection as `response` takes it. */
  get path(): string {
    return this.#prefix.slice(this.url.length);
  }

  async #json<T>(method: string, url: string, body?: unknown, repeatable = true): Promise<T> {
    const sent: Sent = { method, repeatable };
    if (body !== undefined) {
      sent.body = JSON.stringify(body);
      sent.headers = { 'content-type': 'application/json' };
    }
    const response = await this.#send(url, sent);
    const text = await response.text();
    return (isJson(response) && text !== '' ? JSON.parse(text) : null) as T;
  }

  async #send(url: string, { method, body, headers = {}, repeatable = true }: Sent): Promise<Response> {
    const all = new Headers(headers);
    if (this.#token !== undefined) all.set('authorization', `Bearer ${this.#token}`);
    const init: RequestInit = { method, headers: all };
    if (body !== undefined) init.body = body;
    for (let attempt = 0; ; attempt++) {
      let wait: number | null = 100 * 2 ** attempt;
      try {
        const response = await fetch(url, init);
        if (response.ok) return response;
        wait = waitOf(response, wait);
        throw await problemOf(response);
      } catch (error) {
        if (attempt === RETRIES || wait === null || !mayPass(error, repeatable)) throw named(error, this.url);
        await sleep(wait);
      }
    }
  }
}

/** Whether another try may end better, and does no harm. */
function mayPass(error: unknown, repeatable: boolean): boolean {
  // Too many requests were refused before anything was done; else it may have been done, and the answer lost.
  if (error instanceof ApiError) {
    return error.status === 429 || (repeatable && error.code !== 'secret_missing');
  }
  // A kept-alive connection may close under a request.
  return error instanceof TypeError && repeatable;
}

/** A failure of the network says which service it was. */
function named(error: unknown, url: string): unknown {
  if (!(error instanceof TypeError) || error.message !== 'fetch failed') return error;
  const { code = 'no answer' } = (error.cause ?? {}) as { code?: string };
  return new ApiError(0, 'unreachable', `${url} cannot be reached (${code})`);
}

/** Milliseconds after which the request may be tried again; null: never. */
function waitOf(response: Response, otherwise: number): number | null {
  if (response.status !== 503 && response.status !== 429) return null;
  const seconds = Number(response.headers.get('retry-after') ?? Number.NaN);
  if (Number.isNaN(seconds)) return otherwise;
  return seconds > LONGEST_WAIT_S ? null : Math.max(otherwise, seconds * 1000);
}

async function problemOf(response: Response): Promise<ApiError> {
  const text = await response.text();
  const value = isJson(response) && text !== '' ? JSON.parse(text) : {};
  const { code, detail, request_id } = value as Partial<ProblemDocument>;
  const said = detail ?? (text.slice(0, 300) || `the answer was ${response.status}`);
  return new ApiError(response.status, code ?? 'unknown', said, request_id ?? null);
}

function isJson(response: Response): boolean {
  return /^application\/([\w.-]+\+)?json/.test(response.headers.get('content-type') ?? '');
}
