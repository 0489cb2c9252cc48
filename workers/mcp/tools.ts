/**
 * What an agent may do: search, ask, read a document, and say what answered. Every tool is one request to the API, so
 * that scopes, limits and checks are those of the API.
 */
import { z } from 'zod';
import type { ChatCompletion } from '../../shared/protocol/api/chat.ts';
import type { Chunk } from '../../shared/protocol/api/chunk.ts';
import type { FeedbackReceipt } from '../../shared/protocol/api/feedback.ts';
import type { Item } from '../../shared/protocol/api/item.ts';
import type { ProblemDocument } from '../../shared/protocol/api/problem.ts';
import type { SearchResponse } from '../../shared/protocol/api/search.ts';
import { ItemKey } from '../../shared/protocol/names.ts';

/** @param path below the collection's prefix. */
export type CallApi = (method: 'GET' | 'POST', path: string, body?: unknown) => Promise<Response>;

/** What a tool answers: text for the model. */
export interface ToolAnswer {
  text: string;
  /** What the API refused, and why. */
  failed?: true;
}

/** Characters of a document in one answer: what a model reads without losing the rest of its context. */
const PART_CHARACTERS = 20_000;
const QUERY = z.string().trim().min(1).max(4096);
const DOCUMENT = ItemKey.describe('Key of a document, as `search` and `ask` give it');

export const SearchInput = z.strictObject({
  query: QUERY.describe('What to look for, in plain words'),
  limit: z.int().min(1).max(20).default(5).describe('How many documents at most'),
});
export const AskInput = z.strictObject({ question: QUERY.describe('A question that stands by itself') });
export const ReadInput = z.strictObject({
  document: DOCUMENT,
  offset: z.int().min(0).default(0).describe('Character to begin at; a long document comes in parts'),
});
export const FeedbackToolInput = z.strictObject({
  question: QUERY.describe('The question as it was asked'),
  document: DOCUMENT,
  answered: z.boolean().describe('Whether this document answers the question'),
});

export async function search(
  call: CallApi,
  { query, limit }: z.infer<typeof SearchInput>,
): Promise<ToolAnswer> {
  const options = { retrieval: { max_num_results: limit } };
  return await answerOf<SearchResponse>(
    call('POST', '/search', { query, ai_search_options: options }),
    ({ chunks, errors }) => {
      const found = chunks.length === 0 ? 'Nothing was found.' : chunks.map(passage).join('\n\n');
      const away = errors.map(({ region }) => `\n\nThe documents of ${region} could not be searched.`);
      return found + away.join('');
    },
  );
}

export async function ask(call: CallApi, { question }: z.infer<typeof AskInput>): Promise<ToolAnswer> {
  return await answerOf<ChatCompletion>(
    call('POST', '/chat/completions', { query: question }),
    ({ choices, chunks, citations }) => {
      const cited = chunks
        .map((chunk, index) => ({ chunk, index }))
        .filter(({ chunk }) => citations.includes(chunk.id))
        .map(({ chunk, index }) => passage(chunk, index));
      return [choices[0]!.message.content, ...cited].join('\n\n');
    },
  );
}

export async function readDocument(
  call: CallApi,
  { document, offset }: z.infer<typeof ReadInput>,
): Promise<ToolAnswer> {
  return await answerOf<Item>(call('GET', `/items/${encodeURIComponent(document)}`), ({ title, text }) => {
    const end = Math.min(text.length, offset + PART_CHARACTERS);
    const more = end < text.length ? `\n\n(${text.length - end} characters follow: offset ${end})` : '';
    return `# ${title || document}\n\n${text.slice(offset, end)}${more}`;
  });
}

export async function giveFeedback(
  call: CallApi,
  { question, document, answered }: z.infer<typeof FeedbackToolInput>,
): Promise<ToolAnswer> {
  const body = { query: question, item: document, relevant: answered };
  return await answerOf<FeedbackReceipt>(call('POST', '/feedback', body), ({ accepted, region }) =>
    accepted === 0
      ? `This was known already in ${region}.`
      : `Kept in ${region}; it counts at the latest from the next training on.`,
  );
}

function passage({ item, text }: Chunk, index: number): string {
  return `[${index + 1}] ${item.title || item.key} (document: ${item.key})\n${text}`;
}

async function answerOf<T>(asked: Promise<Response>, shown: (value: T) => string): Promise<ToolAnswer> {
  const response = await asked;
  if (response.ok) return { text: shown((await response.json()) as T) };
  const { title, detail } = (await response.json()) as ProblemDocument;
  const wait = response.headers.get('retry-after');
  return { text: `${title}: ${detail}${wait === null ? '' : ` (retry after ${wait} s)`}`, failed: true };
}
