/** The `fedcar` command as a test runs it: in this process, with streams that are kept. */
import { Readable } from 'node:stream';
import { main } from '../../cli/fedcar/main.ts';

export interface Ran {
  code: number;
  out: string;
  err: string;
  /** Standard output as one JSON document. */
  json<T = Record<string, unknown>>(): T;
}

export interface Surroundings {
  cwd: string;
  env?: Record<string, string | undefined>;
  interrupted?: Promise<void>;
  /** Hears standard output while the command runs. */
  onOutput?(text: string): void;
}

/** Runs `fedcar` with the arguments of `line`, divided at spaces. */
export async function fedcar(line: string | string[], around: Surroundings): Promise<Ran> {
  const out: string[] = [];
  const err: string[] = [];
  const code = await main(typeof line === 'string' ? line.split(' ') : line, {
    env: around.env ?? {},
    cwd: around.cwd,
    stdin: Readable.from([]),
    stdout: {
      write(text) {
        out.push(text);
        around.onOutput?.(text);
      },
    },
    stderr: { write: (text) => err.push(text) },
    now: () => Date.now(),
    interrupted: () => around.interrupted ?? new Promise(() => {}),
  });
  const all = out.join('');
  return { code, out: all, err: err.join(''), json: () => JSON.parse(all) };
}
