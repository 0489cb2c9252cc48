/**
 * The id of the request that is being served, in the Worker and in every object that works for it. Within an isolate
 * it follows the asynchronous calls; over RPC it travels as the first argument of `traced`, the one method that
 * passes a call on to the method named (durable-objects/traced-object.ts). Methods themselves do not know of it.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { setLogContext } from '../shared/log.ts';

const current = new AsyncLocalStorage<string>();

setLogContext(() => ({ request_id: current.getStore() }));

/** Runs `work`, and what it calls, in the name of a request. */
export function inRequest<T>(requestId: string, work: () => T): T {
  return current.run(requestId, work);
}

export function currentRequest(): string | undefined {
  return current.getStore();
}

interface Traceable {
  traced(requestId: string, method: string, args: unknown[]): unknown;
}

/** What a stub has besides the object's methods. */
const OF_THE_STUB = new Set(['id', 'name', 'fetch', 'connect', 'then']);

/** A stub whose calls carry the id of the request that makes them; outside a request they are plain calls. */
export function traced<T extends object>(stub: T): T {
  return new Proxy(stub, {
    get(target, name) {
      if (typeof name !== 'string' || OF_THE_STUB.has(name)) return Reflect.get(target, name);
      return (...args: unknown[]) => {
        const requestId = currentRequest();
        if (requestId !== undefined) return (target as Traceable).traced(requestId, name, args);
        return (target as Record<string, (...args: unknown[]) => unknown>)[name]?.(...args);
      };
    },
  });
}
