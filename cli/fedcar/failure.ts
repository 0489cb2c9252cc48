/** How a command ends that does not succeed: 1 when the work failed, 2 when the command line was wrong. */
import { ApiError } from '../../client/client.ts';
import { SettingsError } from '../settings-flags.ts';

/** A command line that can not be carried out as it stands. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** Work that could not be done; the message is all that the user needs. */
export class Failure extends Error {
  override readonly name = 'Failure';
}

export interface Described {
  exit: 1 | 2;
  code: string;
  detail: string;
  status?: number;
  request_id?: string;
}

/** Errors whose message is meant for the user; all others are bugs and show where they come from. */
const PLAIN = new Set(['Failure', 'DatasetError', 'StartError', 'RangeError', 'ProtocolError']);

export function describeFailure(error: unknown): Described {
  if (error instanceof ApiError) {
    const { status, code, requestId } = error;
    const more = {
      ...(status === 0 ? {} : { status }),
      ...(requestId === null ? {} : { request_id: requestId }),
    };
    return { exit: 1, code, detail: error.message + hint(error), ...more };
  }
  const { name, message, stack } = (error ?? {}) as Error;
  if (name === 'UsageError' || error instanceof SettingsError)
    return { exit: 2, code: 'usage', detail: message };
  const file = (error as NodeJS.ErrnoException | null)?.code;
  if (PLAIN.has(name) || file === 'ENOENT' || file === 'EACCES' || file === 'EISDIR' || file === 'EEXIST')
    return { exit: 1, code: 'failed', detail: message };
  return { exit: 1, code: 'bug', detail: stack ?? String(error) };
}

/** What to do next, by the service's code. */
const NEXT: Readonly<Record<string, string>> = {
  unreachable: 'start it with fedcar dev, or name another with --url',
  unauthorized: 'give a token with --token or FEDCAR_TOKEN',
  forbidden: 'fedcar tokens create makes a token with the scopes that are missing',
  unknown_collection: 'fedcar collections list shows those that there are, and -c names one',
  unknown_version: 'fedcar model list shows those that there are',
  unknown_run: 'fedcar train list shows those that there are',
  unknown_region: 'fedcar collections show names the regions',
  unknown_token: 'fedcar tokens list shows those that there are',
  unknown_participant: 'fedcar participants list shows those that there are',
  run_in_progress: 'fedcar train watch follows it, fedcar train cancel ends it',
  budget_spent: 'fedcar train status says when there is room again',
  no_documents: 'fedcar ingest adds documents',
  too_many_requests: 'wait a little and repeat it: what was done counts',
};

function hint({ code }: ApiError): string {
  const next = NEXT[code];
  return next === undefined ? '' : `; ${next}`;
}
