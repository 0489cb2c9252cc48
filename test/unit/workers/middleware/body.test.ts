/** Limits on bodies, over HTTP: what is too large, folded up, too deep, or of another kind. */
import { gzipSync } from 'node:zlib';
import { Hono } from 'hono';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { AppEnv } from '../../../../workers/env.ts';
import { limitBody, MAX_BODY_BYTES } from '../../../../workers/middleware/body.ts';
import { MAX_DEPTH, MAX_PARTS } from '../../../../workers/middleware/json-shape.ts';
import { type Ask, caughtLog, guardedApp, SECRET } from '../../../helpers/guarded-app.ts';

beforeEach(() => void caughtLog());
afterEach(() => void vi.restoreAllMocks());

const search = (more: Ask) => guardedApp().ask('/v1/search', { method: 'POST', token: SECRET, ...more });
const gzip = { 'content-encoding': 'gzip' };

/** A stream that never ends, and how many bytes of it were asked for. */
function endless() {
  const state = { sent: 0, cancelled: false };
  const chunk = new Uint8Array(1 << 16).fill(0x20);
  const stream = new ReadableStream<Uint8Array>({
    pull(controller) {
      state.sent += chunk.length;
      controller.enqueue(chunk);
    },
    cancel() {
      state.cancelled = true;
    },
  });
  return { state, stream };
}

