/** The real Worker in workerd, as `npm start` runs it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Deployment, startDeployment } from '../../../cli/deployment.ts';
import { PROJECT } from '../../../cli/worker-bundle.ts';
import { workerdProcesses } from '../../../cli/workerd-processes.ts';
import { Client } from '../../../client/client.ts';
import { startService } from '../../helpers/service.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'fedcar-deployment-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('takes documents', async () => {
  // As `npm start` does, with a bundle of its own.
  const deployment = await startDeployment({ folder });
  try {
    const client = new Client(deployment.url);
    await client.call('POST /items', {
      body: { key: 'late', title: 'Delays', text: 'When a parcel is late.' },
    });
    await client.call('POST /items', { body: { key: 'zoo', title: 'Zoo', text: 'What giraffes eat.' } });
  } finally {
    await deployment.stop();
  }
});

const itWithProc = it.runIf(existsSync('/proc/self/stat'));

describe('started again', () => {
  const said: string[] = [];
  let deployment: Deployment;
  let client: Client;
  beforeAll(async () => {
    deployment = await startService({ folder, say: (line) => said.push(line) });
    client = new Client(deployment.url);
  });
  afterAll(() => deployment?.stop());

  it('has its state, and runs the cron handler', async () => {
    const { chunks } = await client.call('POST /search', { body: { query: 'my parcel is late' } });
    expect(chunks.map(({ item }) => item.key)).toEqual(['late', 'zoo']);
    const planned = async () => (await client.call('GET /rounds')).schedule.next_at!;
    await deployment.tick();
    // Documents are there since the tick: the first run is planned from then on, and its date stays.
    const nextAt = await planned();
    expect(nextAt).toBeGreaterThan(Date.now());
    await vi.waitUntil(() => nextAt < Date.now() + 24 * 3_600_000 - 20, { timeout: 30_000 });
    expect(await planned()).toBe(nextAt);
  });

  itWithProc('starts workerd again when it dies, with what was acknowledged', async () => {
    await client.call('POST /items', { body: { key: 'kept', text: 'Acknowledged before the end.' } });
    const [pid] = workerdProcesses();
    process.kill(pid as number, 'SIGKILL');
    await vi.waitUntil(() => said.some((line) => line.startsWith('workerd ended; it is started again')), {
      timeout: 30_000,
    });
    const found = await vi.waitFor(() => client.call('GET /items/{key}', { params: { key: 'kept' } }), {
      timeout: 60_000,
      interval: 500,
    });
    expect(found.key).toBe('kept');
    await deployment.tick();
    await deployment.stop();
    expect(existsSync(join(folder, 'running.pid'))).toBe(false);
  });
});

it('finds the objects where earlier versions kept them, and logs into a file and nowhere else', async () => {
  const printed = [vi.spyOn(console, 'log'), vi.spyOn(console, 'error')];
  renameSync(join(folder, 'do'), join(folder, 'objects'));
  const token = 'a-secret-of-this-test';
  const variables = { FEDCAR_ENVIRONMENT: 'production', FEDCAR_ADMIN_TOKEN: token };
  const deployment = await startService({ folder, variables });
  try {
    const client = new Client(deployment.url, { token });
    const item = await client.call('GET /items/{key}', { params: { key: 'late' } });
    expect(item.title).toBe('Delays');
  } finally {
    await deployment.stop();
  }
  const lines = readFileSync(deployment.logFile, 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('{'));
  expect(lines.map((line) => JSON.parse(line) as object)).toContainEqual(
    expect.objectContaining({ event: 'request', status: 200 }),
  );
  expect(printed.flatMap(({ mock }) => mock.calls)).toEqual([]);
  for (const spy of printed) spy.mockRestore();
});

itWithProc(
  '`fedcar dev` serves the API and the pages, lets requests in flight end at SIGTERM, and gives its folder back',
  async () => {
    const state = join(folder, 'dev');
    const command = [join(PROJECT, 'cli', 'fedcar.mjs'), 'dev', '--json', '--port', '0', '--state', state];
    const child = spawn(process.execPath, command, { stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    child.stderr.on('data', (chunk) => (said += String(chunk)));
    const ended = new Promise((resolve) =>
      child.once('exit', (code, signal) => resolve({ code, signal, said })),
    );
    const line = await Promise.race([
      new Promise<string>((resolve) => child.stdout.once('data', (chunk) => resolve(String(chunk)))),
      ended.then((end) => Promise.reject(new Error(JSON.stringify(end)))),
    ]);
    const { url } = JSON.parse(line) as { url: string };
    const dashboard = await fetch(`${url}/dashboard`);
    expect(dashboard.status).toBe(200);
    expect(await dashboard.text()).toContain('<html');
    const client = new Client(url);
    await client.call('POST /items', { body: { key: 'first', text: 'Loads the encoder.' } });
    const text = 'Words about parcels and giraffes. '.repeat(20);
    const items = Array.from({ length: 12 }, (_, n) => ({ key: `in-flight-${n}`, text: `${n} ${text}` }));
    const request = httpRequest(`${url}/v1/items`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
    });
    const upload = new Promise<{ items: unknown[] }>((resolve, reject) => {
      request.once('error', reject);
      request.once(
        'response',
        (response) => void json(response).then((body) => resolve(body as never), reject),
      );
    });
    request.end(JSON.stringify({ items }));
    await once(request, 'finish');
    await new Promise((resolve) => setTimeout(resolve, 300));
    child.kill('SIGTERM');
    expect((await upload).items).toHaveLength(12);
    expect(await ended).toEqual({ code: 0, signal: null, said: '' });
    // The lock of the state folder.
    expect(existsSync(join(state, 'running.pid'))).toBe(false);
    const left = readdirSync('/proc')
      .filter((pid) => /^\d+$/.test(pid))
      .filter((pid) => {
        try {
          return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(state);
        } catch {
          return false;
        }
      });
    expect(left).toEqual([]);
  },
);
