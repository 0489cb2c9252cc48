import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { requireFreePort } from '../../../cli/deployment.ts';
import { StartError } from '../../../cli/start-error.ts';
import { ApiError, Client } from '../../../client/client.ts';

let server: Server | undefined;
async function serve(listener: RequestListener): Promise<string> {
  const made = createServer(listener);
  server = made;
  await new Promise<void>((resolve) => made.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(made.address() as AddressInfo).port}`;
}
afterEach(() => void server?.close());

describe('the API client', () => {
  it('speaks JSON under the collection’s path', async () => {
    const url = await serve((request, response) => {
      response.setHeader('content-type', 'application/json');
      let body = '';
      request.on('data', (chunk) => (body += chunk));
      request.on('end', () => response.end(JSON.stringify({ path: request.url, body: JSON.parse(body) })));
    });
    expect(
      await new Client(`${url}/`, { collection: 'mine' }).call('POST /search', { body: { query: 'x' } }),
    ).toEqual({
      path: '/v1/collections/mine/search',
      body: { query: 'x' },
    });
    expect(await new Client(url).call('POST /search', { body: { query: 'x' } })).toMatchObject({
      path: '/v1/search',
    });
  });

  it('turns problem documents into errors', async () => {
    const url = await serve((_request, response) => {
      response.writeHead(409, { 'content-type': 'application/problem+json' });
      response.end(JSON.stringify({ code: 'run_in_progress', detail: 'run r1 is in progress' }));
    });
    const error = await new Client(url).call('POST /rounds').catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(ApiError);
    expect(error).toMatchObject({ status: 409, code: 'run_in_progress', message: 'run r1 is in progress' });
  });

  it('tries again after a broken connection and after 503', async () => {
    let asked = 0;
    const url = await serve((request, response) => {
      asked += 1;
      if (asked === 1) return void request.socket.destroy();
      response.writeHead(asked === 2 ? 503 : 200, { 'content-type': 'application/json' });
      response.end('{}');
    });
    await new Client(url).call('GET /regions');
    expect(asked).toBe(3);
  });

  it('sends what makes something new once only, unless it was refused before anything was done', async () => {
    let asked = 0;
    const answers = [503, 429, 200];
    const body = { name: 'one', scopes: ['query' as const] };
    const url = await serve((_request, response) => {
      response.writeHead(answers[asked++]!, {
        'content-type': 'application/json',
        'retry-after': '0',
      });
      response.end('{"code": "unavailable"}');
    });
    await expect(new Client(url).call('POST /tokens', { body })).rejects.toMatchObject({ status: 503 });
    expect(asked).toBe(1);
    await new Client(url).call('POST /tokens', { body });
    expect(asked).toBe(3);
  });

  it('bears its token, and does not wait for what only an operator can do', async () => {
    let asked = 0;
    const url = await serve((request, response) => {
      asked += 1;
      response.writeHead(503, { 'content-type': 'application/problem+json' });
      response.end(JSON.stringify({ code: 'secret_missing', detail: String(request.headers.authorization) }));
    });
    const client = new Client(url, { token: 'fc_x' });
    await expect(client.call('GET /models')).rejects.toMatchObject({
      code: 'secret_missing',
      message: 'Bearer fc_x',
    });
    expect(asked).toBe(1);
  });

  it('names the service that it cannot reach', async () => {
    await expect(new Client('http://127.0.0.1:1').call('GET /models')).rejects.toMatchObject({
      code: 'unreachable',
      status: 0,
      message: expect.stringContaining('http://127.0.0.1:1 cannot be reached'),
    });
  });
});

describe('a port', () => {
  it('that is in use gives one clear line', async () => {
    const url = await serve(() => {});
    const port = Number(new URL(url).port);
    const error = await requireFreePort(port).catch((caught) => caught);
    expect(error).toBeInstanceOf(StartError);
    expect(error.message).toBe(`port ${port} is in use by another program; choose one with --port`);
  });

  it('that is free is fine, and free afterwards', async () => {
    const port = Number(new URL(await serve(() => {})).port);
    await new Promise<void>((resolve) => server?.close(() => resolve()));
    await requireFreePort(port);
    await requireFreePort(port);
  });
});
