/** Where the edge gets a collection's snapshots: its coordinator, and the data centre's cache in front of it. */
import { errorText, logLine } from '../shared/log.ts';
import type { CollectionInfo } from '../shared/protocol/objects.ts';
import { Problem } from './problem.ts';
import type { Services } from './services.ts';
import type { SharedBytes, SnapshotSource } from './snapshot-cache.ts';

/** The serving version, or a pinned one by its number. @throws Problem when there is no such version. */
export function snapshotSource(
  services: Services,
  collection: CollectionInfo,
  version: 'latest' | number,
): SnapshotSource {
  const coordinator = services.coordinator(collection);
  const { generation } = collection.settings;
  // Another encoder's snapshots are others: a query is embedded by the encoder that the settings name.
  const key = generation === 0 ? collection.name : `${collection.name}@~${generation}`;
  const part = (hash: string, index: number) => coordinator.snapshotPart(hash, index);
  const serving = async () => {
    const pointer = await coordinator.pointer();
    if (pointer === null) throw new Problem('unavailable', 'The collection has no version that serves yet.');
    return pointer;
  };
  if (version === 'latest') return { key, pointer: serving, part };
  return {
    key: `${key}@${version}`,
    part,
    async pointer() {
      const found = await coordinator.pointer(version);
      if (found === null) {
        throw new Problem('unknown_version', `fedcar.model_version: there is no version ${version}`);
      }
      return found;
    },
  };
}

/** The Cache API by content hash. It works on custom domains only; elsewhere `put` does nothing. */
export function cachedBytes(cache: Cache, later: (work: Promise<unknown>) => void): SharedBytes {
  const url = (hash: string) => `https://snapshot.fedcar.internal/${hash}`;
  return {
    async get(hash) {
      const response = await cache.match(url(hash));
      return response ? new Uint8Array(await response.arrayBuffer()) : null;
    },
    put(hash, bytes) {
      const headers = {
        'content-type': 'application/octet-stream',
        'content-length': String(bytes.length),
        'cache-control': 'public, max-age=31536000, immutable',
      };
      const stored = cache.put(url(hash), new Response(bytes, { headers }));
      // An answer never depends on it.
      later(stored.catch((error) => logLine('cache_put_failed', { level: 'warn', error: errorText(error) })));
    },
  };
}
