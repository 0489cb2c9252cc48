/** Traces as a receiver of OTLP over HTTP gets them: from the real Worker and its objects in workerd. */
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import type { Deployment } from '../../cli/deployment.ts';
import type { CollectionSettingsInput } from '../../client/api.ts';
import { Client } from '../../client/client.ts';
import { startService } from '../helpers/service.ts';

interface SpanJson {
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  name: string;
  kind: number;
  startTimeUnixNano: string;
  endTimeUnixNano: string;
  attributes: { key: string; value: { stringValue?: string; intValue?: string } }[];
  status: { code: number };
}
interface Post {
  resourceSpans: { resource: object; scopeSpans: { spans: SpanJson[] }[] }[];
}

const spans: SpanJson[] = [];
const headers: unknown[] = [];
let said = '';
/** What it answers: a receiver that is down must not matter. */
let status = 200;
const receiver = createServer(async (request, response) => {
  const post = (await json(request)) as Post;
  headers.push(request.headers.authorization, request.url);
  said += JSON.stringify(post);
  spans.push(...post.resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans)));
  response.writeHead(status).end('{}');
});

const PHASES: NonNullable<CollectionSettingsInput['training']>['phases'] = [
  {
    train: 'head',
    rounds: 'local',
    passes: 1,
    optimiser: { kind: 'momentum', momentum: 0, headRate: 1, decay: 'constant' },
  },
];
const [ASKED, TOLD] = ['where do unicorns sleep at night', 'Zebrafish rest below the jetty.'];

let folder: string;
let deployment: Deployment;
let client: Client;
beforeAll(async () => {
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  const { port } = receiver.address() as AddressInfo;
  folder = mkdtempSync(join(tmpdir(), 'fedcar-traces-'));
  const variables = {
    FEDCAR_TRACES_URL: `http://127.0.0.1:${port}/v1/traces`,
    FEDCAR_TRACES_HEADERS: 'authorization=Bearer%20for%20traces',
  };
  deployment = await startService({ folder, variables });
  client = new Client(deployment.url, { collection: 'faq' });
  const settings: CollectionSettingsInput = {
    regions: ['weur', 'apac'],
    training: { seed: 7, phases: PHASES },
    privacy: { noise: 'off' },
    schedule: { everyHours: 0 },
  };
  await client.call('POST /collections', { body: { name: 'faq', settings } });
  for (const [key, text] of [
    ['night-of-secrets', TOLD],
    ['tea', 'Green tea is brewed below 80 degrees.'],
  ])
    await client.call('POST /items', { body: { key: key!, title: key!, text: text! } });
});
afterAll(async () => {
  await deployment.stop();
  receiver.close();
  rmSync(folder, { recursive: true, force: true });
});

const attribute = ({ attributes }: SpanJson, name: string) => {
  const value = attributes.find(({ key }) => key === name)?.value;
  return value?.stringValue ?? value?.intValue;
};
/** Names of the spans above, the nearest first. */
function above(span: SpanJson): string[] {
  const parent = spans.find(({ spanId }) => spanId === span.parentSpanId);
  return parent === undefined ? [] : [parent.name, ...above(parent)];
}
const waitFor = <T>(find: () => T) => vi.waitUntil(find, { timeout: 60_000, interval: 50 });

it('makes one trace of a search, from the edge into the objects', async () => {
  const traceparent = `00-${'a1'.repeat(16)}-${'b2'.repeat(8)}-00`;
  const search = await fetch(`${deployment.url}/v1/collections/faq/search`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', traceparent },
    body: JSON.stringify({ query: ASKED, fedcar: { explain: true } }),
  });
  expect(search.status).toBe(200);
  const of = () => spans.filter(({ traceId }) => traceId === 'a1'.repeat(16));
  const root = await waitFor(() =>
    of().find(({ kind, parentSpanId }) => kind === 2 && parentSpanId === 'b2'.repeat(8)),
  );
  expect(root!.name).toBe('POST /v1/search');
  expect(attribute(root!, 'http.response.status_code')).toBe('200');
  expect(attribute(root!, 'fedcar.collection')).toBe('faq');
  expect(attribute(root!, 'fedcar.request_id')).toBe(search.headers.get('x-request-id'));
  const object = (await waitFor(() => of().find(({ name }) => name.startsWith('Region.'))))!;
  expect(object.kind).toBe(2);
  expect(above(object).at(0)).toBe(object.name.replace('Region.', 'call '));
  expect(above(object).at(-1)).toBe(root!.name);
  expect(of().map(({ name }) => name)).toEqual(expect.arrayContaining(['embed', 'score', 'passages']));
  // What lies in another lies in it in time, too, and no span is told twice.
  for (const { startTimeUnixNano, endTimeUnixNano } of of())
    expect(BigInt(endTimeUnixNano)).toBeGreaterThanOrEqual(BigInt(startTimeUnixNano));
  expect(new Set(of().map(({ spanId }) => spanId)).size).toBe(of().length);
  expect(headers.slice(0, 2)).toEqual(['Bearer for traces', '/v1/traces']);
});

it('makes one trace of a round, through the coordinator and every region', async () => {
  for (const query of ['unicorns at night', 'where is the jetty', 'how is tea brewed', 'what is green'])
    await client.call('POST /feedback', {
      body: { query, item: /tea|green/.test(query) ? 'tea' : 'night-of-secrets' },
    });
  const { run } = await client.call('POST /rounds');
  const ended = await waitFor(async () => {
    const info = await client.call('GET /rounds/{run}', { params: { run } });
    return info.state === 'running' ? null : info;
  });
  const roots = await waitFor(() => {
    const found = spans.filter((span) => attribute(span, 'fedcar.run') === run);
    return found.length === ended!.rounds.length ? found : null;
  });
  expect(roots!.map((root) => attribute(root, 'fedcar.round.kind')).sort()).toEqual(
    ended!.rounds.map(({ kind }) => kind).sort(),
  );
  expect(new Set(roots!.map(({ traceId }) => traceId)).size).toBe(roots!.length);
  const root = roots!.find((each) => attribute(each, 'fedcar.round.kind') === 'count')!;
  const of = spans.filter(({ traceId }) => traceId === root.traceId);
  expect(of.filter(({ parentSpanId }) => parentSpanId === undefined)).toEqual([root]);
  // Every span hangs below the root, whichever object told it.
  for (const span of of.filter((each) => each !== root))
    expect(above(span).at(-1), span.name).toBe(root.name);
  const regions = new Set(of.map((span) => attribute(span, 'fedcar.participant')));
  expect([...regions].filter((name) => name !== undefined).sort()).toEqual(['apac', 'weur']);
  expect(of.map(({ name }) => name)).toEqual(
    expect.arrayContaining(['open', 'advance count', 'Coordinator.report', 'call report', 'work']),
  );
  expect(BigInt(root.endTimeUnixNano)).toBeGreaterThan(BigInt(root.startTimeUnixNano));
});

it('says nothing of what people wrote, and answers as ever where nobody takes what it says', async () => {
  for (const words of [...ASKED.split(' '), ...TOLD.split(' '), 'night-of-secrets', 'unicorn'])
    if (words.length > 5) expect(said).not.toContain(words);
  status = 500;
  const before = spans.length;
  const { chunks } = await client.call('POST /search', { body: { query: ASKED } });
  expect(chunks.length).toBeGreaterThan(0);
  await waitFor(() => spans.length > before);
});
