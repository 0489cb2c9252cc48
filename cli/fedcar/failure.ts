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

function hint({ status, code }: ApiError): string {
  if (status === 401) return '; give a token with --token or FEDCAR_TOKEN';
  return code === 'unreachable' ? '; start it with fedcar dev, or name another with --url' : '';
}
