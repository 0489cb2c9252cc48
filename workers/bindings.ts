/** Services from the Worker's bindings: real objects, the isolate's encoder, the data centre's cache. */
import { engineFor } from '../durable-objects/engine.ts';
import { coordinator, directory, region } from '../durable-objects/names.ts';
import { traced } from '../durable-objects/request-context.ts';
import { workerProducts } from '../models/scoring/worker-products.ts';
import type { Hub } from '../shared/participant/coordinator-port.ts';
import type { CoordinatorApi, DirectoryApi, RegionApi } from '../shared/protocol/objects.ts';
import type { Env } from './env.ts';
import { queryEncoder } from './query-encoder.ts';
import type { Services } from './services.ts';
import { cachedBytes } from './snapshot-source.ts';

/** `later` keeps work going after the answer. */
export function servicesOf(env: Env, later: (work: Promise<unknown>) => void): Services {
  return {
    // The stubs' own types describe the same methods through the runtime's serialisation.
    directory: () => traced(directory(env)) as unknown as DirectoryApi,
    coordinator: ({ name, settings }) =>
      traced(coordinator(env, name, settings)) as unknown as CoordinatorApi,
    hub: ({ name, settings }) => traced(coordinator(env, name, settings)) as unknown as Hub,
    region: (collection, name) =>
      traced(region(env, collection.name, name, collection.settings)) as unknown as RegionApi,
    encoder: async ({ settings }) => queryEncoder(await engineFor(env, settings, { keepAlive: later })),
    products: workerProducts,
    sharedBytes: () => cachedBytes(caches.default, later),
    now: () => Date.now(),
    later,
  };
}
