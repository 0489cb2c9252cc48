/** Calls of the documented routes, with the reader's token, and what went wrong in words for the reader. */
import type { CollectionList } from '../../../shared/protocol/api/collection.ts';
import type { ProblemDocument } from '../../../shared/protocol/api/problem.ts';

export interface Target {
  collection: string;
  /** Null: the deployment may be open; a 401 says that it is not. */
  token: string | null;
  /** Of the service, for pages that lie elsewhere; the page's own unless given. */
  origin?: string;
}

/** `token`: none was given or it is not valid. `offline`: no answer came. `refused`: anything else. */
export type TroubleKind = 'token' | 'offline' | 'refused';

export interface Trouble {
  kind: TroubleKind;
  text: string;
}

/** No route of these takes longer, unless its object is away. */
const PATIENCE_MS = 30_000;

export class CallError extends Error {
  override readonly name = 'CallError';
  readonly trouble: Trouble;

  constructor(trouble: Trouble) {
    super(trouble.text);
    this.trouble = trouble;
  }
}

/** What to show of anything that was thrown. */
export function troubleOf(error: unknown): Trouble {
  if (error instanceof CallError) return error.trouble;
  return { kind: 'refused', text: error instanceof Error ? error.message : String(error) };
}

/** @param path below the collection's prefix, with its leading slash. @throws CallError */
export async function call<T>(
  target: Target,
  method: 'GET' | 'POST',
  path: string,
  body?: unknown,
): Promise<T> {
  return await send<T>(target.token, method, prefixOf(target) + path, body);
}

/**
 * The same for an answer that comes in pieces. Nothing ends it but `signal`. @throws CallError, and what `fetch` throws
 * for a signal that was aborted.
 */
export async function open(
  target: Target,
  method: 'POST',
  path: string,
  body: unknown,
  signal: AbortSignal,
): Promise<Response> {
  const response = await request(target.token, method, prefixOf(target) + path, { body, signal });
  if (response.ok) return response;
  throw new CallError(explain(response, await response.json().catch(() => null)));
}

function prefixOf({ collection, origin = '' }: Target): string {
  const below = collection === 'default' ? '/v1' : `/v1/collections/${encodeURIComponent(collection)}`;
  return origin + below;
}

/** Names of the collections; empty for a token that may not list them. */
export async function collectionNames(token: string | null): Promise<string[]> {
  try {
    const { collections } = await send<CollectionList>(token, 'GET', '/v1/collections');
    return collections.map(({ name }) => name);
  } catch {
    return [];
  }
}

async function send<T>(token: string | null, method: string, url: string, body?: unknown): Promise<T> {
  const signal = AbortSignal.timeout(PATIENCE_MS);
  const response = await request(token, method, url, { body, signal });
  const value: unknown = await response.json().catch(() => null);
  if (response.ok) return value as T;
  throw new CallError(explain(response, value));
}

async function request(
  token: string | null,
  method: string,
  url: string,
  { body, signal }: { body: unknown; signal: AbortSignal },
): Promise<Response> {
  const headers = new Headers({ accept: 'application/json' });
  if (token !== null) headers.set('authorization', `Bearer ${token}`);
  if (body !== undefined) headers.set('content-type', 'application/json');
  const init: RequestInit = { method, headers, signal };
  if (body !== undefined) init.body = JSON.stringify(body);
  try {
    return await fetch(url, init);
  } catch {
    throw new CallError({ kind: 'offline', text: 'The service does not answer.' });
  }
}

/** A problem document in a sentence. Its detail names field, limit and value, so it is shown as it is. */
function explain(response: Response, value: unknown): Trouble {
  const problem = (value ?? {}) as Partial<ProblemDocument>;
  const detail = problem.detail ?? `The service answered with status ${response.status}.`;
  if (response.status === 401) return { kind: 'token', text: detail };
  if (response.status === 429) {
    const seconds = response.headers.get('retry-after');
    return { kind: 'refused', text: `${detail}${seconds === null ? '' : ` Try again in ${seconds} s.`}` };
  }
  const hint = response.status === 500 && problem.request_id ? ` (request ${problem.request_id})` : '';
  return { kind: 'refused', text: detail + hint };
}
