/**
 * The service as its users reach it, over HTTP against workerd: the requests and commands of README and of the pages
 * for users as they stand there, and OpenAI's own client, streams and leaving included.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Deployment } from '../../cli/deployment.ts';
import { PROJECT } from '../../cli/worker-bundle.ts';
import {
  commandLines,
  curlBlocks,
  fedcarArguments,
  namedRequests,
  PAGES,
  pageText,
} from '../helpers/documented.ts';
import { fedcar } from '../helpers/fedcar.ts';
import { chunkEvent, type ModelServer, modelServer, type Reply } from '../helpers/model-server.ts';
import { startService } from '../helpers/service.ts';

const EXAMPLE_URL = 'http://127.0.0.1:8787';
/** What README's text gives as the service's documents. */
const DOCUMENT = {
  key: 'late',
  title: 'Nobody was at home',
  text: 'If the courier rang and nobody was at home, the parcel waits at the next station for seven days.',
};

let folder: string;
let model: ModelServer;
let reply: Reply = (_body, response) => void response.writeHead(500).end();
let service: Deployment;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'fedcar-clients-'));
  model = await modelServer((body, response) => reply(body, response));
  service = await startService({
    folder,
    variables: {
      FEDCAR_ANSWERER: 'openai',
      FEDCAR_ANSWER_URL: model.url,
      FEDCAR_ANSWER_MODEL: 'some-model',
    },
  });
  const response = await fetch(`${service.url}/v1/items`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(DOCUMENT),
  });
  expect(response.status, await response.text()).toBe(200);
  // What the pages name.
  mkdirSync(join(folder, 'path', 'to', 'docs'), { recursive: true });
  writeFileSync(join(folder, 'path', 'to', 'docs', 'a.md'), '# A page\n\nText.');
  const faq = await fedcar('collections create faq', { cwd: folder, env: { FEDCAR_URL: service.url } });
  expect(faq.code, faq.err).toBe(0);
}, 120_000);

