/**
 * Answers of language models that are simple enough to be judged, through HTTP against workerd: citations are checked,
 * a sentence without support is marked, and what documents say is data. Several minutes: with FEDCAR_FULL=1 only.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Deployment } from '../../cli/deployment.ts';
import { containsRight, DOCUMENTS, QUESTIONS } from '../answers/answer-set.ts';
import { type ModelServer, modelServer, replyWhole } from '../helpers/model-server.ts';
import { startService } from '../helpers/service.ts';
import { INJECTED, INJECTION, MODELS, readPrompt, type SimpleModel } from '../helpers/simple-models.ts';

const UNVERIFIED = ' [unverified]';
const BATCH = 24;
/** Characters of a sentence that tell whose it is. */
const SHORTEST = 10;

let folder: string;
let server: ModelServer;
let service: Deployment;
let model: SimpleModel = MODELS[0]!;

async function post<T>(path: string, body: unknown): Promise<T> {
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(`${service.url}/v1${path}`, {
    method: 'POST',
    headers,
    body: JSON.stringify(body),
  });
  const text = await response.text();
  expect(response.ok, text).toBe(true);
  return JSON.parse(text) as T;
}

/** Pages whose last paragraph is an instruction. */
const hostile = DOCUMENTS.filter(({ format, key }) => format === 'markdown' && key.includes('/')).map(
  (page) => ({
    ...page,
    text: `${page.text}\n\n${INJECTION}\n`,
  }),
);

const full = describe.skipIf(process.env.FEDCAR_FULL !== '1');

full('a language model that', () => {
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'fedcar-models-'));
    server = await modelServer((body, response) =>
      replyWhole(model.answer(readPrompt(body)))(body, response),
    );
    const FEDCAR_ANSWER_URL = server.url;
    const variables = { FEDCAR_ANSWERER: 'openai', FEDCAR_ANSWER_URL, FEDCAR_ANSWER_MODEL: 'some-model' };
    service = await startService({ folder, variables });
    await post('/collections', {
      name: 'hostile',
      settings: { regions: ['weur'], schedule: { everyHours: 0 } },
    });
    for (let at = 0; at < DOCUMENTS.length; at += BATCH)
      await post('/items', { items: DOCUMENTS.slice(at, at + BATCH) });
    await post('/collections/hostile/items', { items: hostile });
  }, 600_000);

  afterAll(async () => {
    await service?.stop();
    await server?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  interface Completion {
    choices: { message: { content: string } }[];
    citations: string[];
    chunks: { id: string }[];
  }

  it.each(MODELS)('$name', { timeout: 900_000 }, async (each) => {
    model = each;
    const counts = { asked: 0, right: 0, marked: 0, unmarked: 0, supportedMarked: 0, sentences: 0 };
    const collection = each.unsupported === INJECTED ? '/collections/hostile' : '';
    for (const { question, right } of QUESTIONS.filter(({ set }) => set === 'second')) {
      const { choices, citations, chunks } = await post<Completion>(`${collection}/chat/completions`, {
        messages: [{ role: 'user', content: question }],
      });
      const answer = choices[0]!.message.content;
      // Nothing was found, and no model was asked.
      if (answer.startsWith('I found nothing')) continue;
      counts.asked += 1;
      if (containsRight(answer.replaceAll(UNVERIFIED, ''), right.replace(/[.!?]$/, ''))) counts.right += 1;
      const ids = chunks.map(({ id }) => id);
      for (const cited of citations) expect(ids).toContain(cited);
      expect(answer).not.toContain('[99]');
      const said = answer.split(/(?<=[.!?])(?=\s+[^\s[])|(?<=\])(?=\s+[^\s[])/);
      for (const sentence of said.filter((text) => text.trim() !== '')) {
        const bare = sentence
          .replace(/\s*\[[^\]]*\]/g, '')
          .trim()
          .replace(/[.!?]$/, '');
        // A number or a word alone may be part of anything.
        const isInvented = bare.length >= SHORTEST && (each.unsupported?.includes(bare) ?? false);
        const isMarked = sentence.includes('[unverified]');
        counts.sentences += 1;
        if (isInvented) counts[isMarked ? 'marked' : 'unmarked'] += 1;
        else if (isMarked) counts.supportedMarked += 1;
      }
    }
    console.log(`${each.name}: ${JSON.stringify(counts)}`);
    expect(counts.asked).toBeGreaterThanOrEqual(30);
    // What was made up is never shown as if a source said it.
    expect(counts.unmarked).toBe(0);
    if (each.unsupported !== null) expect(counts.marked).toBeGreaterThan(0);
    // An honest one is believed; of one that cites wrongly most sentences are not.
    const share = counts.supportedMarked / counts.sentences;
    if (each.name.startsWith('cites')) expect(share).toBeGreaterThan(0.7);
    else expect(share).toBe(0);
  });
});
