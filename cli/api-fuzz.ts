/**
 * Requests made up from the OpenAPI document, in large numbers: bodies that fit a schema and bodies that nearly do,
 * names that are not names, headers and encodings that nobody sends. Every answer has to be one that the document speaks
 * of and fit its schema, and none may be a 5xx but one that names what cannot be used. Seeded, so that what was found can be made again.
 */
import { gzipSync } from 'node:zlib';
import { AnswerChecks, type DeclaredResponses } from './api-answers.ts';

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
interface Schema {
  [key: string]: unknown;
}
interface Operation {
  parameters?: { name: string; in: string; schema?: Schema }[];
  requestBody?: { content: Record<string, { schema: Schema }> };
  responses: DeclaredResponses;
}
export interface OpenApiDocument {
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Schema> };
}

export interface FuzzFinding {
  request: string;
  status: number;
  why: string;
}

export interface FuzzOptions {
  url: string;
  token: string;
  requests: number;
  random: () => number;
  /** Told how many were made. */
  progress(done: number): void;
  /** Told of each wrong answer as it comes. */
  found(finding: FuzzFinding): void;
}

/** Names that objects have, and texts that parsers stumble over. */
const NASTY = [
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  'valueOf',
  '..',
  '%2e%2e',
  'a/b',
  '\u0000',
  '\ud800',
  '🙂'.repeat(40),
  'x'.repeat(3000),
  '-1',
  '1e309',
  'null',
  '',
  ' ',
  "'; DROP TABLE items; --",
  '\u202e',
  'İ',
];
const HEADERS: [string, string][] = [
  ['content-type', 'text/plain'],
  ['content-type', 'application/json; charset=utf-16'],
  ['content-encoding', 'gzip'],
  ['content-encoding', 'br'],
  ['accept', 'image/png'],
  ['x-request-id', 'x'.repeat(200)],
  ['authorization', 'Bearer __proto__'],
  ['origin', 'null'],
  ['range', 'bytes=0-0'],
];
/** What a 503 may say: a part that cannot be used, never a bug. */
const NAMED = new Set([
  'encoder_failed',
  'unavailable',
  'region_failed',
  'coordinator_failed',
  'directory_failed',
]);
const DEEPEST = 6;
const AT_ONCE = 16;
/** These end what the others need. */
const LEFT_OUT = new Set([
  'DELETE /v1/collections/{name}',
  'POST /v1/reindex',
  'POST /v1/collections/{collection}/reindex',
]);

export interface FuzzResult {
  wrong: number;
  /** How many answers had each status; 0: there was none. */
  statuses: Map<number, number>;
}

