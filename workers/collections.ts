/**
 * A collection's settings in the isolate's memory, read again in the background at most every 30 s. The middleware
 * puts the collection that a path names into the request's variables.
 */
import type { MiddlewareHandler } from 'hono';
import type { Collection } from '../shared/protocol/api/collection.ts';
import { CollectionName } from '../shared/protocol/names.ts';
import type { DirectoryApi } from '../shared/protocol/objects.ts';
import type { AppEnv } from './env.ts';
import { Problem, problemOf } from './problem.ts';

const REFRESH_MS = 30_000;
/**
 * Settings that nobody has looked at for so long are read again before they are used: by then the objects that they
 * name may be gone, when the encoder was changed.
 */
const STALE_MS = 300_000;
/** Collections remembered at a time. */
const CAPACITY = 256;

export class Collections {
  readonly #known = new Map<string, { info: Collection; checkedAt: number }>();

  /** @throws Problem when there is no such collection. */
  async get(
    name: string,
    directory: DirectoryApi,
    now: number,
    later: (work: Promise<unknown>) => void,
  ): Promise<Collection> {
    const known = this.#known.get(name);
    if (known === undefined || now - known.checkedAt >= STALE_MS)
      return await this.#read(name, directory, now);
    if (now - known.checkedAt >= REFRESH_MS) {
      known.checkedAt = now;
      // Gone meanwhile, or the directory is away: the former is forgotten, the latter tried again later.
      later(this.#read(name, directory, now).catch(() => {}));
    }
    return known.info;
  }

  forget(name: string): void {
    this.#known.delete(name);
  }

  async #read(name: string, directory: DirectoryApi, now: number): Promise<Collection> {
    const outcome = await directory.collection(name);
    if (!outcome.ok) {
      this.#known.delete(name);
      throw problemOf(outcome);
    }
    if (this.#known.size >= CAPACITY) {
      const oldest = this.#known.keys().next();
      if (!oldest.done) this.#known.delete(oldest.value);
    }
    this.#known.set(name, { info: outcome.value, checkedAt: now });
    return outcome.value;
  }
}

/** Sets `collection` from the path parameter of the same name, or `default`. */
export function withCollection(collections: Collections): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    const name = CollectionName.safeParse(c.req.param('collection') ?? 'default');
    if (!name.success) {
      const detail = 'a collection is named by lower-case letters, digits and dashes, at most 63 characters';
      throw new Problem('invalid_request', detail, { errors: [{ pointer: '/path/collection', detail }] });
    }
    const { services } = c.var;
    c.set(
      'collection',
      await collections.get(name.data, services.directory(), services.now(), services.later),
    );
    await next();
  };
}
