/**
 * Traces, off unless `FEDCAR_TRACES_URL` says where to: spans of one piece of work (a request, a call of an object, an
 * alarm) are gathered, and posted when it is done. Invariants: what a trace costs or why its receiver fails is never
 * the matter of who asked; without the variable nothing here does more than look for it.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { toHex } from '../shared/crypto/bytes.ts';
import { errorText, logLine } from '../shared/log.ts';
import { otlpRequest } from '../shared/trace/otlp.ts';
import {
  type Attributes,
  parseTraceparent,
  type Span,
  type SpanContext,
  type SpanKind,
} from '../shared/trace/span.ts';

export interface TraceEnv {
  /** Where spans go, by OTLP over HTTP: `https://otel.example/v1/traces`; none unless given. */
  FEDCAR_TRACES_URL?: string;
  /** A secret: headers of those requests, `name=value` separated by commas. */
  FEDCAR_TRACES_HEADERS?: string;
  /** Share of the requests that are traced, 0 to 1; all unless given. Rounds always are. */
  FEDCAR_TRACES_SHARE?: string;
  FEDCAR_ENVIRONMENT?: string;
}

/** Who gathers: its settings, and how it goes on after its work is done. */
export interface TraceHost {
  env: TraceEnv;
  keep: (work: Promise<unknown>) => void;
}

/** Spans of one piece of work; what comes after its end goes by itself. */
interface Batch {
  host: TraceHost;
  spans: Span[];
  ended: boolean;
}

/** How long the receiver may take. */
const POST_MS = 10_000;
/** A receiver takes some megabytes; a long alarm may have more spans than a reader wants. */
const MOST_SPANS = 500;

const current = new AsyncLocalStorage<{ batch: Batch; span: SpanContext | null }>();

export const tracesFrom = (env: TraceEnv): boolean => (env.FEDCAR_TRACES_URL ?? '') !== '';

const randomHex = (bytes: number): string => toHex(crypto.getRandomValues(new Uint8Array(bytes)));

/** Gathers what `work` tells, and posts it afterwards. Within other work that is gathered it is a part of that. */
export async function collectingSpans<T>(host: TraceHost, work: () => Promise<T>): Promise<T> {
  if (!tracesFrom(host.env) || current.getStore() !== undefined) return await work();
  const batch: Batch = { host, spans: [], ended: false };
  try {
    return await current.run({ batch, span: null }, work);
  } finally {
    batch.ended = true;
    post(batch);
  }
}

export interface SpanOptions {
  kind?: SpanKind;
  /** What it is a part of; the span that is under way unless given. */
  parent?: SpanContext;
  attributes?: Attributes;
}

/** `work` as a span of the trace that is under way; without one it is just done. */
export async function inSpan<T>(
  name: string,
  options: SpanOptions,
  work: (span: Pick<Span, 'name' | 'attributes' | 'failed'>) => Promise<T>,
): Promise<T> {
  const here = current.getStore();
  const parent = options.parent ?? here?.span;
  const said = { name, attributes: { ...options.attributes }, failed: false };
  if (here === undefined || parent === undefined || parent === null) return await work(said);
  if (!parent.sampled) return await current.run({ batch: here.batch, span: parent }, () => work(said));
  const span = { ...parent, spanId: randomHex(8) };
  const startMs = Date.now();
  try {
    return await current.run({ batch: here.batch, span }, () => work(said));
  } catch (error) {
    said.failed = true;
    said.attributes['error.type'] = error instanceof Error ? error.name : 'error';
    throw error;
  } finally {
    const parentId = parent.spanId === '' ? null : parent.spanId;
    record({ ...span, parentId, kind: options.kind ?? 'internal', startMs, endMs: Date.now(), ...said });
  }
}

/** Adds a span that is over. */
export function record(span: Span): void {
  const here = current.getStore();
  if (here === undefined || !span.sampled) return;
  const { batch } = here;
  if (batch.spans.length < MOST_SPANS) batch.spans.push(span);
  if (batch.ended) post(batch);
}

/**
 * What a request from outside is a part of: the caller's trace where its header names one. Whether it is told of is
 * decided here: a stranger's header must not make traces of every request.
 */
export function requestParent(env: TraceEnv, header: string | undefined): SpanContext {
  const given = parseTraceparent(header);
  const share = env.FEDCAR_TRACES_SHARE === undefined ? 1 : Number(env.FEDCAR_TRACES_SHARE);
  const drawn = crypto.getRandomValues(new Uint32Array(1))[0]! / 2 ** 32;
  const { traceId, spanId } = given ?? { traceId: randomHex(16), spanId: '' };
  return { traceId, spanId, sampled: drawn < share };
}

/** The span under way; undefined where there is none. */
export function currentSpan(): SpanContext | undefined {
  return current.getStore()?.span ?? undefined;
}

function post(batch: Batch): void {
  const { env, keep } = batch.host;
  const spans = batch.spans.splice(0);
  if (spans.length === 0) return;
  const environment = env.FEDCAR_ENVIRONMENT ?? 'production';
  const resource = { 'service.name': 'fedcar', 'deployment.environment.name': environment };
  keep(
    // Outside of the trace: the post is no part of what it tells.
    current.exit(async () => {
      try {
        const response = await fetch(env.FEDCAR_TRACES_URL!, {
          method: 'POST',
          headers: { ...headersOf(env.FEDCAR_TRACES_HEADERS), 'content-type': 'application/json' },
          body: JSON.stringify(otlpRequest(spans, resource)),
          signal: AbortSignal.timeout(POST_MS),
        });
        await response.body?.cancel();
        if (!response.ok) throw new Error(`the receiver of traces answered ${response.status}`);
      } catch (error) {
        logLine('traces_lost', { level: 'warn', spans: spans.length, error: errorText(error) });
      }
    }),
  );
}

/** `name=value,name=value`, values percent-encoded, as OpenTelemetry's own variable has them. */
function headersOf(given = ''): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const part of given.split(',')) {
    const at = part.indexOf('=');
    if (at > 0) headers[part.slice(0, at).trim()] = decodeURIComponent(part.slice(at + 1).trim());
  }
  return headers;
}