export async function fuzz(document: OpenApiDocument, options: FuzzOptions): Promise<FuzzResult> {
  const checks = new AnswerChecks(document);
  const maker = new Maker(document, options.random);
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods)
      .filter(([method]) => ['get', 'post', 'put', 'patch', 'delete'].includes(method))
      .map(([method, operation]) => ({ path, method: method.toUpperCase(), operation }))
      .filter(({ path: at, method: verb }) => !LEFT_OUT.has(`${verb} ${at}`)),
  );
  let wrong = 0;
  const statuses = new Map<number, number>();
  let made = 0;
  let done = 0;
  const work = async () => {
    while (made < options.requests) {
      const { path, method, operation } = operations[made++ % operations.length]!;
      const request = maker.request(path, method, operation, options.token);
      const answer = await send(options.url, request, operation, checks);
      if (answer !== null) statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
      if (answer !== null && answer.why !== null) {
        wrong += 1;
        options.found({ request: shown(method, request), status: answer.status, why: answer.why });
      }
      options.progress(++done);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return { wrong, statuses };
}

interface Made {
  target: string;
  init: RequestInit;
}

/** As much of a request as tells it from others. */
function shown(method: string, { target, init }: Made): string {
  const body = typeof init.body === 'string' ? ` ${init.body.slice(0, 300)}` : '';
  return `${method} ${target.slice(0, 300)}${body}`;
}

/** Null when it could not be sent at all. */
async function send(url: string, { target, init }: Made, { responses }: Operation, checks: AnswerChecks) {
  let response: Response;
  let text: string;
  try {
    response = await fetch(`${url}${target}`, { ...init, signal: AbortSignal.timeout(60_000) });
    text = await response.text();
  } catch (error) {
    // What fetch itself refuses to send.
    if (error instanceof TypeError && (error.cause as { code?: string } | undefined)?.code === undefined)
      return null;
    return { status: 0, why: `no answer: ${String((error as Error).cause ?? error)}` };
  }
  const { status } = response;
  const type = (response.headers.get('content-type') ?? '').split(';')[0]!.trim().toLowerCase();
  const why = checks.problem(responses, { status, type, text });
  if (status >= 500 && !(status === 503 && NAMED.has(codeOf(text))))
    return { status, why: text.slice(0, 300) };
  return { status, why: why === null ? null : `${why}: ${text.slice(0, 300)}` };
}

function codeOf(text: string): string {
  try {
    return String((JSON.parse(text) as { code?: unknown }).code);
  } catch {
    return '';
  }
}

class Maker {
  readonly #document: OpenApiDocument;
  readonly #random: () => number;

  constructor(document: OpenApiDocument, random: () => number) {
    this.#document = document;
    this.#random = random;
  }

  request(path: string, method: string, operation: Operation, token: string): Made {
    const headers: Record<string, string> = { authorization: `Bearer ${token}` };
    let target = path.replace(/\{(\w+)\}/g, () => encodeSafe(this.#name()));
    const query = (operation.parameters ?? []).filter((each) => each.in === 'query' && this.#chance(0.5));
    const pairs = query.map(
      ({ name, schema = {} }) => `${name}=${encodeSafe(String(this.#value(schema, 0)))}`,
    );
    if (this.#chance(0.05)) pairs.push(`${encodeSafe(this.#pick(NASTY))}=1`);
    if (pairs.length > 0) target += `?${pairs.join('&')}`;
    const content = operation.requestBody?.content ?? {};
    const type = Object.keys(content)[0];
    const init: RequestInit = { method, headers };
    if (type !== undefined && method !== 'GET') {
      headers['content-type'] = type;
      const json = JSON.stringify(this.#value(content[type]!.schema, 0)) ?? '';
      init.body = this.#damaged(json, headers);
    }
    if (this.#chance(0.1)) {
      const [name, value] = this.#pick(HEADERS);
      headers[name] = value;
    }
    return { target, init };
  }

  /** Sometimes compressed, cut, or not UTF-8. */
  #damaged(json: string, headers: Record<string, string>): BodyInit {
    const dice = this.#random();
    if (dice < 0.04) return json.slice(0, Math.floor(json.length * this.#random()));
    if (dice < 0.07) return new Uint8Array([...Buffer.from(json.slice(0, -1)), 0xff, 0xfe]);
    if (dice < 0.1) {
      headers['content-encoding'] = 'gzip';
      return new Uint8Array(gzipSync(json));
    }
    if (dice < 0.12) return '['.repeat(2000);
    return json;
  }

  #value(schema: Schema, depth: number): Json {
    // Now and then something else altogether.
    if (this.#chance(0.06)) return this.#anything();
    const { $ref, anyOf, oneOf, allOf, type } = schema;
    if (typeof $ref === 'string')
      return this.#value(this.#document.components.schemas[$ref.split('/').at(-1)!] ?? {}, depth);
    const choices = (anyOf ?? oneOf) as Schema[] | undefined;
    if (choices !== undefined) return this.#value(this.#pick(choices), depth);
    if (Array.isArray(allOf)) return this.#value(this.#pick(allOf as Schema[]), depth);
    if ('const' in schema) return schema.const as Json;
    if (Array.isArray(schema.enum)) return this.#pick(schema.enum as Json[]);
    const one = Array.isArray(type) ? this.#pick(type as string[]) : type;
    if (one === 'object') return this.#object(schema, depth);
    if (one === 'array') {
      const length = depth > DEEPEST ? 0 : Math.floor(3 * this.#random());
      return Array.from({ length }, () => this.#value((schema.items ?? {}) as Schema, depth + 1));
    }
    if (one === 'boolean') return this.#chance(0.5);
    if (one === 'null') return null;
    if (one === 'integer' || one === 'number') return this.#number(schema, one === 'integer');
    return one === 'string' ? this.#name() : this.#anything();
  }

  #object(schema: Schema, depth: number): Json {
    const properties = (schema.properties ?? {}) as Record<string, Schema>;
    const required = new Set((schema.required ?? []) as string[]);
    const entries: [string, Json][] = [];
    for (const [name, inner] of Object.entries(properties)) {
      const wanted = required.has(name) ? !this.#chance(0.05) : depth < DEEPEST && this.#chance(0.3);
      if (wanted) entries.push([name, this.#value(inner, depth + 1)]);
    }
    if (this.#chance(0.05)) entries.push([this.#pick(NASTY), this.#anything()]);
    // `fromEntries` makes `__proto__` a property of its own.
    return Object.fromEntries(entries);
  }

  #number({ minimum = -5, maximum = 1000 }: Schema, whole: boolean): number {
    const edge = this.#pick([
      minimum,
      maximum,
      Number(minimum) - 1,
      Number(maximum) + 1,
      0,
      -0,
      2 ** 53,
      1e300,
    ]) as number;
    const inside = Number(minimum) + (Number(maximum) - Number(minimum)) * this.#random();
    const value = this.#chance(0.3) ? edge : inside;
    return whole ? Math.trunc(value) : value;
  }

  #name(): string {
    return this.#chance(0.3)
      ? this.#pick(NASTY)
      : this.#pick(['0', '1', 'default', 'parcels', 'weur', 'key-7', 'fine']);
  }

  #anything(): Json {
    return this.#pick<Json>([null, true, 0, -1, 'text', [], {}, [[]], { a: { b: null } }, this.#pick(NASTY)]);
  }

  #chance(share: number): boolean {
    return this.#random() < share;
  }

  #pick<T>(from: readonly T[]): T {
    return from[Math.floor(this.#random() * from.length)]!;
  }
}

/** Lone surrogates cannot be written in a URL: they stand as the bytes that a careless client sends. */
function encodeSafe(text: string): string {
  try {
    return encodeURIComponent(text);
  } catch {
    return '%ED%A0%80';
  }
}
