/** Chat completions over HTTP in Node: shapes, streams, failures, options, with a real local model endpoint. */
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { answeredQuery } from '../../../workers/answer/answer-id.ts';
import {
  asking,
  type Completion,
  chatClient as client,
  type Json,
  plainChat as plain,
} from '../../helpers/chat-client.ts';
import {
  chunkEvent,
  type ModelServer,
  modelServer,
  type Reply,
  replyInPieces,
} from '../../helpers/model-server.ts';

let server: ModelServer;
let reply: Reply = replyInPieces(['In b', ' [2', '], not [9].']);
const model = () =>
  ({ FEDCAR_ANSWERER: 'openai', FEDCAR_ANSWER_URL: server.url, FEDCAR_ANSWER_MODEL: 'some-model' }) as const;

beforeAll(async () => {
  server = await modelServer((body, response) => reply(body, response));
});
afterAll(() => server.stop());
afterEach(() => {
  vi.restoreAllMocks();
  reply = replyInPieces(['In b', ' [2', '], not [9].']);
});

describe('an answer', () => {
  it('comes in the shape that is documented', async () => {
    const { response, json } = await plain().json(asking('where'));
    expect(response.status).toBe(200);
    expect(json).toEqual({
      id: expect.stringMatching(/^chatcmpl-/),
      object: 'chat.completion',
      created: expect.any(Number),
      model: 'extractive',
      choices: [
        {
          index: 0,
          message: { role: 'assistant', content: 'a#0 [1] b#0 [2]', refusal: null },
          logprobs: null,
          finish_reason: 'stop',
        },
      ],
      usage: { prompt_tokens: 1, completion_tokens: expect.any(Number), total_tokens: expect.any(Number) },
      search_query: 'where',
      chunks: [
        expect.objectContaining({ id: 'a#0' }),
        expect.objectContaining({ id: 'b#0' }),
        expect.objectContaining({ id: 'c#0' }),
      ],
      citations: ['a#0', 'b#0'],
      model_version: 1,
      errors: [],
    });
    expect(response.headers.get('server-timing')).toMatch(/embed.*score.*passages.*answer/);
    const scope = { secret: undefined, collection: 'default', now: 0 };
    expect(await answeredQuery(json.id, undefined, scope)).toEqual({
      ok: true,
      value: { query: 'where', items: ['a', 'b'] },
    });
  });

  it('says so when nothing fits, and names what is nearest', async () => {
    for (const env of [{}, model()]) {
      const asked = server.requests.length;
      const { json } = await client(env).json(asking('nothing'));
      expect(json.choices[0]?.message.content).toMatch(/^I found nothing .* nearest are: “c” \(c\)/);
      expect(json).toMatchObject({ citations: [], errors: [] });
      expect(server.requests).toHaveLength(asked);
    }
  });

  it('says so when there are no documents', async () => {
    const { json } = await client({}, { deleted: ['a', 'b', 'c'] }).json(asking('where'));
    expect(json).toMatchObject({ chunks: [], citations: [] });
    expect(json.choices[0]?.message.content).toBe('I found nothing in the documents that answers this.');
  });

  it('looks for what the conversation is about, in parts or not', async () => {
    const messages = [
      { role: 'user', content: [{ type: 'text', text: 'How long does a locker keep my parcel?' }] },
      { role: 'assistant', content: 'Three days.' },
      { role: 'user', content: 'and in Singapore?' },
    ];
    const { json } = await plain().json({ messages });
    expect(json.search_query).toBe('and in Singapore?\nHow long does a locker keep my parcel?');
  });

  it('takes a query, filters and limits like a search', async () => {
    const metadata = { b: { colour: 'green' }, c: { colour: 'green' } };
    const { json } = await client({}, { metadata }).json({
      query: 'where',
      ai_search_options: { retrieval: { filters: { colour: 'green' }, max_num_results: 1 } },
      fedcar: { explain: true, region: 'apac' },
    });
    expect(json.chunks.map(({ id }) => id)).toEqual(['b#0']);
  });

  it('names regions that are missing', async () => {
    vi.spyOn(console, 'error').mockImplementation(() => {});
    vi.spyOn(console, 'warn').mockImplementation(() => {});
    const { json } = await client({}, { regions: { weur: 'fails', apac: 'answers' } }).json(asking('where'));
    expect(json.errors).toEqual([expect.objectContaining({ region: 'weur', code: 'region_failed' })]);
    expect(json.chunks.map(({ id }) => id)).toEqual(['b#0', 'c#0']);
  });
});

