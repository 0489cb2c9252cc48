/**
 * What all Durable Objects here extend: calls in the name of a request, so that an object's log lines bear the id of
 * the request that caused them. `traced` may be repeated exactly if the method that it names may.
 */
import { DurableObject } from 'cloudflare:workers';
import { errorText, logLine } from '../shared/log.ts';
import type { Stored } from '../shared/protocol/objects.ts';
import { parseTraceparent } from '../shared/trace/span.ts';
import type { ObjectsEnv } from './env.ts';
import { inRequest } from './request-context.ts';
import { collectingSpans, inSpan, type TraceHost } from './tracing.ts';

/** Handlers of the runtime, and what no caller may reach by name. */
const NOT_CALLABLE = new Set(['constructor', 'traced', 'alarm', 'fetch']);

/** More than a log of SQLite's may have left over from earlier writes, in most cases; less than a row may have. */
const PROBE_BYTES = 1_000_000;

export abstract class TracedObject extends DurableObject<ObjectsEnv> implements Stored {
  /** Who posts what this object has to tell of a trace. */
  readonly traceHost: TraceHost = { env: this.env, keep: (work) => this.ctx.waitUntil(work) };

  /**
   * Calls `method` in the name of a request. @throws TypeError unless the class has such a method.
   * @param requestId empty where it is no request that calls, but a round
   * @param traceparent the caller's span, where there is one
   */
  async traced(requestId: string, method: string, args: unknown[], traceparent?: string): Promise<unknown> {
    const parent = parseTraceparent(traceparent);
    if (parent === null) return await this.#inRequest(requestId, method, args);
    const object = this.constructor.name;
    const attributes = { 'fedcar.object': object, 'fedcar.method': method };
    return await collectingSpans(this.traceHost, () =>
      inSpan(`${object}.${method}`, { kind: 'server', parent, attributes }, () =>
        this.#inRequest(requestId, method, args),
      ),
    );
  }

  async #inRequest(requestId: string, method: string, args: unknown[]): Promise<unknown> {
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

  /**
   * Stores a megabyte and takes it back. It may be repeated.
   * @throws what the storage says when it takes no more
   */
  async probeStorage(): Promise<void> {
    const { sql } = this.ctx.storage;
    sql.exec('CREATE TABLE IF NOT EXISTS probe (bytes BLOB NOT NULL)');
    sql.exec('INSERT INTO probe (bytes) VALUES (randomblob(?))', PROBE_BYTES);
    await this.ctx.storage.sync();
    sql.exec('DROP TABLE probe');
  }

  #method(name: string): (...args: unknown[]) => unknown {
    const found = NOT_CALLABLE.has(name) || Object.hasOwn(this, name) ? undefined : Reflect.get(this, name);
    if (typeof found !== 'function' || Object.hasOwn(Object.prototype, name)) {
      throw new TypeError(`${this.constructor.name} has no method ${name}`);
    }
    return found as (...args: unknown[]) => unknown;
  }
}