afterAll(async () => {
  await service?.stop();
  await model?.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** Runs shell commands; `curl` is the real one, silent, and fails when the service refuses. */
async function shell(script: string): Promise<{ code: number | null; out: string }> {
  const setup = 'set -e; curl() { command curl -sS --fail-with-body --max-time 60 "$@"; echo; }\n';
  const child = spawn('bash', ['-c', setup + script], { stdio: ['ignore', 'pipe', 'pipe'] });
  let out = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (out += String(chunk)));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  return { code, out };
}

/** What an answer to a block of requests has in it, by what stands in the block. */
const ANSWERED: readonly (readonly [asked: string, answered: RegExp])[] = [
  ['which leaves and buds', /"chunks":\[\{"id":"zoo\/okapi#0"/],
  ['/mcp', /"name":"search".*document: zoo\/okapi/s],
  ['nobody rang my bell', /"key":"late"/],
  ['"key": "returns/how-to"', /"key":"returns\/how-to".*"chunks":\[\{"id":"returns\/how-to#0"/s],
  ['How do I send something back?', /print the label from your account.*\[1\]/],
  ['"item": "returns/how-to"', /"accepted":1.*"runs":.*"versions":.*"epsilon"/s],
  ['"key": "zoo/okapi"', /"created".*"key":"zoo\/tickets".*"passages":\[/s],
  ['what do okapis eat', /"id":"zoo\/okapi#0"/],
  ['What do okapis eat?', /Okapis eat leaves, buds and fruit\. \[1\].*data: \[DONE\]/s],
  ['/v1/models', /"id":"fedcar".*"id":"fedcar"/s],
  ['"item": "zoo/okapi"', /"accepted":1/],
];

/** What a command prints, by its first words; others are in `ELSEWHERE`. */
const PRINTED: readonly (readonly [line: string, code: 0 | 1 | 2, printed: RegExp])[] = [
  ['deploy --dry-run', 0, /would deploy with .*Durable Objects/s],
  ['ingest path/to/docs', 0, /^1 document: (1 new|0 new, 0 changed, 1 as they were)/],
  ['query how do I send it back?', 0, /^\d\.\d\d {2}Sending something back {2}returns\/how-to#0/],
  ['train status', 0, /^(?:run \S+ |no run yet).*\n\n/],
  ['privacy plan --live', 0, /rounds at sampling rate.*ε by the ledger/s],
  [
    'privacy plan --noise',
    0,
    /^200 rounds at sampling rate 0\.2 with noise multiplier 6: ε 2\.456 by the ledger/,
  ],
  ['privacy plan', 0, /rounds at sampling rate.*ε by the ledger.*the budget allows/s],
  ['doctor', 0, /ok +service.*ok +documents/s],
  ['participants invite', 0, /fci2\.\S+/],
  // The page has no invitation to show; joining with one is tried in participant/join.test.ts.
  ['join https://rag.example.org', 2, /expected an invitation/],
  ['tokens create', 0, /^fc_\S+\n$/],
];

/** Lines of other programs, and the test that runs them. */
const ELSEWHERE: readonly (readonly [line: RegExp, test: string])[] = [
  [/^npm start( -- --dataset \S+)?$/, 'test/unit/cli/start/start.test.ts'],
  [/^npm test$/, 'package.json'],
  [/^npm run (check|unused)$/, 'package.json'],
  [/^npm run bench$/, 'test/unit/cli/bench/index.test.ts'],
  [
    /^npm run bench -- accuracy( --(dataset|seed|withhold|dp-epsilon|stream) \S+| --json)+$/,
    'test/unit/cli/bench/accuracy.test.ts',
  ],
  [/^npx wrangler login$/, 'node_modules/.bin/wrangler'],
  [/^npm create fedcar shop && cd shop$/, 'test/unit/package.test.ts'],
  [/^bash \.ci\/run$/, '.ci/run'],
  [/^export FEDCAR_TOKEN=…$/, 'test/unit/cli/fedcar/program.test.ts'],
];

describe('the documentation', () => {
  const examples = PAGES.flatMap((page) => curlBlocks(page).map((block) => [page, block] as const));

  it.each(examples)('has requests that are answered: %s: %s', { timeout: 120_000 }, async (_page, block) => {
    expect(block).toContain(EXAMPLE_URL);
    const { code, out } = await shell(block.replaceAll(EXAMPLE_URL, service.url));
    expect(code, out).toBe(0);
    expect(out).not.toContain('"status":4');
    const expected = ANSWERED.find(([asked]) => block.includes(asked));
    expect(expected, 'nothing is expected of this block').toBeDefined();
    expect(out).toMatch(expected![1]);
  });

  it('has blocks of requests where it says so', () => {
    for (const page of ['README.md', 'docs/api.md']) {
      expect(examples.filter(([from]) => from === page).length, page).toBeGreaterThanOrEqual(4);
    }
  });

  const lines = PAGES.flatMap((page) => commandLines(page).map((line) => [page, line] as const));

  it.each(lines)('has commands that do what they say: %s: %s', { timeout: 120_000 }, async (_page, line) => {
    const given = fedcarArguments(line);
    if (given === null) {
      const run = ELSEWHERE.find(([pattern]) => pattern.test(line));
      expect(run, 'no test runs this line').toBeDefined();
      const script = /^npm run ([\w:]+)/.exec(line)?.[1];
      if (script !== undefined) expect(JSON.parse(pageText('package.json')).scripts).toHaveProperty([script]);
      expect(existsSync(join(PROJECT, run![1])), run![1]).toBe(true);
      return;
    }
    // Nothing is deployed from here.
    const args = given[0] === 'deploy' ? [...given, '--dry-run'] : given;
    const expected = PRINTED.find(([words]) => args.join(' ').startsWith(words));
    expect(expected, 'no test runs this line').toBeDefined();
    const ran = await fedcar(
      args.map((arg) => arg.replaceAll('YOUR-WORKER', 'your-worker.example')),
      { cwd: folder, env: { FEDCAR_URL: service.url } },
    );
    expect(ran.code, ran.err).toBe(expected![1]);
    expect(ran.code === 0 ? ran.out : ran.err).toMatch(expected![2]);
  });

  it('names requests that the service has', async () => {
    const { paths } = (await (await fetch(`${service.url}/openapi.json`)).json()) as {
      paths: Record<string, Record<string, unknown>>;
    };
    const known = new Set<string>(['GET /openapi.json']);
    for (const [path, methods] of Object.entries(paths)) {
      for (const method of Object.keys(methods))
        known.add(`${method.toUpperCase()} ${path.replace(/\{[^}]*\}/g, '{}')}`);
    }
    const named = PAGES.flatMap((page) => namedRequests(page).map((request) => ({ page, ...request })));
    expect(named.length).toBeGreaterThanOrEqual(15);
    for (const { page, method, path } of named) {
      const bare = path.replace(/\{[^}]*\}/g, '{}');
      const found = known.has(`${method} ${bare}`) || known.has(`${method} /v1${bare}`);
      expect(found, `${page}: ${method} ${path}`).toBe(true);
    }
  });

  it('lists every command, and none that there is not', async () => {
    const rows = [...pageText('docs/cli.md').matchAll(/^\| (`[^|]*(?:\\\|[^|]*)*`) \|/gm)].map(
      ([, cell]) => cell!,
    );
    const listed = rows.flatMap((cell) =>
      [...cell.matchAll(/`([a-z]+)(?: ([a-z-]+(?:\\\|[a-z-]+)*))?[^`]*`/g)].flatMap(([, word, subs]) =>
        (subs?.split('\\|') ?? ['']).map((sub) => `${word} ${sub}`.trim()),
      ),
    );
    expect(listed.length).toBeGreaterThan(25);
    const help = async (line: string) => await fedcar([...line.split(' '), '--help'], { cwd: folder });
    for (const line of listed.filter((each) => !each.startsWith('bench') && !each.startsWith('completion'))) {
      expect((await help(line)).out, line).toContain(`Usage: fedcar ${line}`);
    }
    const { out } = await fedcar('--help', { cwd: folder });
    const commands = [...out.matchAll(/^ {2}([a-z]+)(?= )/gm)].map(([, name]) => name!);
    for (const name of commands) expect(listed.map((line) => line.split(' ')[0])).toContain(name);
  });
});

describe('OpenAI’s client', () => {
  const client = () => new OpenAI({ baseURL: `${service.url}/v1`, apiKey: 'none' });
  const messages = [
    { role: 'user' as const, content: 'What happens when the courier finds nobody at home?' },
  ];
  type Sources = { id: string }[];

  it('gets an answer with its sources', async () => {
    const answer = await client().chat.completions.create({ model: 'extractive', messages });
    expect(answer.choices[0]?.message.content).toContain('seven days. [1]');
    expect(answer).toMatchObject({ citations: ['late#0'], model_version: 0, errors: [] });
    expect((answer as unknown as { chunks: Sources }).chunks[0]?.id).toBe('late#0');
    const feedback = await fetch(`${service.url}/v1/feedback`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ answer: answer.id, accepted: true }),
    });
    expect(await feedback.json()).toMatchObject({ accepted: 1 });
  });

  it('lists the models that it may ask, and reads each by its id', async () => {
    const models: OpenAI.Model[] = [];
    for await (const listed of client().models.list()) models.push(listed);
    expect(models.map(({ id, object, owned_by }) => [id, object, owned_by])).toEqual([
      ['fedcar', 'model', 'fedcar'],
      ['extractive', 'model', 'fedcar'],
      ['some-model', 'model', 'operator'],
    ]);
    const now = Date.now() / 1000;
    for (const listed of models) {
      expect(Number.isInteger(listed.created) && Math.abs(listed.created - now) < 600).toBe(true);
      expect(await client().models.retrieve(listed.id)).toEqual(listed);
    }
    expect(await client().models.retrieve('0')).toMatchObject({ version: 0, state: 'serving' });
    const missing = client().models.retrieve('@cf/somebody/else');
    await expect(missing).rejects.toMatchObject({ status: 404, code: 'unknown_version' });
  });

  it('reads a stream as it is written', async () => {
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    reply = async (_body, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(chunkEvent({ content: 'It waits' }));
      await held;
      response.end(`${chunkEvent({ content: ' a week [1][7].' })}${chunkEvent({}, 'stop')}data: [DONE]\n\n`);
    };
    const stream = await client().chat.completions.create({ model: 'fedcar', messages, stream: true });
    let sources: Sources = [];
    let text = '';
    let finish: string | null | undefined;
    for await (const part of stream) {
      expect(part.object).toBe('chat.completion.chunk');
      sources = (part as { chunks?: Sources }).chunks ?? sources;
      text += part.choices[0]?.delta.content ?? '';
      finish = part.choices[0]?.finish_reason ?? finish;
      expect(part.usage).toBeUndefined();
      // The rest is not written before the beginning was read.
      if (text === 'It waits') release();
    }
    expect(sources.map(({ id }) => id)).toContain('late#0');
    expect({ text, finish }).toEqual({ text: 'It waits a week [1].', finish: 'stop' });
  });

  it('puts a stream together with its helper', async () => {
    const stream = client().chat.completions.stream({
      model: 'extractive',
      messages,
      stream_options: { include_usage: true },
    });
    const answer = await stream.finalChatCompletion();
    expect(answer.choices[0]?.message.content).toContain('[1]');
    expect(answer.usage?.total_tokens).toBeGreaterThan(10);
  });

  it('sends what it sends by itself, and its answer back', async () => {
    const ask = client().chat.completions;
    const options = {
      temperature: 0.7,
      top_p: 0.9,
      seed: 1,
      stop: null,
      n: 1,
      user: 'u',
      store: false,
      tools: [],
    };
    const first = await ask.create({ model: 'extractive', messages, ...options });
    const said = first.choices[0]!.message;
    const again = await ask.create({ model: 'extractive', messages: [...messages, said, ...messages] });
    expect(again.choices[0]?.message.content).toBe(said.content);
    const whole = await ask.stream({ model: 'extractive', messages }).finalChatCompletion();
    expect(whole.choices[0]?.message.content).toBe(said.content);
    const tools = [{ type: 'function' as const, function: { name: 'f', parameters: {} } }];
    const calling = ask.create({ model: 'extractive', messages, tools });
    await expect(calling).rejects.toMatchObject({ status: 400, param: 'tools' });
    const embedding = client().embeddings.create({ model: 'fedcar', input: 'x' });
    await expect(embedding).rejects.toMatchObject({ status: 404, code: 'unknown_route' });
  });

  it('understands errors, early and late', async () => {
    const early = client().chat.completions.create({ model: 'gpt-4o', messages });
    await expect(early).rejects.toMatchObject({ status: 400, param: 'model', code: 'invalid_request' });
    reply = (_body, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(chunkEvent({ content: 'It' }), () => setTimeout(() => response.destroy(), 50));
    };
    const late = await client().chat.completions.create({ model: 'fedcar', messages, stream: true });
    const read = async () => {
      for await (const part of late) void part;
    };
    await expect(read()).rejects.toMatchObject({ code: 'answerer_failed' });
  });

  it('stops the model when it leaves a stream', async () => {
    reply = (_body, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      const drip = setInterval(() => response.write(chunkEvent({ content: 'on and ' })), 50);
      response.on('close', () => clearInterval(drip));
    };
    const before = model.left;
    const stream = await client().chat.completions.create({ model: 'fedcar', messages, stream: true });
    let parts = 0;
    for await (const _ of stream) if (++parts === 5) break;
    await expect.poll(() => model.left).toBe(before + 1);
  });
});
