/**
 * Spans of OpenTelemetry, as plain values. Invariant: what a span may say is a closed list of names, and none of them is
 * for what people wrote: no question, no text or key of a document, no id of a person.
 */

import { toHex, utf8 } from '../crypto/bytes.ts';
import { sha256 } from '../crypto/hash.ts';

export interface SpanContext {
  /** 32 hexadecimal digits. */
  traceId: string;
  /** 16 hexadecimal digits. */
  spanId: string;
  /** Whether the trace is told to anybody. */
  sampled: boolean;
}

/** The numbers of OTLP's `SpanKind`. */
export const SPAN_KIND = { internal: 1, server: 2, client: 3 } as const;
export type SpanKind = keyof typeof SPAN_KIND;

/** The semantic conventions' names where they have one. */
export type AttributeName =
  | 'http.request.method'
  | 'http.route'
  | 'http.response.status_code'
  | 'error.type'
  | 'fedcar.request_id'
  | 'fedcar.collection'
  | 'fedcar.object'
  | 'fedcar.method'
  | 'fedcar.run'
  | 'fedcar.round'
  | 'fedcar.round.kind'
  | 'fedcar.round.phase'
  | 'fedcar.participant';

export type Attributes = Partial<Record<AttributeName, string | number>>;

export interface Span extends SpanContext {
  parentId: string | null;
  name: string;
  kind: SpanKind;
  /** Milliseconds since 1970. */
  startMs: number;
  endMs: number;
  attributes: Attributes;
  failed: boolean;
}

const HEX = '[0-9a-f]';
const TRACEPARENT = new RegExp(`^00-(${HEX}{32})-(${HEX}{16})-(${HEX}{2})$`);

/** W3C Trace Context, level 1: the value of a `traceparent` header. */
export function traceparentOf({ traceId, spanId, sampled }: SpanContext): string {
  return `00-${traceId}-${spanId}-${sampled ? '01' : '00'}`;
}

/** Null of what is no `traceparent` of version 00, or has an id of zeros only. */
export function parseTraceparent(header: string | null | undefined): SpanContext | null {
  const [, traceId, spanId, flags] = TRACEPARENT.exec(header ?? '') ?? [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return null;
  if (/^0+$/.test(traceId) || /^0+$/.test(spanId)) return null;
  return { traceId, spanId, sampled: (Number.parseInt(flags, 16) & 1) === 1 };
}

/**
 * The root of a round's trace. Everybody who works on a round can name it without being told: objects that wake up for
 * it hours later, and regions of another deployment.
 */
export function roundRoot(collection: string, round: string): SpanContext {
  const digest = toHex(sha256(utf8(`fedcar round trace\0${collection}\0${round}`)));
  return { traceId: digest.slice(0, 32), spanId: digest.slice(32, 48), sampled: true };
}
