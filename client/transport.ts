/**
 * Requests to a fedcar service: JSON in, JSON out, problem documents (RFC 9457) as errors, another try where that may
 * end better and does no harm. Uses nothing but `fetch`, so it runs in browsers, Workers and Node.
 */

/** What a problem document said; `unreachable` with status 0 where no answer came. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly status: number;
  /** Stable, for programs. */
  readonly code: string;
  /** Names the request in the Worker's log; null when the answer did not come from it. */
  readonly requestId: string | null;
  /** Seconds after which the service takes the request again, where it said so. */
  readonly retryAfter: number | null;

  constructor(
    status: number,
    code: string,
    detail: string,
    more: { requestId?: string | null; retryAfter?: number | null } = {},
  ) {
    super(detail);
    this.status = status;
    this.code = code;
    this.requestId = more.requestId ?? null;
    this.retryAfter = more.retryAfter ?? null;
  }
}

export interface TransportOptions {
  /** Bearer token. */
  token?: string | undefined;
  /** Tries after the first when a connection breaks or the service says that it is not available. */
  retries?: number;
  /** Instead of the global one: for tests, or a service binding of a Worker. */
  fetch?: typeof fetch;
}

/** What goes over the wire. */
export interface Sent {
  method: string;
  /** JSON, unless it is bytes already. */
  body?: unknown;
  signal?: AbortSignal | undefined;
  /** False for what makes something new each time it is asked for. */
  repeatable?: boolean;
}

const RETRIES = 4;
/** A longer wait is the caller's to decide. */
const LONGEST_WAIT_S = 60;

export class Transport {
  /** Of the service, without a slash at the end. */
  readonly url: string;
  readonly #token: string | undefined;
  readonly #retries: number;
  readonly #fetch: typeof fetch;

  constructor(url: string, { token, retries = RETRIES, fetch: other }: TransportOptions = {}) {
    this.url = url.replace(/\/+$/, '');
    this.#token = token;
    this.#retries = retries;
    // Browsers' own must not be called as a method.
    this.#fetch = other ?? ((input, init) => fetch(input, init));
  }

  /** @param path below the service, with its leading slash. Null where the answer is no JSON. @throws ApiError */
  async json<T>(path: string, sent: Sent): Promise<T> {
    const response = await this.send(path, sent);
    const text = await response.text();
    return (isJson(response) && text !== '' ? JSON.parse(text) : null) as T;
  }

  /** The answer as it comes, when it is a success. @throws ApiError; what `signal` was aborted with */
  async send(path: string, { method, body, signal, repeatable = true }: Sent): Promise<Response> {
    const headers = new Headers();
    if (this.#token !== undefined) headers.set('authorization', `Bearer ${this.#token}`);
    const init: RequestInit = { method, headers };
    if (signal !== undefined) init.signal = signal;
    if (body instanceof Uint8Array) {
      headers.set('content-type', 'application/octet-stream');
      init.body = body as Uint8Array<ArrayBuffer>;
    } else if (body !== undefined) {
      headers.set('content-type', 'application/json');
      init.body = JSON.stringify(body);
    }
    for (let attempt = 0; ; attempt++) {
      try {
        const response = await this.#fetch(this.url + path, init);
        if (response.ok) return response;
        throw await problemOf(response);
      } catch (error) {
        signal?.throwIfAborted();
        const wait = waitOf(error, 100 * 2 ** attempt);
        if (attempt === this.#retries || wait === null || !mayPass(error, repeatable))
          throw named(error, this.url);
        await pause(wait, signal);
      }
    }
  }
}

/** Whether another try may end better, and does no harm. */
function mayPass(error: unknown, repeatable: boolean): boolean {
  // Too many requests were refused before anything was done; else it may have been done, and the answer lost.
  if (error instanceof ApiError)
    return error.status === 429 || (repeatable && error.code !== 'secret_missing');
  // A kept-alive connection may close under a request.
  return error instanceof TypeError && repeatable;
}

/** A failure of the network says which service it was. */
function named(error: unknown, url: string): unknown {
  if (!(error instanceof TypeError)) return error;
  const { code = 'no answer' } = (error.cause ?? {}) as { code?: string };
  return new ApiError(0, 'unreachable', `${url || 'the service'} cannot be reached (${code})`);
}

/** Milliseconds after which the request may be tried again; null: never. */
function waitOf(error: unknown, otherwise: number): number | null {
  if (!(error instanceof ApiError)) return otherwise;
  if (error.status !== 503 && error.status !== 429) return null;
  if (error.retryAfter === null) return otherwise;
  return error.retryAfter > LONGEST_WAIT_S ? null : Math.max(otherwise, error.retryAfter * 1000);
}

async function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, ms);
    const stop = () => {
      clearTimeout(timer);
      resolve();
    };
    signal?.addEventListener('abort', stop, { once: true });
  });
  signal?.throwIfAborted();
}

async function problemOf(response: Response): Promise<ApiError> {
  const text = await response.text();
  const { code, detail, request_id } = isJson(response) ? fieldsOf(text) : {};
  const said = detail ?? (text.slice(0, 300) || `the answer was ${response.status}`);
  const seconds = Number(response.headers.get('retry-after') ?? Number.NaN);
  const retryAfter = Number.isNaN(seconds) ? null : seconds;
  return new ApiError(response.status, code ?? 'unknown', said, {
    requestId: request_id ?? null,
    retryAfter,
  });
}

/** What a proxy on the way sends may be called JSON and be none. */
function fieldsOf(text: string): { code?: string; detail?: string; request_id?: string } {
  try {
    return JSON.parse(text) ?? {};
  } catch {
    return {};
  }
}

function isJson(response: Response): boolean {
  return /^application\/([\w.-]+\+)?json/.test(response.headers.get('content-type') ?? '');
}