describe('an answer of a model', () => {
  it('cites nothing but what was retrieved', async () => {
    const { json } = await client(model()).json({ ...asking('where'), temperature: 0.5 });
    expect(json.choices[0]?.message.content).toBe('In b [2], not.');
    expect(json).toMatchObject({ model: 'some-model', citations: ['b#0'], errors: [] });
    expect(json.usage).toEqual({ prompt_tokens: 40, completion_tokens: 7, total_tokens: 47 });
    expect(server.requests.at(-1)?.body).toMatchObject({ model: 'some-model', temperature: 0.5 });
  });

  it('is extractive when the model fails, and says so', async () => {
    const warned = vi.spyOn(console, 'warn').mockImplementation(() => {});
    reply = (_body, response) => void response.writeHead(500).end('a secret of the upstream');
    const { response, json } = await client(model()).json(asking('where'));
    expect(response.status).toBe(200);
    expect(json).toMatchObject({ model: 'extractive', citations: ['a#0', 'b#0'] });
    expect(json.errors).toEqual([
      { code: 'answerer_failed', detail: 'The answering model answered 500. The answer is extractive.' },
    ]);
    expect(JSON.stringify([json, warned.mock.calls])).not.toContain('secret of the upstream');
  });

  it('is extractive when the model breaks off before anything was shown', async () => {
    vi.spyOn(console, 'warn').mockImplementation(() => {});
    reply = (_body, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end('{"choices":[{"message":{"content":"In');
    };
    const { json } = await client(model()).json(asking('where'));
    expect(json.errors.map(({ code }) => code)).toEqual(['answerer_failed']);
    expect(json.citations).toEqual(['a#0', 'b#0']);
  });

  it.each([
    [{ FEDCAR_ANSWERER: 'workers-ai' }, 'answerer_missing', /binding AI/],
    [{ FEDCAR_ANSWERER: 'openai' }, 'answerer_missing', /FEDCAR_ANSWER_URL/],
    [
      { FEDCAR_ANSWERER: 'openai', FEDCAR_ANSWER_URL: 'x', FEDCAR_ANSWER_MODEL: 'm' },
      'answerer_misconfigured',
      /base URL/,
    ],
    [{ FEDCAR_ANSWERER: 'oracle' }, 'answerer_misconfigured', /none of extractive/],
    [
      { FEDCAR_ANSWERER: 'workers-ai', FEDCAR_ANSWER_MODEL: 'm', AI: { run: async () => null } },
      'answerer_misconfigured',
      /llama/,
    ],
  ])('is extractive when it is not to be had: %j', async (env, code, detail) => {
    const { json } = await client(env).json(asking('where'));
    expect(json).toMatchObject({ model: 'extractive', citations: ['a#0', 'b#0'] });
    expect(json.errors).toEqual([{ code, detail: expect.stringMatching(detail) }]);
  });

  it('comes from Workers AI where that is bound', async () => {
    const AI = { run: async () => ({ response: 'In a [1].', tool_calls: [] }) };
    const { json } = await client({ FEDCAR_ANSWERER: 'workers-ai', AI }).json(asking('where'));
    expect(json).toMatchObject({ citations: ['a#0'], errors: [], model: expect.stringContaining('llama') });
    expect(json).not.toHaveProperty('usage');
  });
});

