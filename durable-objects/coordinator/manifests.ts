/**
 * What each region last said of its index (shared/protocol/manifest.ts): one row a region, replaced whole in the
 * transaction that takes over the changes which it reflects. Coordinator's table: manifests.
 */
import type { IndexState, Manifest, RegionIndex } from '../../shared/protocol/manifest.ts';
import { Values } from '../values.ts';

/** `segments`: JSON of a RegionIndex's. */
export const MANIFEST_TABLE = `CREATE TABLE manifests (
    region TEXT PRIMARY KEY, watermark INTEGER NOT NULL, segments TEXT NOT NULL, passages INTEGER NOT NULL,
    bytes INTEGER NOT NULL
  ) WITHOUT ROWID;`;

const REVISION = 'manifestRevision';

export class Manifests {
  readonly #storage: DurableObjectStorage;
  readonly #values: Values;

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage;
    this.#values = new Values(storage);
  }

  /** What a region publishes takes the place of what it published before; null: nothing of it may be searched elsewhere. */
  put(region: string, index: RegionIndex | null): void {
    const { sql } = this.#storage;
    if (index === null) {
      if (sql.exec('DELETE FROM manifests WHERE region = ?', region).rowsWritten === 0) return;
    } else {
      const { watermark, segments } = index;
      const passages = segments.reduce((sum, each) => sum + each.passages - each.dead.length, 0);
      const bytes = segments.reduce((sum, each) => sum + each.bytes, 0);
      sql.exec(
        'INSERT OR REPLACE INTO manifests (region, watermark, segments, passages, bytes) VALUES (?, ?, ?, ?, ?)',
        ...[region, watermark, JSON.stringify(segments), passages, bytes],
      );
    }
    this.#values.set(REVISION, this.#revision() + 1);
  }

  #revision(): number {
    return this.#values.get<number>(REVISION) ?? 0;
  }

  /** Of `regions` those that have published nothing. */
  missing(regions: readonly string[]): string[] {
    const published = new Set(
      Array.from(
        this.#storage.sql.exec<{ region: string }>('SELECT region FROM manifests'),
        (row) => row.region,
      ),
    );
    return regions.filter((region) => !published.has(region));
  }

  /** @param regions that have passages */
  state(regions: readonly string[]): IndexState & { passages: number | null } {
    const of = new Map<string, { bytes: number; passages: number }>();
    for (const { region, ...sizes } of this.#storage.sql.exec<{
      region: string;
      bytes: number;
      passages: number;
    }>('SELECT region, bytes, passages FROM manifests'))
      of.set(region, sizes);
    const revision = this.#revision();
    if (!regions.every((region) => of.has(region))) return { revision, bytes: null, passages: null };
    const sum = (which: 'bytes' | 'passages') => [...of.values()].reduce((all, each) => all + each[which], 0);
    return { revision, bytes: sum('bytes'), passages: sum('passages') };
  }

  all(): Manifest {
    const regions = this.#storage.sql
      .exec<{ region: string; watermark: number; segments: string }>(
        'SELECT region, watermark, segments FROM manifests ORDER BY region',
      )
      .toArray();
    const read = ({ segments, ...of }: (typeof regions)[number]): RegionIndex => ({
      ...of,
      segments: JSON.parse(segments) as RegionIndex['segments'],
    });
    return { revision: this.#revision(), regions: regions.map(read) };
  }
}
