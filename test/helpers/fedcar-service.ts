/** One `fedcar dev` for the tests of a file, and the command as it talks to it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect } from 'vitest';
import { type Ran, fedcar as run } from './fedcar.ts';

export interface Service {
  /** Where the command runs. */
  readonly folder: string;
  fedcar(line: string | string[]): Promise<Ran>;
  /** Runs the command and expects it to end well. */
  ok(line: string | string[]): Promise<Ran>;
}

/** Started before the file's tests, and ended after them. */
export function fedcarService(): Service {
  let folder = '';
  let url = '';
  /** `fedcar dev` itself is what the others talk to. */
  let service: Promise<Ran>;
  let end: () => void;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'fedcar-command-'));
    const interrupted = new Promise<void>((resolve) => {
      end = resolve;
    });
    url = await new Promise<string>((resolve, reject) => {
      const onOutput = (text: string) => resolve((JSON.parse(text) as { url: string }).url);
      service = run('dev --port 0 --json', { cwd: folder, interrupted, onOutput });
      service.then(({ err }) => reject(new Error(err)), reject);
    });
  }, 120_000);
  afterAll(async () => {
    end();
    expect((await service).code).toBe(0);
    rmSync(folder, { recursive: true, force: true });
  });
  const fedcar = (line: string | string[]) => run(line, { cwd: folder, env: { FEDCAR_URL: url } });
  return {
    get folder() {
      return folder;
    },
    fedcar,
    async ok(line) {
      const ran = await fedcar(line);
      expect(ran.code, ran.err).toBe(0);
      return ran;
    },
  };
}
