/**
 * The service as its users reach it, over HTTP against workerd: the curl examples of README and docs/api.md as they
 * stand there, and OpenAI's own client, streams and leaving included.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Deployment, startDeployment } from '../../cli/deployment.ts';
import { PROJECT } from '../../cli/worker-bundle.ts';
import { chunkEvent, type ModelServer, modelServer, type Reply } from '../helpers/model-server.ts';

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
  service = await startDeployment({
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
}, 120_000);

afterAll(async () => {
  await service?.stop();
  await model?.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** Blocks of shell that consist of curl commands. */
function examplesIn(file: string): string[] {
  const text = readFileSync(join(PROJECT, file), 'utf8');
  return [...text.matchAll(/^```sh\n(.*?)^```$/gms)]
    .map(([, block]) => block as string)
    .filter((block) => /^curl /m.test(block));
}

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

describe('examples', () => {
  const examples = ['README.md', 'docs/api.md'].flatMap((file) =>
    examplesIn(file).map((block) => [file, block] as const),
  );

  it('are found', () => {
    expect(examples.filter(([file]) => file === 'README.md').length).toBeGreaterThanOrEqual(4);
    expect(examples.filter(([file]) => file === 'docs/api.md').length).toBeGreaterThanOrEqual(4);
  });

  it.each(examples)('of %s run: %s', { timeout: 120_000 }, async (_file, block) => {
    expect(block).toContain(EXAMPLE_URL);
    const { code, out } = await shell(block.replaceAll(EXAMPLE_URL, service.url));
    expect(code, out).toBe(0);
    expect(out).not.toContain('"status":4');
  });

  it('find and answer what they say', async () => {
    const { out } = await shell(
      `curl ${service.url}/v1/search -H 'content-type: application/json' -d '{"query": "nobody rang my bell"}'`,
    );
    expect(JSON.parse(out).chunks[0].item.key).toBe('late');
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
    await expect.poll(() => model.left, { timeout: 10_000 }).toBe(before + 1);
  });
});
