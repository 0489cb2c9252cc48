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
  if (error instanceof ApiError) return explain(error);
  if (error instanceof DOMException && error.name === 'TimeoutError') return OFFLINE;
  return { kind: 'refused', text: error instanceof Error ? error.message : String(error) };
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
  method: 'GET' | 'POST',
  path: string,
  body?: unknown,
): Promise<T> {
  const transport = new Transport(target.origin ?? '', optionsOf(target.token));
  const signal = AbortSignal.timeout(PATIENCE_MS);
  try {
    return await transport.json<T>(clientOf(target).path + path, { method, body, signal });
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

const OFFLINE: Trouble = { kind: 'offline', text: 'The service does not answer.' };

/** A problem document in a sentence. Its detail names field, limit and value, so it is shown as it is. */
function explain({ status, message, requestId, retryAfter }: ApiError): Trouble {
  if (status === 0) return OFFLINE;
  if (status === 401) return { kind: 'token', text: message };
  if (status === 429) {
    const again = retryAfter === null ? '' : ` Try again in ${retryAfter} s.`;
    return { kind: 'refused', text: message + again };
  }
  const hint = status === 500 && requestId !== null ? ` (request ${requestId})` : '';
  return { kind: 'refused', text: message + hint };
}
