/**
 * What all Durable Objects here extend: calls in the name of a request, so that an object's log lines bear the id of
 * the request that caused them. `traced` may be repeated exactly if the method that it names may.
 */
import { DurableObject } from 'cloudflare:workers';
import { errorText, logLine } from '../shared/log.ts';
import type { ObjectsEnv } from './env.ts';
import { inRequest } from './request-context.ts';

/** Handlers of the runtime, and what no caller may reach by name. */
const NOT_CALLABLE = new Set(['constructor', 'traced', 'alarm', 'fetch']);

export abstract class TracedObject extends DurableObject<ObjectsEnv> {
  /** Calls `method` in the name of a request. @throws TypeError unless the class has such a method. */
  async traced(requestId: string, method: string, args: unknown[]): Promise<unknown> {
    return await inRequest(requestId, async () => {
      try {
        return await this.#method(method).apply(this, args);
      } catch (error) {
        logLine('object_call_failed', {
          level: 'error',
          object: this.constructor.name,
          method,
          error: errorText(error),
        });
        throw error;
      }
    });
  }

  #method(name: string): (...args: unknown[]) => unknown {
    const found = NOT_CALLABLE.has(name) || Object.hasOwn(this, name) ? undefined : Reflect.get(this, name);
    if (typeof found !== 'function' || Object.hasOwn(Object.prototype, name)) {
      throw new TypeError(`${this.constructor.name} has no method ${name}`);
    }
    return found as (...args: unknown[]) => unknown;
  }
}
