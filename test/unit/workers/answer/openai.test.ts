/** The OpenAI-compatible answerer against a real local server: requests, streams, failures, time limits, abort. */
import { afterEach, describe, expect, it } from 'vitest';
import type { AnswerRequest } from '../../../../workers/answer/answerer.ts';
import { OpenAiAnswerer } from '../../../../workers/answer/openai.ts';
import {
  chunkEvent,
  type ModelServer,
  modelServer,
  type Reply,
  replyInPieces,
  replyWhole,
} from '../../../helpers/model-server.ts';

let server: ModelServer;
afterEach(() => server.stop());

async function answererOf(reply: Reply, limits = { idleMs: 5000, totalMs: 10_000 }) {
  server = await modelServer(reply);
  return new OpenAiAnswerer({ url: `${server.url}/`, model: 'some-model', key: 'a key', limits });
}

const request = (more: Partial<AnswerRequest> = {}): AnswerRequest => ({
  turns: [{ role: 'user', content: 'What do okapis eat?' }],
  query: 'What do okapis eat?',
  passages: [{ id: 'okapi#0', item: 'okapi', title: 'Okapis', text: 'Okapis eat leaves.', score: 0.9 }],
  settings: {},
  stream: false,
  signal: new AbortController().signal,
  search: async () => [],
  ...more,
});

async function read(text: AsyncGenerator<string, unknown>) {
  const pieces: string[] = [];
  for (;;) {
    const { done, value } = await text.next();
    if (done) return { pieces, end: value };
    pieces.push(value as string);
  }
}

describe('an OpenAI-compatible endpoint', () => {
  it('gets the prompt, the settings and the key', async () => {
    const answerer = await answererOf(replyWhole('Leaves [1].'));
    const settings = { temperature: 0.2, topP: 0.9, maxTokens: 50, seed: 7, stop: ['END'] };
    const { text, passages, cited } = await answerer.answer(request({ settings }));
    expect(await read(text)).toEqual({
      pieces: ['Leaves [1].'],
      end: { finish: 'stop', usage: { promptTokens: 40, completionTokens: 7 } },
    });
    expect({ passages, cited }).toEqual({ passages: request().passages, cited: null });
    const [{ headers, body } = { headers: {}, body: {} }] = server.requests;
    expect(headers.authorization).toBe('Bearer a key');
    expect(body).toEqual({
      model: 'some-model',
      messages: [expect.objectContaining({ role: 'system' }), expect.objectContaining({ role: 'user' })],
      temperature: 0.2,
      top_p: 0.9,
      max_tokens: 50,
      seed: 7,
      stop: ['END'],
    });
  });

  it('is read as it writes', async () => {
    const answerer = await answererOf(replyInPieces(['Leaves', ' [1]', '.']));
    const { text } = await answerer.answer(request({ stream: true }));
    expect(await read(text)).toEqual({
      pieces: ['Leaves', ' [1]', '.'],
      end: { finish: 'stop', usage: { promptTokens: 40, completionTokens: 7 } },
    });
    expect(server.requests[0]?.body).toMatchObject({ stream: true, stream_options: { include_usage: true } });
  });

  it('may answer in one piece though it was asked for a stream', async () => {
    const answerer = await answererOf(replyWhole('All at once [1].'));
    expect((await read((await answerer.answer(request({ stream: true }))).text)).pieces).toHaveLength(1);
  });

  it('says when the text was cut off at its limit', async () => {
    const answerer = await answererOf((_body, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.end(`${chunkEvent({ content: 'Lea' })}${chunkEvent({}, 'length')}data: [DONE]\n\n`);
    });
    const { text } = await answerer.answer(request({ stream: true }));
    expect((await read(text)).end).toEqual({ finish: 'length', usage: null });
  });

  const early: [string, Reply][] = [
    ['a refusal', (_body, response) => void response.writeHead(401).end('{"error":{"message":"a key"}}')],
    [
      'a redirect',
      (_body, response) => void response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end(),
    ],
    ['what is not JSON', (_body, response) => void response.writeHead(200).end('<html>')],
    ['another shape', (_body, response) => void response.writeHead(200).end('{"choices":[{"message":7}]}')],
    ['an error inside', (_body, response) => void response.writeHead(200).end('{"error":{"message":"no"}}')],
    ['a closed connection', (_body, response) => void response.destroy()],
  ];
  it.each(early)('fails before anything was said: %s', async (_name, reply) => {
    const answerer = await answererOf(reply);
    const failed = answerer.answer(request({ stream: true }));
    await expect(failed).rejects.toMatchObject({ name: 'AnswererError', code: 'answerer_failed' });
    await expect(failed).rejects.not.toThrow(/127\.0\.0\.1|a key/);
  });

  const late: [string, (response: Parameters<Reply>[1]) => void][] = [
    ['breaks off', (response) => void response.end()],
    ['breaks off in an event', (response) => void response.end('data: {"choi')],
    ['loses the connection', (response) => void response.destroy()],
    ['reports an error', (response) => void response.end('event: error\ndata: {}\n\n')],
    ['reports an error as a chunk', (response) => void response.end('data: {"error":{"message":"x"}}\n\n')],
  ];
  it.each(late)('never passes for whole when it %s', async (_name, spoil) => {
    const answerer = await answererOf((_body, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(chunkEvent({ content: 'Leaves' }), () => setTimeout(() => spoil(response), 20));
    });
    const { text } = await answerer.answer(request({ stream: true }));
    expect((await text.next()).value).toBe('Leaves');
    await expect(text.next()).rejects.toMatchObject({ code: 'answerer_failed' });
  });

  it('is not waited for beyond the limits', async () => {
    const silent = await answererOf(() => {}, { idleMs: 50, totalMs: 5000 });
    await expect(silent.answer(request())).rejects.toMatchObject({ code: 'answerer_timeout' });
    await server.stop();
    const slow = await answererOf(
      (_body, response) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        const drip = setInterval(() => response.write(chunkEvent({ content: 'x' })), 20);
        response.on('close', () => clearInterval(drip));
      },
      { idleMs: 1000, totalMs: 150 },
    );
    const { text } = await slow.answer(request({ stream: true }));
    await expect(read(text)).rejects.toMatchObject({ code: 'answerer_timeout' });
  });

  it('hears when nobody wants the answer any more', async () => {
    const answerer = await answererOf((_body, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(chunkEvent({ content: 'Leaves' }));
    });
    const gone = new AbortController();
    const { text } = await answerer.answer(request({ stream: true, signal: gone.signal }));
    await text.next();
    const next = text.next();
    gone.abort(new Error('left'));
    await expect(next).rejects.toThrow('left');
    const given = await answerer.answer(request({ stream: true }));
    await given.text.next();
    await given.text.return({ finish: 'stop', usage: null });
    await expect.poll(() => server.left).toBe(2);
  });

  it.each(['', 'ftp://host', 'host/v1', 'https://user:pass@host/v1', 'https://host/v1?key=x'])(
    'has to have a base URL: %j',
    async (url) => {
      server = await modelServer(() => {});
      expect(() => new OpenAiAnswerer({ url, model: 'm', key: undefined })).toThrow(TypeError);
    },
  );
});
