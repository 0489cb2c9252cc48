/** Calls of the service by `fedcar/client`, with the reader's token, and what went wrong in words for the reader. */
import { ApiError, Client } from '../../../client/client.ts';

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

/** Nothing takes longer, unless its object is away; a first upload and a written answer have more. */
const PATIENCE_MS = 30_000;

/** What to show of anything that was thrown. */
export function troubleOf(error: unknown): Trouble {
  if (error instanceof ApiError) return explain(error);
  if (error instanceof DOMException && error.name === 'TimeoutError') return OFFLINE;
  return { kind: 'refused', text: error instanceof Error ? error.message : String(error), status: null };
}

/** A reader who waits is told at once, and tries again: nothing is repeated on its own. */
const optionsOf = (token: string | null) => ({ token: token ?? undefined, retries: 0 });

/** @param patienceMs after which a call ends with a TimeoutError; null: as long as it takes */
export function clientOf(
  { collection, token, origin = '' }: Target,
  patienceMs: number | null = PATIENCE_MS,
): Client {
  const named = collection === 'default' ? undefined : collection;
  const patient = patienceMs === null ? {} : { fetch: endingAfter(patienceMs) };
  return new Client(origin, { ...optionsOf(token), ...patient, collection: named });
}

function endingAfter(patienceMs: number): typeof fetch {
  return (input, init) => {
    const late = AbortSignal.timeout(patienceMs);
    const signal = init?.signal == null ? late : AbortSignal.any([late, init.signal]);
    return fetch(input, { ...init, signal });
  };
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
