/**
 * The Model Context Protocol as its own client speaks it, over HTTP against workerd: an agent asks, says what answered,
 * and the next agent finds it first.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Deployment } from '../../cli/deployment.ts';
import { feedback, ITEMS } from '../helpers/help-desk.ts';
import { startService } from '../helpers/service.ts';

const SECRET = 'a-secret-that-only-this-test-knows';
const REGIONS = ['weur', 'apac', 'sam'];
const SETTINGS = {
  regions: REGIONS,
  privacy: { noise: 'off' },
  schedule: { everyHours: 0 },
};

let folder: string;
let service: Deployment;

async function send(method: string, path: string, body?: unknown): Promise<Record<string, unknown>> {
  const headers = { authorization: `Bearer ${SECRET}`, 'content-type': 'application/json' };
  const init = body === undefined ? { method, headers } : { method, headers, body: JSON.stringify(body) };
  const response = await fetch(service.url + path, init);
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path}: ${text}`);
  return JSON.parse(text) as Record<string, unknown>;
}

async function tokenWith(scopes: string[], more: object = {}): Promise<string> {
  return (await send('POST', '/v1/tokens', { name: 'agent', scopes, ...more })).token as string;
}

/** @param mode `legacy`: as clients of 2025 begin. */
async function connect(path: string, token: string, mode: 'auto' | 'legacy' = 'auto'): Promise<Client> {
  const client = new Client({ name: 'a-test', version: '1' }, { versionNegotiation: { mode } });
  const requestInit = { headers: { authorization: `Bearer ${token}` } };
  await client.connect(new StreamableHTTPClientTransport(new URL(service.url + path), { requestInit }));
  return client;
}

/** Of a request with these headers and no others: `fetch` always accepts something. */
async function statusOf(url: string, headers: Record<string, string>, body: string): Promise<number> {
  return await new Promise((resolve, reject) => {
    const sent = request(url, { method: 'POST', headers }, (answer) => {
      answer.resume();
      resolve(answer.statusCode ?? 0);
    });
    sent.on('error', reject).end(body);
  });
}

async function use(client: Client, name: string, input: Record<string, unknown>) {
  const { content, isError } = await client.callTool({ name, arguments: input });
  const text = (content as { type: string; text: string }[]).map((each) => each.text).join('\n');
  return { text, failed: isError === true };
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'fedcar-mcp-'));
  const variables = { FEDCAR_ADMIN_TOKEN: SECRET, FEDCAR_ENVIRONMENT: 'production' };
  service = await startService({ folder, variables });
  await send('POST', '/v1/collections', { name: 'desk', settings: SETTINGS });
  await send('POST', '/v1/collections/desk/items', { items: ITEMS, region: 'weur' });
  await send('POST', '/v1/items', { key: 'zoo', title: 'Okapis', text: 'x'.repeat(25_000) });
}, 120_000);

afterAll(async () => {
  await service?.stop();
  rmSync(folder, { recursive: true, force: true });
});

describe.each(['auto', 'legacy'] as const)('a client (%s)', (mode) => {
  it('finds four tools, which say what they need and whether they change anything', async () => {
    const client = await connect('/v1/collections/desk/mcp', await tokenWith(['query']), mode);
    const { tools } = await client.listTools();
    expect(tools.map(({ name }) => name).sort()).toEqual(['ask', 'feedback', 'read_document', 'search']);
    for (const { name, annotations, inputSchema } of tools) {
      expect(annotations?.readOnlyHint, name).toBe(name !== 'feedback');
      expect(Object.keys(inputSchema.properties ?? {}).length, name).toBeGreaterThan(0);
    }
    expect(client.getInstructions()).toContain('the retriever learns from it');
    await client.close();
  });

  it('searches, asks and reads with a token for that', async () => {
    const token = await tokenWith(['query'], { collections: ['desk'] });
    const client = await connect('/v1/collections/desk/mcp', token, mode);
    const found = await use(client, 'search', { query: 'when will my late shipment arrive', limit: 2 });
    expect(found.text).toMatch(/^\[1\] Delayed shipments \(document: late\)/);
    expect(found.text.match(/^\[\d\]/gm)).toHaveLength(2);
    const answer = await use(client, 'ask', { question: 'What do I do when a shipment is late?' });
    expect(answer.text).toContain('after its estimated date. [1]');
    expect(answer.text).toContain('[1] Delayed shipments (document: late)');
    const read = await use(client, 'read_document', { document: 'late' });
    expect(read.text).toBe(`# Delayed shipments\n\n${ITEMS[0]!.text}`);
    await client.close();
  });
});

