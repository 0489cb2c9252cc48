/** Where the edge gets a collection's snapshots: its coordinator, and the data centre's cache in front of it. */
import { freeBuffer } from '../shared/free-buffer.ts';
import { errorText, logLine } from '../shared/log.ts';
import type { Collection } from '../shared/protocol/api/collection.ts';
import type { SnapshotPointer } from '../shared/protocol/objects.ts';
import { MAX_SNAPSHOT_BYTES } from '../shared/protocol/snapshot.ts';
import { Problem } from './problem.ts';
import type { IndexSource } from './segment-cache.ts';
import type { Services } from './services.ts';
import type { SharedBytes, SnapshotSource } from './snapshot-cache.ts';

/** The serving version, or a pinned one by its number. @throws Problem when there is no such version. */
export function snapshotSource(
  services: Services,
  collection: Collection,
  version: 'latest' | number,
): SnapshotSource {
  const coordinator = services.coordinator(collection);
  const key = keyOf(collection);
  const part = (hash: string, index: number) => coordinator.snapshotPart(hash, index);
  const serving = async () => {
    const pointer = await coordinator.pointer();
    if (pointer === null) throw new Problem('unavailable', 'The collection has no version that serves yet.');
    return loadable(pointer);
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
      return loadable(found);
    },
  };
}

/** The regions' segments, and which of them the coordinator lists. */
export function indexSource(services: Services, collection: Collection): IndexSource {
  return {
    key: keyOf(collection),
    manifest: () => services.coordinator(collection).manifest(),
    segments: (region, hashes) => services.region(collection, region).segments(hashes),
  };
}

/** Another encoder's snapshots and segments are others: a query is embedded by the encoder that the settings name. */
function keyOf({ name, settings: { generation } }: Collection): string {
  return generation === 0 ? name : `${name}@~${generation}`;
}

/** Coordinators publish none that is too large; one from before they looked may be. */
function loadable(pointer: SnapshotPointer): SnapshotPointer {
  const { version, bytes } = pointer;
  if (bytes <= MAX_SNAPSHOT_BYTES) return pointer;
  const detail = `version ${version} has ${bytes} bytes, and at most ${MAX_SNAPSHOT_BYTES} are served: delete documents, or activate another version`;
  throw new Problem('unavailable', detail);
}

/** The Cache API by content hash. It works on custom domains only; elsewhere `put` does nothing. */
export function cachedBytes(cache: Cache, later: (work: Promise<unknown>) => void): SharedBytes {
  const url = (hash: string) => `https://snapshot.fedcar.internal/${hash}`;
  return {
    async get(hash) {
      const response = await cache.match(url(hash));
      if (!response?.body) return null;
      const length = lengthOf(response);
      if (length === null) return new Uint8Array(await response.arrayBuffer());
      return await readInto(response.body, length);
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

/** As the response states it; null when it does not, or more than a snapshot may have. */
function lengthOf({ headers }: Response): number | null {
  const stated = headers.get('content-length');
  const length = Number(stated ?? Number.NaN);
  return Number.isSafeInteger(length) && length >= 0 && length <= MAX_SNAPSHOT_BYTES ? length : null;
}

/** All bytes of a body, without a second copy of them at any time; null when there are not `length` of them. */
async function readInto(body: ReadableStream<Uint8Array>, length: number): Promise<Uint8Array | null> {
  const bytes = new Uint8Array(length);
  let at = 0;
  for await (const chunk of body) {
    if (at + chunk.length > length) return null;
    bytes.set(chunk, at);
    at += chunk.length;
    freeBuffer(chunk);
  }
  return at === length ? bytes : null;
}
