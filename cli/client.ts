/** The HTTP API as the command line uses it: JSON in, JSON out, problem documents as errors. */

/** What a problem document said. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, detail: string) {
    super(detail);
    this.status = status;
    this.code = code;
  }
}

/** Tries after the first when a connection breaks or the service says that it is not available. */
const RETRIES = 4;

export class Client {
  readonly #prefix: string;
  readonly #root: string;

  /** @param collection null: the bare paths, which mean `default`. */
  constructor(url: string, collection: string | null = null) {
    this.#root = `${url}/v1`;
    this.#prefix = collection === null ? this.#root : `${this.#root}/collections/${collection}`;
  }

  get<T>(path: string): Promise<T> {
    return this.#send('GET', this.#prefix + path);
  }

  post<T>(path: string, body?: unknown): Promise<T> {
    return this.#send('POST', this.#prefix + path, body);
  }

  /** A path outside the collection, such as /collections. */
  root<T>(method: string, path: string, body?: unknown): Promise<T> {
    return this.#send(method, this.#root + path, body);
  }

  async #send<T>(method: string, url: string, body?: unknown): Promise<T> {
    const init: RequestInit = { method };
    if (body !== undefined) {
      init.body = JSON.stringify(body);
      init.headers = { 'content-type': 'application/json' };
    }
    for (let attempt = 0; ; attempt++) {
      try {
        return await answer<T>(await fetch(url, init));
      } catch (error) {
        // Everything that is sent may be repeated: a kept-alive connection may close under a request.
        const broken = error instanceof TypeError || (error instanceof ApiError && error.status === 503);
        if (!broken || attempt === RETRIES) throw error;
        await new Promise((resolve) => setTimeout(resolve, 100 * 2 ** attempt));
      }
    }
  }
}

async function answer<T>(response: Response): Promise<T> {
  const text = await response.text();
  const isJson = /^application\/([\w.-]+\+)?json/.test(response.headers.get('content-type') ?? '');
  const value = isJson && text !== '' ? JSON.parse(text) : null;
  if (response.ok) return value as T;
  const problem = (value ?? {}) as { code?: string; detail?: string };
  throw new ApiError(response.status, problem.code ?? 'unknown', problem.detail ?? text.slice(0, 300));
}