describe('a body', () => {
  it.each([0, 1, 65_536, 200_001])(
    'of %i bytes is what a route reads of it, and nothing behind',
    async (length) => {
      const app = new Hono<AppEnv>().use(limitBody()).post('/', async (c) => {
        const bytes = new Uint8Array(await c.req.arrayBuffer());
        return c.json({ same: bytes.length === length && bytes.every((byte, i) => byte === i % 251) });
      });
      const bytes = Uint8Array.from({ length }, (_, i) => i % 251);
      // In pieces that fit no buffer.
      const stream = new ReadableStream<Uint8Array>({
        start(controller) {
          for (let at = 0; at < length; at += 7_777) controller.enqueue(bytes.slice(at, at + 7_777));
          controller.close();
        },
      });
      const headers = { 'content-type': 'application/octet-stream' };
      const init = { method: 'POST', headers, body: stream, duplex: 'half' } as RequestInit;
      expect(await (await app.request('/', init)).json()).toEqual({ same: true });
    },
  );

  it('of JSON may be read by a route in every form', async () => {
    const app = new Hono<AppEnv>().use(limitBody()).post('/', async (c) => {
      const [value, text, bytes] = [await c.req.json(), await c.req.text(), await c.req.arrayBuffer()];
      return c.json([value, text, bytes.byteLength]);
    });
    const headers = { 'content-type': 'application/json' };
    const answer = await app.request('/', { method: 'POST', headers, body: '\ufeff{"a":"ü"}' });
    expect(await answer.json()).toEqual([{ a: 'ü' }, '{"a":"ü"}', 13]);
  });

  it('may be gzip', async () => {
    const { status, json } = await search({ body: gzipSync('{"query":"x"}'), headers: gzip });
    expect(status).toBe(200);
    expect(json.search_query).toBe('x');
  });

  it.each([
    ['Latin-1', '7b227175657279223a22fc227d', 10],
    ['a cut-off character', '7b227175657279223a22e282227d', 10],
    ['an encoded half of a pair', '7b227175657279223a22eda080227d', 10],
    ['UTF-16', 'fffe7b002200', 0],
  ])('that is not UTF-8 is refused, with the place: %s', async (_, hex, at) => {
    const { json } = await search({ body: Buffer.from(hex, 'hex') });
    expect(json).toMatchObject({ status: 400, code: 'malformed_body' });
    expect(json.detail).toBe(`body: not UTF-8 from byte ${at} on`);
  });

  it('with half a surrogate pair is refused, with the place', async () => {
    const { json } = await search({ body: '{"query":"ab\\ud83d"}' });
    const detail = 'half a surrogate pair at character 2';
    expect(json).toMatchObject({ status: 400, errors: [{ pointer: '#/query', detail }] });
  });

  it('that unfolds to more than the limit is refused, however short it is', async () => {
    const bomb = gzipSync(Buffer.alloc(MAX_BODY_BYTES * 4, 0x20));
    expect(bomb.length).toBeLessThan(MAX_BODY_BYTES / 10);
    const { json } = await search({ body: bomb, headers: gzip });
    expect(json).toMatchObject({ status: 413, code: 'payload_too_large' });
    expect(json.detail).toContain('decompressed');
  });

  it('that was folded up twice is folded out once', async () => {
    const { json } = await search({ body: gzipSync(gzipSync('{"query":"x"}')), headers: gzip });
    expect(json).toMatchObject({ status: 400, code: 'malformed_body' });
  });

  it.each([
    ['not gzip', Buffer.from('{"query":"x"}')],
    ['cut off', gzipSync('{"query":"x"}').subarray(0, 20)],
  ])('that is %s although it says gzip is refused', async (_, body) => {
    const { json } = await search({ body, headers: gzip });
    expect(json).toMatchObject({ status: 400, code: 'malformed_body' });
  });

  it.each(['br', 'deflate', 'zstd', 'gzip, gzip'])('of the encoding %s is refused', async (encoding) => {
    const { json, headers } = await search({ body: '{}', headers: { 'content-encoding': encoding } });
    expect(json).toMatchObject({ status: 415, code: 'unsupported_media_type' });
    expect(headers.get('accept-encoding')).toBe('gzip');
  });

  it('without an end is read as far as the limit', async () => {
    const { state, stream } = endless();
    const { json } = await search({ body: stream });
    expect(json).toMatchObject({ status: 413, code: 'payload_too_large' });
    expect(state.sent).toBeLessThan(MAX_BODY_BYTES + (1 << 18));
    expect(state.cancelled).toBe(true);
  });

  it('is measured and not believed: its stated length may be short', async () => {
    const { stream } = endless();
    const { json } = await search({ body: stream, headers: { 'content-length': '10' } });
    expect(json.code).toBe('payload_too_large');
  });

  it('is not read at all for whoever may not ask', async () => {
    const { state, stream } = endless();
    const { ask } = guardedApp();
    expect((await ask('/v1/search', { method: 'POST', body: stream })).status).toBe(401);
    expect(state.sent).toBeLessThan(1 << 18);
  });

  it('says what it is, and cannot pass the limits by calling itself something else', async () => {
    const untyped = await search({
      body: new TextEncoder().encode('{"query":"x"}'),
      headers: { 'content-type': '' },
    });
    expect(untyped.json).toMatchObject({ status: 415, code: 'unsupported_media_type' });
    const deep = `{"query":${'['.repeat(MAX_DEPTH)}${']'.repeat(MAX_DEPTH)}}`;
    for (const type of ['text/plain', 'application/x']) {
      const { json } = await search({ body: deep, headers: { 'content-type': type } });
      expect(json).toMatchObject({ code: 'body_too_complex' });
    }
  });

  it('that is empty need not say what it is', async () => {
    const body = new ReadableStream<Uint8Array>({ start: (controller) => controller.close() });
    const { json } = await search({ body, headers: { 'content-type': '' } });
    expect(json).toMatchObject({ status: 400, code: 'invalid_request' });
  });

  it('may have so many parts, one inside another and altogether', async () => {
    const deep = `{"query":${'['.repeat(MAX_DEPTH)}${']'.repeat(MAX_DEPTH)}}`;
    expect((await search({ body: deep })).json).toMatchObject({ status: 400, code: 'body_too_complex' });
    const long = `{"query":[${'{},'.repeat(MAX_PARTS)}{}]}`;
    expect((await search({ body: long })).json).toMatchObject({ status: 400, code: 'body_too_complex' });
    const folded = await search({ body: gzipSync(deep), headers: gzip });
    expect(folded.json).toMatchObject({ code: 'body_too_complex' });
  });
});
