/** OTLP over HTTP in JSON (opentelemetry-proto 1.x, `ExportTraceServiceRequest`): what collectors and vendors take. */
import { SPAN_KIND, type Span } from './span.ts';

const STATUS = { unset: 0, error: 2 };

/** Times are strings of nanoseconds: they do not fit a double. */
const nanoseconds = (ms: number): string => `${BigInt(Math.round(ms * 1000)) * 1000n}`;

const attributesOf = (attributes: Readonly<Record<string, string | number>>) =>
  Object.entries(attributes).map(([key, value]) => ({
    key,
    value: typeof value === 'string' ? { stringValue: value } : { intValue: String(Math.round(value)) },
  }));

/** @param resource who speaks: `service.name` and the like */
export function otlpRequest(spans: readonly Span[], resource: Readonly<Record<string, string>>) {
  return {
    resourceSpans: [
      {
        resource: { attributes: attributesOf(resource) },
        scopeSpans: [{ scope: { name: 'fedcar' }, spans: spans.map(otlpSpan) }],
      },
    ],
  };
}

function otlpSpan(span: Span) {
  const { traceId, spanId, parentId, name, kind, startMs, endMs, attributes, failed } = span;
  return {
    ...{ traceId, spanId, ...(parentId === null ? {} : { parentSpanId: parentId }), name },
    kind: SPAN_KIND[kind],
    startTimeUnixNano: nanoseconds(startMs),
    endTimeUnixNano: nanoseconds(Math.max(startMs, endMs)),
    attributes: attributesOf(attributes),
    status: { code: failed ? STATUS.error : STATUS.unset },
  };
}
