/**
 * Bodies, read with a limit before anything looks at them. Neither `content-length` nor `content-encoding` is
 * trusted: bytes are counted as they come, and once more as they come out of the decompressor, so that neither a long
 * stream nor a short one that unfolds ever lies in memory whole.
 */
import type { MiddlewareHandler } from 'hono';
import { jsonProblem } from '../../shared/protocol/json-value.ts';
import type { AppEnv } from '../env.ts';
import { Problem } from '../problem.ts';
import { pointer } from '../validation.ts';
import { shapeProblem } from './json-shape.ts';

/** Largest body, decompressed: a document may have a million characters, of up to four bytes each. */
export const MAX_BODY_BYTES = 4 << 20;

type Bytes = Uint8Array<ArrayBuffer>;

function tooLarge(what: string): Problem {
  return new Problem('payload_too_large', `body: at most ${MAX_BODY_BYTES} bytes${what}`);
}

/** Of one read: what the runtime chooses by itself are pieces of 4 KB, and each costs as much as this one. */
const PIECE_BYTES = 64 << 10;

/** The next piece of a stream, and an end to it. */
function pieces(stream: ReadableStream<Bytes>) {
  try {
    const reader = stream.getReader({ mode: 'byob' });
    return { next: () => reader.read(new Uint8Array(PIECE_BYTES)), cancel: () => reader.cancel() };
  } catch {
    // Not every stream is one of bytes: what comes out of Node's decompressor is none.
    const reader = stream.getReader();
    return { next: () => reader.read(), cancel: () => reader.cancel() };
  }
}

/** @throws Problem as soon as there are more than MAX_BODY_BYTES; the rest is not read. */
async function readAtMost(stream: ReadableStream<Bytes>, what = ''): Promise<Bytes> {
  const { next, cancel } = pieces(stream);
  let bytes: Bytes = new Uint8Array(0);
  let size = 0;
  for (;;) {
    const { done, value } = await next();
    if (done) return bytes.subarray(0, size);
    if (size + value.length > MAX_BODY_BYTES) {
      await cancel().catch(() => {});
      throw tooLarge(what);
    }
    if (size + value.length > bytes.length) {
      const grown = new Uint8Array(Math.min(MAX_BODY_BYTES, Math.max(size + value.length, 2 * bytes.length)));
      grown.set(bytes.subarray(0, size));
      bytes = grown;
    }
    bytes.set(value, size);
    size += value.length;
  }
}

/** The bytes alone: they may lie in a buffer that had room for more. */
function exactBuffer(bytes: Bytes): ArrayBuffer {
  return bytes.length === bytes.buffer.byteLength ? bytes.buffer : bytes.slice().buffer;
}

async function decompressed(compressed: Bytes): Promise<Bytes> {
  const source = new Blob([compressed]).stream() as ReadableStream<Bytes>;
  const unfolding = source.pipeThrough(new DecompressionStream('gzip')) as ReadableStream<Bytes>;
  try {
    return await readAtMost(unfolding, ' when decompressed');
  } catch (error) {
    if (error instanceof Problem) throw error;
    throw new Problem('malformed_body', 'content-encoding: the body is not gzip');
  }
}

/** What the routes read as JSON. */
const JSON_TYPE = /^application\/(?:[a-z-.]+\+)?json(?:;|$)/;

/** A route that takes files of documents, which nobody parses as values. */
const FILE_ROUTE = /\/items\/[^/]+\/file$/;

/**
 * The text of a body, for the routes to parse.
 * @throws Problem unless it is JSON in UTF-8 that says nothing over which schemas pass; it names the place
 */
function checkedJson(bytes: Bytes): string {
  const text = decoded(bytes);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Problem('malformed_json', 'The body is not valid JSON');
  }
  const problem = jsonProblem(value);
  if (problem === null) return text;
  const errors = [{ pointer: pointer('json', problem.path), detail: problem.detail }];
  throw new Problem('invalid_request', `${errors[0]!.pointer}: ${problem.detail}`, { errors });
}

function decoded(bytes: Bytes): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: false }).decode(bytes);
  } catch {
    throw new Problem('malformed_body', `body: not UTF-8 from byte ${invalidByte(bytes)} on`);
  }
}

/** Where the first sequence of bytes begins that is no character of UTF-8. */
function invalidByte(bytes: Bytes): number {
  /** Bytes of the complete characters among the first `length`; null where one of those is none. */
  const whole = (length: number): number | null => {
    try {
      const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
      const text = decoder.decode(bytes.subarray(0, length), { stream: true });
      return new TextEncoder().encode(text).length;
    } catch {
      return null;
    }
  };
  let low = 0;
  for (let high = bytes.length; low < high; ) {
    const middle = (low + high + 1) >> 1;
    if (whole(middle) === null) high = middle - 1;
    else low = middle;
  }
  return whole(low) ?? 0;
}

export function limitBody(): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    const { raw } = c.req;
    // Nothing reads the body of a GET, and no request can be made of one.
    if (raw.body === null || raw.method === 'GET' || raw.method === 'HEAD') return await next();
    const encoding = c.req.header('content-encoding')?.trim().toLowerCase() || 'identity';
    if (encoding !== 'identity' && encoding !== 'gzip') {
      const detail = `content-encoding: gzip or none, not ${encoding.slice(0, 40)}`;
      throw new Problem('unsupported_media_type', detail, { headers: { 'accept-encoding': 'gzip' } });
    }
    const length = Number(c.req.header('content-length') ?? 0);
    if (length > MAX_BODY_BYTES) throw tooLarge(`, got ${length}`);
    const sent = await readAtMost(raw.body as ReadableStream<Bytes>);
    const bytes = encoding === 'gzip' ? await decompressed(sent) : sent;
    const type = c.req.header('content-type')?.trim().toLowerCase() ?? '';
    if (type === '' && bytes.length > 0) {
      throw new Problem('unsupported_media_type', 'content-type: a body has to say what it is');
    }
    // Whatever may be parsed; bytes say that they are bytes.
    if (!type.startsWith('application/octet-stream') && !FILE_ROUTE.test(c.req.path)) {
      const problem = shapeProblem(bytes);
      if (problem !== null) throw new Problem('body_too_complex', problem);
    }
    const json = JSON_TYPE.test(type) && bytes.length > 0 ? checkedJson(bytes) : null;
    const headers = new Headers(raw.headers);
    headers.delete('content-encoding');
    headers.delete('content-length');
    // The runtime hands on no signal by itself: without it nobody would hear that the client left.
    c.req.raw = new Request(raw, { headers, body: bytes, signal: raw.signal });
    // Where hono keeps what was read, as promises: else the bytes go through a stream again for each form asked for.
    const text = json === null ? {} : { text: Promise.resolve(json) };
    Object.assign(c.req.bodyCache, { arrayBuffer: Promise.resolve(exactBuffer(bytes)), ...text });
    await next();
  };
}
