/**
 * The id of the request that is being served, in the Worker and in every object that works for it. Within an isolate
 * it follows the asynchronous calls; over RPC it travels as the first argument of `traced`, the one method that
 * passes a call on to the method named (durable-objects/traced-object.ts), and with it the trace that the call is a part
 * of. Methods themselves do not know of either.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { setLogContext } from '../shared/log.ts';
import { traceparentOf } from '../shared/trace/span.ts';
import { currentSpan, inSpan } from './tracing.ts';

const current = new AsyncLocalStorage<string>();

setLogContext(() => ({ request_id: current.getStore() || undefined }));

/** Runs `work`, and what it calls, in the name of a request. */
export function inRequest<T>(requestId: string, work: () => T): T {
  return current.run(requestId, work);
}

export function currentRequest(): string | undefined {
  return current.getStore();
}

interface Traceable {
  traced(requestId: string, method: string, args: unknown[], traceparent?: string): Promise<unknown>;
}

/** What a stub has besides the object's methods. */
const OF_THE_STUB = new Set(['id', 'name', 'fetch', 'connect', 'then']);

/**
 * A stub whose calls carry the id of the request that makes them, and the trace; outside of both they are plain calls.
 */
export function traced<T extends object>(stub: T): T {
  return new Proxy(stub, {
    get(target, name) {
      if (typeof name !== 'string' || OF_THE_STUB.has(name)) return Reflect.get(target, name);
      return (...args: unknown[]) => {
        const requestId = currentRequest();
        const object = target as Traceable;
        if (currentSpan()?.sampled)
          return inSpan(`call ${name}`, { kind: 'client' }, () =>
            object.traced(requestId ?? '', name, args, traceparentOf(currentSpan()!)),
          );
        if (requestId !== undefined) return object.traced(requestId, name, args);
        return (target as Record<string, (...args: unknown[]) => unknown>)[name]?.(...args);
      };
    },
  });
}
