/**
 * Services over plain maps, for tests of routes and of the query's path in Node: what a region or the coordinator
 * would answer, with switches for regions that fail or never answer. The real objects are tested in workerd.
 */

import { simdProducts } from '../../models/scoring/row-products.ts';
import type { Hub } from '../../shared/participant/coordinator-port.ts';
import type { Collection } from '../../shared/protocol/api/collection.ts';
import type { ItemMetadata } from '../../shared/protocol/api/item.ts';
import type { CoordinatorApi, DirectoryApi, RegionApi } from '../../shared/protocol/objects.ts';
import type { Lift, PassageHit, PassageRequest, WordStatistics } from '../../shared/protocol/passages.ts';
import { CollectionSettings } from '../../shared/protocol/settings.ts';
import type { Snapshot } from '../../shared/protocol/snapshot.ts';
import { matchesFilters } from '../../shared/retrieval/filters.ts';
import type { Services } from '../../workers/services.ts';
import { compiled } from './row-products.ts';
import { named } from './snapshots.ts';

export type RegionBehaviour = 'answers' | 'fails' | 'hangs';

export interface MemoryOptions {
  snapshot: Snapshot;
  regions: Record<string, RegionBehaviour>;
  /** Passages newer than the snapshot, by region. */
  newer?: Record<string, PassageHit[]>;
  /** What regions find by the question's words, and know of them. */
  words?: Record<string, { hits: PassageHit[]; statistics: WordStatistics }>;
  /** What the regions' own logs lift. */
  lifts?: Record<string, Lift[]>;
  /** Items that a region has, however they score, when they are asked for. */
  holds?: Record<string, string[]>;
  /** Items deleted since the snapshot. */
  deleted?: string[];
  /** Metadata of items, for filters; none unless given. */
  metadata?: Record<string, ItemMetadata>;
  /** Hears of every request to a region. */
  asked?(region: string, request: PassageRequest): void;
  /** Hears of every call of a region. */
  called?(region: string, method: 'passages' | 'recall'): void;
  embed(query: string): Float32Array;
  knows?(query: string): boolean;
}

export function hitOf(item: string, region: string, score: number, ordinal = 0): PassageHit {
  const id = `${item}#${ordinal}`;
  const shown = { id, item, region, title: item, text: id, layout: null, passages: 1, metadata: {} };
  return { ...shown, timestamp: 0, baseScore: null, score, newer: false, words: null };
}

export function memoryServices(options: MemoryOptions): Services & { collection: Collection } {
  const { bytes, hash } = named(options.snapshot);
  const { version } = options.snapshot.header;
  const collection: Collection = {
    name: 'default',
    created_at: 0,
    settings: CollectionSettings.parse({ regions: Object.keys(options.regions) }),
  };
  const coordinator: Partial<CoordinatorApi> = {
    pointer: async (asked = version) =>
      asked === version
        ? {
            version,
            revision: 0,
            hash,
            bytes: bytes.length,
            parts: 1,
            watermarks: {},
            index: { revision: 0, bytes: null },
          }
        : null,
    snapshotPart: async () => bytes.slice(),
    regions: async () =>
      Object.keys(options.regions)
        .filter((region) => options.regions[region] === 'answers')
        .map((region) => ({
          region,
          items: 1,
          passages: 1,
          waiting: 0,
          last_contribution_at: null,
          asked_for: null,
          join: null,
        })),
  };
  const directory: Partial<DirectoryApi> = {
    collection: async (name) =>
      name === 'default'
        ? { ok: true, value: collection }
        : { ok: false, code: 'unknown_collection', detail: `There is no collection ${name}` },
    collections: async () => [collection],
    beginAudit: async () => ({ ok: true, value: 1 }),
    endAudit: async () => {},
  };
  const region = (name: string): Partial<RegionApi> => ({
    async recall() {
      options.called?.(name, 'recall');
      if (options.regions[name] === 'fails') throw new Error('region is broken');
      if (options.regions[name] === 'hangs') return await new Promise<never>(() => {});
      return options.lifts?.[name] ?? [];
    },
    async passages(request) {
      options.called?.(name, 'passages');
      if (options.regions[name] === 'fails') throw new Error('region is broken');
      if (options.regions[name] === 'hangs') return await new Promise<never>(() => {});
      if ('of' in request) return { hits: [], words: null, lifts: null };
      options.asked?.(name, request);
      const kept = request.candidates.filter(({ item }) => !options.deleted?.includes(item));
      const words = options.words?.[name];
      const hits = kept.map(({ item, ordinal, score }) => ({ ...hitOf(item, name, 0, ordinal), score }));
      const wanted = request.wanted
        .filter((item) => options.holds?.[name]?.includes(item))
        .map((item) => hitOf(item, name, 0.1));
      const own = request.fresh ? [...(options.newer?.[name] ?? []), ...(words?.hits ?? [])] : [];
      const found = [...wanted, ...hits, ...own]
        .map((hit) => ({ ...hit, metadata: options.metadata?.[hit.item] ?? {} }))
        .map((hit) => (request.query === null ? { ...hit, score: null } : hit))
        .filter(
          (hit) => request.filters === null || matchesFilters(request.filters, { ...hit, key: hit.item }),
        )
        .slice(0, request.limit + own.length + wanted.length);
      const lifts = request.memoryQuery === null ? null : (options.lifts?.[name] ?? []);
      return { hits: found, words: words?.statistics ?? null, lifts };
    },
  });
  return {
    collection,
    directory: () => directory as DirectoryApi,
    coordinator: () => coordinator as CoordinatorApi,
    hub: () => coordinator as unknown as Hub,
    region: (_collection, name) => region(name) as RegionApi,
    encoder: async () => ({
      embed: async (query) => options.embed(query),
      embedBase: async (query) => options.embed(query),
      embedTexts: async (texts) => texts.map(options.embed),
      countTokens: (text) => text.split(' ').length,
      knows: options.knows ?? (() => true),
    }),
    products: simdProducts(compiled()),
    sharedBytes: () => ({ get: async () => null, put: () => {} }),
    now: () => 0,
    later: () => {},
  };
}
