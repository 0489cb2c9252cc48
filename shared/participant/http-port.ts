/**
 * The coordinator port over HTTP: every request signed with the participant's key, every answer held against its
 * schema, every wait bounded. A call that broke off is repeated with a new nonce; what the service refuses is a
 * `HubError` with its stable code, what never got an answer a `ConnectionError`.
 */
import { numbersIn, toBase64Url } from '../crypto/bytes.ts';
import type { Signer } from '../crypto/ed25519.ts';
import { type RandomSource, systemRandom } from '../crypto/random.ts';
import { signRequest } from '../crypto/request-signature.ts';
import {
  Ack,
  Arrived,
  Refused,
  ROWS_PER_PAGE,
  ROWS_PER_REQUEST,
  RostersPage,
  RowsPage,
} from '../protocol/fl.ts';
import { PART_BYTES } from '../protocol/parameters.ts';
import { Instruction } from '../protocol/rounds.ts';
import type { AnySignedRoster } from '../protocol/secagg.ts';
import type { CoordinatorPort } from './coordinator-port.ts';

/** What a schema of the protocol is good for here. */
export interface Schema<T> {
  safeParse(
    value: unknown,
  ):
    | { success: true; data: T }
    | { success: false; error: { issues: { path: PropertyKey[]; message: string }[] } };
}

/** The service refused; `code` is stable. */
export class HubError extends Error {
  override readonly name = 'HubError';
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, detail: string) {
    super(`${code}: ${detail}`);
    this.status = status;
    this.code = code;
  }
}

/** No answer, or one that is none of this service's. */
export class ConnectionError extends Error {
  override readonly name = 'ConnectionError';
}

export interface HttpPortOptions {
  /** The collection's prefix, such as `https://example.org/v1` or `…/v1/collections/NAME`. */
  url: string;
  /** The participant's name. */
  name: string;
  signer: Signer;
  fetch: (url: string, init: RequestInit) => Promise<Response>;
  /** Milliseconds since 1970. */
  now: () => number;
  pause: (ms: number) => Promise<void>;
  random?: RandomSource;
  /** Seconds that a poll may be held. */
  waitS?: number;
  /** Tries of one call. */
  tries?: number;
  /** Milliseconds that one try may take beside `waitS`. */
  timeoutMs?: number;
}

/** Largest answer in JSON: an invite names every member and the rosters before. */
const MOST_JSON_BYTES = 16 << 20;

export interface HttpPort extends CoordinatorPort {
  /** Rosters after an epoch, oldest first. */
  rosters(after: number): Promise<AnySignedRoster[]>;
  /** Ends this participant's membership. */
  leave(): Promise<void>;
}

export function httpPort(options: HttpPortOptions): HttpPort {
  const send = sender(options);
  const { name, waitS = 25 } = options;
  const json = async <T>(schema: Schema<T>, call: Call): Promise<T> =>
    parse(schema, await send({ ...call, most: MOST_JSON_BYTES }), call.path);
  const own = (participant: string) => {
    if (participant !== name) throw new RangeError(`participant: this port speaks for ${name} alone`);
  };
  const held = (path: string, andNext = false) =>
    andNext ? { path: `${path}?wait=${waitS}`, waitS } : { path };
  return {
    async poll(participant) {
      own(participant);
      return json(Instruction, { method: 'GET', path: `/fl/instruction?wait=${waitS}`, waitS });
    },
    async report(message, andNext) {
      own(message.participant);
      return json(Ack, { method: 'POST', ...held('/fl/reports', andNext), json: message });
    },
    async putChunk({ participant, round, chunk, chunks }, bytes) {
      own(participant);
      return json(Ack, {
        method: 'PUT',
        path: `/fl/rounds/${round}/chunks/${chunk}?chunks=${chunks}`,
        bytes,
      });
    },
    async arrived(participant, round) {
      own(participant);
      return json(Arrived, { method: 'GET', path: `/fl/rounds/${round}/arrived` });
    },
    async putFrame(participant, round, bytes, andNext) {
      own(participant);
      return json(Ack, { method: 'POST', ...held(`/fl/rounds/${round}/frames`, andNext), bytes });
    },
    async statePart(key, part) {
      const path = `/fl/state?key=${encodeURIComponent(key)}&part=${part}`;
      try {
        return await send({ method: 'GET', path, most: PART_BYTES });
      } catch (error) {
        if (error instanceof HubError && error.code === 'state_gone') return null;
        throw error;
      }
    },
    async rowsSince(after, limit) {
      const path = `/fl/rows?after=${after}&limit=${Math.min(limit, ROWS_PER_PAGE)}`;
      return (await json(RowsPage, { method: 'GET', path })).rows;
    },
    async rowEmbeddings(rows) {
      const parts: Float32Array[] = [];
      for (let at = 0; at < rows.length; at += ROWS_PER_REQUEST) {
        const wanted = rows.slice(at, at + ROWS_PER_REQUEST);
        const call = { method: 'POST', path: '/fl/row-embeddings', json: { rows: wanted } };
        const bytes = await send({ ...call, most: MOST_JSON_BYTES });
        if (bytes.length % (4 * wanted.length) !== 0) {
          throw new ConnectionError(`${call.path}: ${bytes.length} bytes for ${wanted.length} rows`);
        }
        parts.push(numbersIn(bytes, Float32Array));
      }
      const joined = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
      let at = 0;
      for (const part of parts) {
        joined.set(part, at);
        at += part.length;
      }
      return joined;
    },
    async rosters(after) {
      return (await json(RostersPage, { method: 'GET', path: `/fl/rosters?after=${after}` })).rosters;
    },
    async leave() {
      await send({ method: 'POST', path: '/fl/leave', most: MOST_JSON_BYTES });
    },
  };
}

