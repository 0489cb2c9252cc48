/** `fedcar dev` as a process. */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { PROJECT } from '../../../../cli/worker-bundle.ts';

let state: string;
beforeAll(() => {
  state = mkdtempSync(join(tmpdir(), 'fedcar-dev-'));
});
afterAll(() => rmSync(state, { recursive: true, force: true }));

it('serves the API and the pages, and puts everything away when it is asked to end', {
  timeout: 180_000,
}, async () => {
  const args = [join(PROJECT, 'cli', 'fedcar.mjs'), 'dev', '--port', '0', '--state', state, '--json'];
  const child = spawn(process.execPath, args);
  let said = '';
  child.stderr.on('data', (chunk) => (said += String(chunk)));
  const ended = new Promise((resolve) =>
    child.once('exit', (code, signal) => resolve({ code, signal, said })),
  );
  const line = await Promise.race([
    new Promise<string>((resolve) => child.stdout.once('data', (chunk) => resolve(String(chunk)))),
    ended.then(() => '{}'),
  ]);
  const { url } = JSON.parse(line) as { url: string };
  const dashboard = await fetch(`${url}/dashboard`);
  expect(dashboard.status).toBe(200);
  expect(await dashboard.text()).toContain('<html');
  child.kill('SIGTERM');
  expect(await ended).toEqual({ code: 0, signal: null, said: '' });
  // The lock of the state folder.
  expect(existsSync(join(state, 'running.pid'))).toBe(false);
});
