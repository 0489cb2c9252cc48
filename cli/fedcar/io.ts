/** What the command touches of the process around it: streams, environment, folder, clock. */
import type { Readable } from 'node:stream';
import type { Output } from '../progress.ts';
import { interrupted } from '../signals.ts';
import { surviveBrokenStreams } from '../standard-streams.ts';

export interface Io {
  env: Record<string, string | undefined>;
  /** The folder that paths are relative to. */
  cwd: string;
  stdin: Readable & { isTTY?: boolean };
  stdout: Output;
  stderr: Output;
  now(): number;
  /** Resolves when the user asks the process to end. */
  interrupted(): Promise<void>;
}

export function processIo(): Io {
  surviveBrokenStreams();
  return {
    env: process.env,
    cwd: process.cwd(),
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    now: () => Date.now(),
    interrupted,
  };
}
