/** Workers with memories of their own over the real objects, whose clocks stand still until they are moved. */
import { createExecutionContext, env, waitOnExecutionContext } from 'cloudflare:test';
import { expect } from 'vitest';
import type { Chunk } from '../../shared/protocol/api/chunk.ts';
import type { CoordinatorApi, RegionApi } from '../../shared/protocol/objects.ts';
import { createApp } from '../../workers/app.ts';
import { servicesOf } from '../../workers/bindings.ts';
import type { Env } from '../../workers/env.ts';
import type { Services } from '../../workers/services.ts';

/** @param base path of the collection that it searches */
export function isolate(base: string) {
  const state = {
    ms: 1_800_000_000_000,
    /** The coordinator says nothing of what serves. */
    silent: false,
    /** Methods of regions that were called, by region. */
    asked: [] as [region: string, method: string][],
  };
  const services = (bindings: Env, later: Services['later']): Services => {
    const real = servicesOf(bindings, later);
    const now = () => state.ms;
    const coordinator: Services['coordinator'] = (collection) => {
      const stub = real.coordinator(collection);
      const pointer: CoordinatorApi['pointer'] = async (version) =>
        state.silent ? await new Promise<never>(() => {}) : await stub.pointer(version);
      return new Proxy(stub, {
        get: (target, name) => (name === 'pointer' ? pointer : Reflect.get(target, name)),
      });
    };
    const region: Services['region'] = (collection, region) =>
      new Proxy(real.region(collection, region), {
        get(target, name) {
          state.asked.push([region, String(name)]);
          return Reflect.get(target, name) as RegionApi[keyof RegionApi];
        },
      });
    return { ...real, now, coordinator, region };
  };
  const app = createApp(services, () => state.ms);
  const call = async (method: string, path: string, body?: unknown) => {
    const context = createExecutionContext();
    const init: RequestInit = { method };
    const binary = { 'content-type': 'application/octet-stream' };
    if (body instanceof Uint8Array) Object.assign(init, { body, headers: binary });
    else if (body !== undefined) {
      Object.assign(init, { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } });
    }
    const response = await app.request(path, init, env as unknown as Env, context);
    const bytes = new Uint8Array(await response.arrayBuffer());
    if (!state.silent) await waitOnExecutionContext(context);
    const isJson = response.headers.get('content-type')?.includes('json') ?? false;
    const json = isJson ? (JSON.parse(new TextDecoder().decode(bytes)) as Record<string, unknown>) : {};
    return { status: response.status, json, bytes };
  };
  const search = async (query: string, fedcar: object = {}, retrieval: object = {}) => {
    const ai_search_options = { retrieval };
    const { status, json } = await call('POST', `${base}/search`, { query, fedcar, ai_search_options });
    expect(status, JSON.stringify(json)).toBe(200);
    const chunks = json.chunks as Chunk[];
    return {
      version: json.model_version,
      stale: json.stale_seconds,
      chunks,
      keys: chunks.map(({ item }) => item.key),
    };
  };
  return { state, call, search };
}
