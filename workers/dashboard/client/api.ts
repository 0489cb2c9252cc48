/** Calls of the service by `fedcar/client`, with the reader's token, and what went wrong in words for the reader. */
import { ApiError, Client } from '../../../client/client.ts';
import { Transport } from '../../../client/transport.ts';

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
  /** Of the answer; null where there was none. */
  status: number | null;
}

export type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';

/** No other route takes longer, unless its object is away. */
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
  if (error instanceof ApiError) return explain(error);
  if (error instanceof DOMException && error.name === 'TimeoutError') return OFFLINE;
  return { kind: 'refused', text: error instanceof Error ? error.message : String(error), status: null };
}

/** A reader who waits is told at once, and tries again: nothing is repeated on its own. */
const optionsOf = (token: string | null) => ({ token: token ?? undefined, retries: 0 });

export function clientOf({ collection, token, origin = '' }: Target): Client {
  const named = collection === 'default' ? undefined : collection;
  return new Client(origin, { ...optionsOf(token), collection: named });
}

/** @param path below the collection's prefix, with its leading slash. @throws CallError */
export async function call<T>(
  target: Target,
  method: Method,
  path: string,
  body?: unknown,
  patienceMs?: number,
): Promise<T> {
  return await send<T>(target, method, clientOf(target).path + path, body, patienceMs);
}

/** A route of the whole deployment. @param path with its leading slash, below /v1. @throws CallError */
export async function callDeployment<T>(
  target: Target,
  method: Method,
  path: string,
  body?: unknown,
): Promise<T> {
  return await send<T>(target, method, `/v1${path}`, body);
}

async function send<T>(
  target: Target,
  method: Method,
  path: string,
  body: unknown,
  patienceMs = PATIENCE_MS,
): Promise<T> {
  const transport = new Transport(target.origin ?? '', optionsOf(target.token));
  const signal = AbortSignal.timeout(patienceMs);
  try {
    return await transport.json<T>(path, { method, body, signal });
  } catch (error) {
    throw new CallError(troubleOf(error));
  }
}

/** Names of the collections; empty for a token that may not list them. */
export async function collectionNames(token: string | null): Promise<string[]> {
  try {
    const { collections } = await new Client('', optionsOf(token)).call('GET /collections');
    return collections.map(({ name }) => name);
  } catch {
    return [];
  }
}

const OFFLINE: Trouble = { kind: 'offline', text: 'The service does not answer.', status: null };

/** A problem document in a sentence. Its detail names field, limit and value, so it is shown as it is. */
function explain({ status, message, requestId, retryAfter }: ApiError): Trouble {
  if (status === 0) return OFFLINE;
  if (status === 401) return { kind: 'token', text: message, status };
  if (status === 429) {
    const again = retryAfter === null ? '' : ` Try again in ${retryAfter} s.`;
    return { kind: 'refused', text: message + again, status };
  }
  const hint = status === 500 && requestId !== null ? ` (request ${requestId})` : '';
  return { kind: 'refused', text: message + hint, status };
}
