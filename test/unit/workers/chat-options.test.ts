/** Options and messages of chat completions: what is followed, what changes nothing and is taken, what is refused. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { UNREAD_OPTIONS } from '../../../workers/routes/openai-options.ts';
import { asking, chatClient, plainChat as plain } from '../../helpers/chat-client.ts';
import { modelServer, replyInPieces } from '../../helpers/model-server.ts';

describe('options', () => {
  it.each([
    [{}, 'messages', 'is required'],
    [{ messages: [] }, 'messages', 'at least 1 entries'],
    [{ messages: [{ role: 'user', content: ' ' }] }, 'messages', 'no user message'],
    [
      { messages: [{ role: 'user', content: [{ type: 'text', text: 'x' }, { type: 'image_url' }] }] },
      'messages.0.content.1.type',
      'only text is read, got "image_url"',
    ],
    [{ messages: [{ role: 'user', content: [{ type: 'text' }] }] }, 'messages.0.content.0.text', 'required'],
    [{ messages: [{ role: 'assistant', content: 'x' }] }, 'messages', 'no user message'],
    [{ messages: [{ role: 'oracle', content: 'x' }] }, 'messages.0.role', 'one of'],
    [{ messages: [{ role: 'system', content: 'x'.repeat(40_000) }] }, 'messages.0.content', 'got 40000'],
    [
      {
        messages: [
          { role: 'system', content: 'Be short.' },
          { role: 'user', content: '' },
        ],
      },
      'messages',
      'no user',
    ],
    [{ ...asking('x'), tools: [{ type: 'function', function: { name: 'f' } }] }, 'tools', 'call no tools'],
    [{ ...asking('x'), tool_choice: 'required' }, 'tool_choice', 'one of "none", "auto"'],
    [{ ...asking('x'), frequency_penalty: 0.5 }, 'frequency_penalty', 'one of 0, got 0.5'],
    [{ ...asking('x'), logprobs: true }, 'logprobs', 'one of false'],
    [{ ...asking('x'), logit_bias: { 50256: -100 } }, 'logit_bias', 'not a known field'],
    [{ ...asking('x'), modalities: ['audio'] }, 'modalities', 'one of "text"'],
    [{ ...asking('x'), audio: {} }, 'audio', 'has to be null'],
    [{ ...asking('x'), web_search_options: {} }, 'web_search_options', 'has to be null'],
    [{ ...asking('x'), functions: [{ name: 'f' }] }, 'functions', 'call no functions'],
    [{ ...asking('x'), seed: 1.5 }, 'seed', ''],
    [{ ...asking('x'), query: 'y' }, 'query', ''],
    [{ ...asking('x'), model: 'gpt-4o' }, 'model', 'one of fedcar, extractive'],
    [{ ...asking('x'), temperature: 3 }, 'temperature', 'at most 2'],
    [{ ...asking('x'), n: 2 }, 'n', 'one of 1'],
    [{ ...asking('x'), response_format: { type: 'json_object' } }, 'response_format', 'one of "text"'],
    [
      { ...asking('x'), ai_search_options: { retrieval: { filters: { a: { $regex: 'x' } } } } },
      'ai_search_options.retrieval.filters.a',
      '',
    ],
    [
      { ...asking('x'), ai_search_options: { reranking: { enabled: true } } },
      'ai_search_options.reranking.enabled',
      'one of false',
    ],
    [
      { ...asking('x'), ai_search_options: { retrieval: { boost_by: [{ field: 'timestamp' }] } } },
      'ai_search_options.retrieval.boost_by',
      'not boosted by fields',
    ],
  ])('are never ignored: %j', async (body, param, detail) => {
    const { response, json } = await plain().json(body);
    expect(response.status).toBe(400);
    expect(json).toMatchObject({
      code: 'invalid_request',
      error: { type: 'invalid_request_error', code: 'invalid_request' },
    });
    const error = json.error as unknown as { param: string; message: string };
    expect(error.param.startsWith(param), error.param).toBe(true);
    expect(error.message).toContain(detail);
  });

  const UNREAD: [string, unknown][] = [
    ['user', 'u1'],
    ['safety_identifier', 'u1'],
    ['metadata', { a: 'b' }],
    ['store', true],
    ['prompt_cache_key', 'k'],
    ['prompt_cache_retention', '24h'],
    ['prompt_cache_options', {}],
    ['service_tier', 'auto'],
    ['prediction', { type: 'content', content: 'x' }],
    ['reasoning_effort', 'low'],
    ['verbosity', 'medium'],
    ['frequency_penalty', 0],
    ['presence_penalty', 0],
    ['logit_bias', {}],
    ['logprobs', false],
    ['top_logprobs', 0],
    ['n', 1],
    ['modalities', ['text']],
    ['response_format', { type: 'text' }],
    ['function_call', 'none'],
    ['tool_choice', 'auto'],
    ['parallel_tool_calls', true],
    ['audio', null],
    ['web_search_options', null],
    ['moderation', null],
    ['best_of', 1],
    ['echo', false],
    ['suffix', null],
    ['repetition_penalty', 1],
    ['min_p', 0],
  ];

  it.each(UNREAD)('%s is taken where it changes nothing, as is its absence', async (name, value) => {
    const plainly = await plain().json(asking('where'));
    for (const given of [value, null]) {
      const { response, json } = await plain().json({ ...asking('where'), [name]: given });
      expect(response.status, JSON.stringify(json)).toBe(200);
      expect(json.choices).toEqual(plainly.json.choices);
    }
  });

  it('that change nothing are all tried here, and have their reason in docs/api.md', () => {
    expect(UNREAD.map(([name]) => name)).toEqual(Object.keys(UNREAD_OPTIONS));
    const docs = readFileSync('docs/api.md', 'utf8');
    for (const [name, { description }] of Object.entries(UNREAD_OPTIONS)) {
      const why = description?.replace('Changes nothing: ', '') ?? '';
      expect(docs.split('\n').find((line) => line.startsWith(`| \`${name}\``))).toContain(why);
    }
  });

  it('that nobody set are null', async () => {
    const unset = ['model', 'stream', 'stream_options', 'temperature', 'top_p', 'max_tokens', 'stop', 'seed'];
    const more = ['max_completion_tokens', 'tools', 'ai_search_options', 'fedcar'];
    const nothing = Object.fromEntries([...unset, ...more].map((name) => [name, null]));
    const { response, json } = await plain().json({ ...asking('where'), ...nothing });
    expect(response.status, JSON.stringify(json)).toBe(200);
    const byQuery = await plain().json({ query: 'where', messages: null });
    expect(byQuery.response.status, JSON.stringify(byQuery.json)).toBe(200);
    const named = await plain().json({
      ...asking('where'),
      query: null,
      functions: [{ name: 'f' }],
      function_call: 'none',
    });
    expect(named.response.status, JSON.stringify(named.json)).toBe(200);
    const query_rewrite = { enabled: true, model: 'm', rewrite_prompt: 'Rewrite.' };
    const reranking = { enabled: false, model: 'm', match_threshold: 0.4 };
    const cache = { enabled: false, cache_threshold: 'close_enough' };
    const inner = {
      ai_search_options: { retrieval: null, query_rewrite, reranking, cache },
      fedcar: { region: null, explain: null },
    };
    expect((await plain().json({ ...asking('where'), ...inner })).json.chunks).toHaveLength(3);
    const unboosted = { ai_search_options: { retrieval: { boost_by: [] } } };
    expect((await plain().json({ ...asking('where'), ...unboosted })).json.chunks).toHaveLength(3);
  });

  it('of a text that can be one only are satisfied', async () => {
    for (const option of [
      { temperature: 1.3 },
      { top_p: 0.1 },
      { seed: -7 },
      { seed: 2 ** 62 },
      { temperature: 0, n: 1 },
    ]) {
      const { json } = await plain().json({ ...asking('where'), ...option });
      expect(json.choices[0]).toMatchObject({
        message: { content: 'a#0 [1] b#0 [2]' },
        finish_reason: 'stop',
      });
    }
  });

  it('end an answer at a number of tokens, the lower of two, or before a text', async () => {
    const short = await plain().json({ ...asking('where'), max_completion_tokens: 2, max_tokens: 16_000 });
    expect(short.json.choices[0]).toMatchObject({ message: { content: 'a#0 [1]' }, finish_reason: 'length' });
    expect(short.json.citations).toEqual(['a#0']);
    const long = await plain().json({ ...asking('where'), max_tokens: 16_000 });
    expect(long.json.choices[0]).toMatchObject({
      message: { content: 'a#0 [1] b#0 [2]' },
      finish_reason: 'stop',
    });
    const stopped = await plain().json({ ...asking('where'), stop: ['nowhere', ' b#'] });
    expect(stopped.json.choices[0]).toMatchObject({ message: { content: 'a#0 [1]' }, finish_reason: 'stop' });
    expect(stopped.json.citations).toEqual(['a#0']);
    const unfound = await plain().json({ ...asking('nothing'), stop: 'in the' });
    expect(unfound.json.choices[0]?.message.content).toBe('I found nothing ');
  });

  it('choose the extractive answerer beside another', async () => {
    const server = await modelServer(replyInPieces(['In b']));
    const env = {
      FEDCAR_ANSWERER: 'openai',
      FEDCAR_ANSWER_URL: server.url,
      FEDCAR_ANSWER_MODEL: 'm',
    } as const;
    const { json } = await chatClient(env).json({ ...asking('where'), model: 'extractive' });
    expect(json.model).toBe('extractive');
    expect(server.requests).toHaveLength(0);
    await server.stop();
  });
});

describe('messages', () => {
  const where = { role: 'user', content: 'where' };
  const call = { id: '1', type: 'function', function: { name: 'f', arguments: '{}' } };
  it.each([
    ['a name', [{ ...where, name: 'ann' }]],
    ['text in parts', [{ role: 'user', content: [{ type: 'text', text: 'where', cache_control: {} }] }]],
    [
      'a call of a tool',
      [
        where,
        { role: 'assistant', content: null, tool_calls: [call] },
        { role: 'tool', tool_call_id: '1', content: 'x'.repeat(40_000) },
      ],
    ],
    [
      'an answer',
      [
        where,
        { role: 'assistant', content: 'Use it. [1]', refusal: null, annotations: [], audio: null },
        where,
      ],
    ],
    ['a refusal', [where, { role: 'assistant', content: [{ type: 'refusal', refusal: 'No.' }] }, where]],
    ['an empty answer', [where, { role: 'assistant', content: '' }, where]],
    ['only an instruction', [{ role: 'system', content: 'where' }]],
  ])('with %s are read', async (_name, messages) => {
    const { response, json } = await plain().json({ messages });
    expect(response.status, JSON.stringify(json)).toBe(200);
    expect(json).toMatchObject({ search_query: 'where', citations: ['a#0', 'b#0'] });
  });

  it('take our own answer back as it was', async () => {
    const { json } = await plain().json(asking('where'));
    const { message } = json.choices[0]!;
    const { response } = await plain().json({
      messages: [where, message, { role: 'user', content: 'and then?' }],
    });
    expect(response.status).toBe(200);
  });
});