describe('tools', () => {
  it('tell what the API refuses: scopes, unknown documents, and other collections', async () => {
    const token = await tokenWith(['query'], { collections: ['desk'] });
    const client = await connect('/v1/collections/desk/mcp', token);
    const said = await use(client, 'feedback', { question: 'x', document: 'late', answered: true });
    expect(said).toMatchObject({ failed: true, text: expect.stringContaining('has not the scope feedback') });
    const read = await use(client, 'read_document', { document: 'nothing' });
    expect(read).toMatchObject({ failed: true, text: expect.stringContaining('no such item') });
    await client.close();
    await expect(connect('/mcp', token)).rejects.toThrow();
    await expect(connect('/mcp', 'fc_wrong')).rejects.toThrow();
  });

  it('have the collection `default` at the short address, and long documents in parts', async () => {
    const client = await connect('/mcp', await tokenWith(['query']));
    const first = await use(client, 'read_document', { document: 'zoo' });
    expect(first.text).toMatch(/\(5000 characters follow: offset 20000\)$/);
    const rest = await use(client, 'read_document', { document: 'zoo', offset: 20_000 });
    expect(rest.text).toBe(`# Okapis\n\n${'x'.repeat(5000)}`);
    await client.close();
  });

  it('refuse what they do not take by its name', async () => {
    const client = await connect('/v1/collections/desk/mcp', await tokenWith(['query']));
    const found = await use(client, 'search', { query: 'a late shipment', region: 'weur' });
    expect(found).toMatchObject({ failed: true, text: expect.stringContaining('region') });
    await client.close();
  });

  it.each([null, '*/*', 'text/html, */*', 'application/json, text/event-stream'])(
    'answer those who accept %s',
    async (accept) => {
      const headers = { authorization: `Bearer ${SECRET}`, 'content-type': 'application/json' };
      const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' });
      const status = await statusOf(
        `${service.url}/mcp`,
        accept === null ? headers : { ...headers, accept },
        body,
      );
      expect(status).toBe(200);
    },
  );

  it('keep no session: a stream that nobody asked for is refused', async () => {
    const headers = { authorization: `Bearer ${SECRET}` };
    const client = await connect('/mcp', await tokenWith(['query']));
    expect(client.getServerCapabilities()).toEqual({ tools: { listChanged: false } });
    await expect(client.listen({ toolsListChanged: true })).rejects.toThrow();
    await client.close();
    expect((await fetch(`${service.url}/mcp`, { headers })).status).toBe(405);
    expect((await fetch(`${service.url}/mcp`, { method: 'DELETE', headers })).status).toBe(405);
    expect((await fetch(`${service.url}/mcp`, { method: 'POST' })).status).toBe(401);
  });
});

it('two agents say what answered, and the next one to ask finds it first', async () => {
  const client = await connect('/v1/collections/desk/mcp', await tokenWith(['query', 'feedback']));
  const first = async (query: string) => (await use(client, 'search', { query, limit: 1 })).text;
  let missed: { query: string; item: string } | undefined;
  for (const record of feedback(1)) {
    if ((await first(record.query)).includes(`(document: ${record.item})`)) continue;
    missed = record;
    break;
  }
  const { query: question, item: right } = missed!;
  for (const _ of ['one', 'another']) {
    const agent = await connect('/v1/collections/desk/mcp', await tokenWith(['query', 'feedback']));
    const said = await use(agent, 'feedback', { question, document: right, answered: true });
    expect(said.text).toMatch(/^Kept in (weur|apac|sam); it counts at the latest from the next training on/);
    await agent.close();
  }
  expect(await first(question)).toContain(`(document: ${right})`);
  await client.close();
}, 60_000);