export interface Call {
  method: string;
  /** Behind the collection's prefix. */
  path: string;
  json?: unknown;
  bytes?: Uint8Array;
  /** Seconds that the answer may be held. */
  waitS?: number;
  /** Bytes of the largest answer. */
  most?: number;
}

/** Sends signed calls. @throws HubError, ConnectionError */
export function sender(options: HttpPortOptions): (call: Call) => Promise<Uint8Array> {
  const { url, tries = 4, pause } = options;
  return async (call) => {
    for (let attempt = 1; ; attempt++) {
      try {
        return await once(options, url, call);
      } catch (error) {
        const passing =
          error instanceof ConnectionError ||
          (error instanceof HubError && (error.status === 503 || error.status === 429));
        if (!passing || attempt === tries) throw error;
        await pause(250 * 2 ** attempt);
      }
    }
  };
}

async function once(options: HttpPortOptions, prefix: string, call: Call): Promise<Uint8Array> {
  const { name, signer, now, random = systemRandom, timeoutMs = 30_000 } = options;
  const target = new URL(prefix + call.path);
  const body =
    call.json === undefined ? (call.bytes ?? null) : new TextEncoder().encode(JSON.stringify(call.json));
  const request = {
    method: call.method,
    authority: target.host,
    target: target.pathname + target.search,
    body: body ?? new Uint8Array(0),
  };
  const headers = await signRequest(request, {
    signer,
    keyId: name,
    createdS: Math.floor(now() / 1000),
    nonce: toBase64Url(random(16)),
  });
  const init: RequestInit = { method: call.method, headers, redirect: 'manual' };
  if (body !== null) {
    const type = call.json === undefined ? 'application/octet-stream' : 'application/json';
    init.headers = { ...headers, 'content-type': type };
    init.body = body as BodyInit;
  }
  const quitting = new AbortController();
  const timer = setTimeout(() => quitting.abort(), timeoutMs + 1000 * (call.waitS ?? 0));
  try {
    const response = await options.fetch(target.href, { ...init, signal: quitting.signal });
    const bytes = await readAtMost(response, call.most ?? MOST_JSON_BYTES, call.path);
    if (response.ok) return bytes;
    throw refusal(response.status, bytes);
  } catch (error) {
    if (error instanceof HubError || error instanceof ConnectionError) throw error;
    throw new ConnectionError(
      `${call.method} ${target.origin}${call.path.split('?')[0]}: ${reasonOf(error)}`,
    );
  } finally {
    clearTimeout(timer);
  }
}

/** Node hides why a connection failed in the cause. */
function reasonOf(error: unknown): string {
  const { cause } = error as { cause?: { code?: string; message?: string } };
  return cause?.code ?? cause?.message ?? (error instanceof Error ? error.message : String(error));
}

async function readAtMost(response: Response, most: number, path: string): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let length = 0;
  const reader = response.body?.getReader();
  for (;;) {
    const chunk = await reader?.read();
    if (chunk === undefined || chunk.done) break;
    parts.push(chunk.value);
    length += chunk.value.length;
    if (length > most) {
      // Not waited for: a body may never say that it has ended.
      void reader?.cancel().catch(() => {});
      throw new ConnectionError(`${path}: an answer of more than ${most} bytes`);
    }
  }
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

function refusal(status: number, bytes: Uint8Array): HubError {
  try {
    const { code, detail } = Refused.parse(JSON.parse(new TextDecoder().decode(bytes)));
    return new HubError(status, code, detail);
  } catch {
    return new HubError(status, 'unknown', `the answer has status ${status} and no problem document`);
  }
}

/** @throws ConnectionError for an answer that does not fit its schema: nothing of it is used */
export function parse<T>(schema: Schema<T>, bytes: Uint8Array, path: string): T {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    throw new ConnectionError(`${path.split('?')[0]}: the answer is not JSON`);
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new ConnectionError(
    `${path.split('?')[0]}: the answer does not fit its schema at ${issue?.path.map(String).join('.')}: ${issue?.message}`,
  );
}
