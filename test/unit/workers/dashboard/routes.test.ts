/** What the pages send, in Node; that they work is tried in a browser. */
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { createApp } from '../../../../workers/app.ts';
import type { Env } from '../../../../workers/env.ts';
import { memoryServices } from '../../../helpers/memory-services.ts';
import { snapshotOf } from '../../../helpers/snapshots.ts';

const services = memoryServices({
  snapshot: snapshotOf([{ item: 'a', region: 'weur', vector: [1, 0] }]),
  regions: { weur: 'answers' },
  embed: () => Float32Array.of(1, 0),
});
const context = { waitUntil: () => {}, passThroughOnException: () => {} } as unknown as ExecutionContext;
const app = createApp(() => services);
// Without a secret nothing under /v1 is served; pages hold no data and are.
const get = (path: string, headers: Record<string, string> = {}) =>
  app.request(path, { headers }, {} as Env, context);

const pages = ['/ask', '/privacy', '/dashboard', '/docs'];
const bodies = new Map<string, string>();

beforeAll(async () => {
  vi.spyOn(console, 'log').mockImplementation(() => {});
  for (const page of pages) bodies.set(page, await (await get(page)).text());
});

const filesOf = (page: string): string[] =>
  [...(bodies.get(page) ?? '').matchAll(/(?:src|href)="(\/ui\/[^"]+)"/g)].map(([, path]) => path as string);

describe.each(pages)('%s', (page) => {
  it('may load its own files and nothing else, and is always fresh', async () => {
    const { status, headers } = await get(page);
    expect(status).toBe(200);
    expect(headers.get('content-type')).toMatch(/^text\/html/);
    const policy = headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("script-src 'self'");
    expect(policy).not.toMatch(/unsafe|\*/);
    expect(headers.get('cache-control')).toBe('no-cache');
    expect(bodies.get(page)).toMatch(/^<!doctype html><html lang="en">/i);
  });

  it('has nothing inline, and nothing from elsewhere', () => {
    const text = bodies.get(page) ?? '';
    expect(text).not.toMatch(/<style|\sstyle=|\son[a-z]+="|javascript:/);
    expect([...text.matchAll(/<script[^>]*>([^<]*)/g)].map(([, inner]) => inner).join('')).toBe('');
    expect(text).not.toMatch(/(?:src|href)="(?:https?:)?\/\//);
  });

  it('names files by their content, which browsers keep for ever and do not load twice', async () => {
    expect(filesOf(page).length).toBeGreaterThanOrEqual(2);
    for (const path of filesOf(page)) {
      expect(path).toMatch(/-[0-9a-f]{16}\.(js|css|svg)$/);
      const { status, headers } = await get(path);
      expect([status, headers.get('cache-control')]).toEqual([200, 'public, max-age=31536000, immutable']);
      const again = await get(path, { 'if-none-match': headers.get('etag') ?? '' });
      expect(again.status).toBe(304);
    }
  });
});

it('has no file under another name', async () => {
  const response = await get('/ui/dashboard-0000000000000000.js');
  expect(response.status).toBe(404);
  expect(await response.json()).toMatchObject({ code: 'unknown_route' });
});

it('leads from the bare address to the dashboard', async () => {
  const response = await get('/');
  expect([response.status, response.headers.get('location')]).toEqual([302, '/dashboard']);
});

it('bundles a script and styles that fetch nothing from elsewhere', async () => {
  const files = pages.flatMap(filesOf);
  const texts = await Promise.all(files.map(async (path) => (await get(path)).text()));
  const addresses = texts.join('\n').match(/https?:\/\/[\w.-]+/g) ?? [];
  // Names of XML dialects are addresses that nobody loads; licences say where they are from.
  expect(addresses.filter((each) => !/^https?:\/\/(www\.w3\.org|github\.com)$/.test(each))).toEqual([]);
});
