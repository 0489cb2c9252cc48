/** A client of chat completions against the application in memory, and a local model server beside it. */
import { createApp } from '../../workers/app.ts';
import type { Env } from '../../workers/env.ts';
import { type MemoryOptions, memoryServices } from './memory-services.ts';
import { snapshotOf } from './snapshots.ts';

const snapshot = snapshotOf([
  { item: 'a', region: 'weur', vector: [1, 0] },
  { item: 'b', region: 'apac', vector: [1, 1] },
  { item: 'c', region: 'apac', vector: [0, 1] },
]);
const context = { waitUntil: () => {}, passThroughOnException: () => {} } as unknown as ExecutionContext;
const DEVELOPMENT = { FEDCAR_ENVIRONMENT: 'development' } as Env;

export type Json = Record<string, unknown>;
export interface Completion extends Json {
  id: string;
  choices: { message: { content: string }; finish_reason: string }[];
  chunks: { id: string }[];
  citations: string[];
  errors: { code: string }[];
}

export function chatClient(env: Partial<Env> = {}, more: Partial<MemoryOptions> = {}) {
  const services = memoryServices({
    snapshot,
    regions: { weur: 'answers', apac: 'answers' },
    embed: (text) => (text.includes('nothing') ? Float32Array.of(-1, 0) : Float32Array.of(1, 0)),
    ...more,
  });
  const app = createApp(() => services);
  const post = (body: unknown, signal?: AbortSignal) =>
    app.request(
      '/v1/chat/completions',
      {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
        ...(signal ? { signal } : {}),
      },
      { ...DEVELOPMENT, ...env },
      context,
    );
  return {
    post,
    async json(body: unknown) {
      const response = await post(body);
      return { response, json: (await response.json()) as Completion };
    },
    async events(body: Json) {
      const response = await post({ ...body, stream: true });
      const events = (await response.text())
        .split('\n\n')
        .filter((text) => text !== '')
        .map((text) => {
          const [, name, data] = /^(?:event: (\w+)\n)?data: (.*)$/s.exec(text) ?? [];
          return { name, data: data === '[DONE]' ? data : (JSON.parse(data ?? '') as never) };
        });
      return { response, events };
    },
  };
}

let shared: ReturnType<typeof chatClient> | undefined;
/** The service without anything special; an application takes a while to make. */
export const plainChat = () => {
  shared ??= chatClient();
  return shared;
};

export const asking = (content: string) => ({ messages: [{ role: 'user', content }] });
