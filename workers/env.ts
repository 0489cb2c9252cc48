/** What the Worker is bound to, and what a request carries through the middleware. */
import type { ObjectsEnv } from '../durable-objects/env.ts';
import type { CollectionInfo } from '../shared/protocol/objects.ts';
import type { Services } from './services.ts';

/** Bindings and variables of wrangler.toml. */
export type Env = ObjectsEnv;

/** Hono's type parameter for every router of the application. */
export interface AppEnv {
  Bindings: Env;
  Variables: {
    requestId: string;
    services: Services;
    /** The collection that the path names, `default` when it names none. Set on the routes that have one. */
    collection: CollectionInfo;
  };
}