describe('a stream', () => {
  it('has the chunks, the text, usage and an end', async () => {
    const stream_options = { include_usage: true };
    const { response, events } = await client(model()).events({ ...asking('where'), stream_options });
    expect(response.headers.get('content-type')).toMatch(/^text\/event-stream/);
    expect(response.headers.get('server-timing')).toMatch(/passages.*answer/);
    expect(events.every(({ name }) => name === undefined)).toBe(true);
    expect(events[0]?.data).toMatchObject({ chunks: [{ id: 'a#0' }, { id: 'b#0' }, { id: 'c#0' }] });
    const chunks = events.slice(0, -1).map(({ data }) => data as unknown as Completion);
    expect(new Set(chunks.map(({ id }) => id)).size).toBe(1);
    expect(chunks.every(({ object }) => object === 'chat.completion.chunk')).toBe(true);
    const choices = chunks.flatMap((chunk) => chunk.choices as unknown as { delta: Json }[]);
    expect(choices[0]?.delta).toEqual({ role: 'assistant', content: '' });
    expect(choices.map(({ delta }) => delta.content ?? '').join('')).toBe('In b [2], not.');
    expect(chunks.at(-2)).toMatchObject({
      choices: [{ delta: {}, finish_reason: 'stop' }],
      citations: ['b#0'],
      errors: [],
      model_version: 1,
    });
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { total_tokens: 47 } });
    expect(events.at(-1)).toEqual({ name: undefined, data: '[DONE]' });
  });

  it('has no usage unless that is asked for, and an event of chunks where that is', async () => {
    const { events } = await client(model()).events({ ...asking('where'), fedcar: { chunks_event: true } });
    expect(events[0]).toMatchObject({ name: 'chunks', data: [{ id: 'a#0' }, { id: 'b#0' }, { id: 'c#0' }] });
    expect(events.slice(1).every(({ name }) => name === undefined)).toBe(true);
    expect(events.at(-2)?.data).toMatchObject({ choices: [{ finish_reason: 'stop' }] });
    expect(JSON.stringify(events.slice(1))).not.toMatch(/usage|"chunks"/);
  });

  it('is extractive from the start when the model fails before its first word', async () => {
    vi.spyOn(console, 'warn').mockImplementation(() => {});
    reply = (_body, response) => void response.writeHead(500).end();
    const { events } = await client(model()).events(asking('where'));
    expect(events.at(-2)?.data).toMatchObject({
      model: 'extractive',
      citations: ['a#0', 'b#0'],
      errors: [{ code: 'answerer_failed' }],
    });
  });

  it('says when it fails later, and does not look finished', async () => {
    vi.spyOn(console, 'warn').mockImplementation(() => {});
    reply = (_body, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(chunkEvent({ content: 'In b' }), () => setTimeout(() => response.destroy(), 20));
    };
    const { events } = await client(model()).events(asking('where'));
    expect(events.at(-1)).toEqual({
      name: 'error',
      data: {
        error: {
          message: 'The answering model failed.',
          type: 'server_error',
          param: null,
          code: 'answerer_failed',
        },
      },
    });
    expect(JSON.stringify(events)).not.toContain('DONE');
  });

  it('is written for no reader that left', async () => {
    reply = (_body, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(chunkEvent({ content: 'In b' }));
    };
    const before = server.left;
    const response = await client(model()).post({ ...asking('where'), stream: true });
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    await reader.read();
    await reader.cancel('left');
    await expect.poll(() => server.left).toBe(before + 1);
    vi.spyOn(console, 'warn').mockImplementation(() => {});
    const gone = new AbortController();
    reply = () => void setTimeout(() => gone.abort(), 20);
    const failed = vi.spyOn(console, 'error').mockImplementation(() => {});
    const { status } = await client(model()).post(asking('where'), gone.signal);
    expect(status).toBe(499);
    expect(failed).not.toHaveBeenCalled();
    await expect.poll(() => server.left).toBe(before + 2);
  });
});
