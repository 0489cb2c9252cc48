/** What a participant expects of its shard, whatever stores it: one suite for a Region's SQLite and for files. */
import { describe, expect, it } from 'vitest';
import type { Job, ShardStore } from '../../shared/participant/shard-store.ts';
import type { CountRound, RowEntry } from '../../shared/protocol/rounds.ts';
import { RUN_VERSION } from '../../shared/protocol/run-version.ts';

/** A record as the suite wants it stored, with five tokens unless told. */
export interface SuiteRecord {
  n: number;
  item: string;
  held?: boolean;
  relevant?: boolean;
  at?: number;
  length?: number;
}

export type UseShard = (
  records: readonly SuiteRecord[],
  /** `reopen` gives the store as another process would find it. */
  body: (store: ShardStore, reopen: () => ShardStore) => void,
) => Promise<void>;

/** Records of the suite are used for so long. */
export const SUITE_RETENTION_MS = 1000;
const NOW = 10_000;

const row = (
  number: number,
  item: string,
  ordinal: number,
  changedAt: number,
  removed = false,
): RowEntry => ({
  row: number,
  item,
  ordinal,
  region: 'east',
  removed,
  changedAt,
});
const JOB: Job = {
  version: RUN_VERSION,
  spec: { id: 'r.1', kind: 'count' } as CountRound,
  phase: 'work',
  cursor: 3,
  units: 5,
  tokens: 40,
  probe: null,
};
/** All that the retention time leaves at a moment. */
const all = (startedAt: number) => ({ from: 0, startedAt });
const everything = (store: ShardStore, at = NOW) =>
  Array.from(store.sample({ kind: 'all' }, new Map([0, 1, 2].map((n) => [n, n])), all(at), 'r').ids);

export function shardSuite(name: string, use: UseShard): void {
  describe(`a shard in ${name}`, () => {
    it('keeps the job with its byte strings, and forgets them together', () =>
      use([], (store, reopen) => {
        expect(store.job()).toBeNull();
        store.saveJob(JOB, { units: Uint8Array.of(1, 2), empty: new Uint8Array(0) });
        store.putBlob('frame/0', new Uint8Array(3_000_000).fill(7));
        const again = reopen();
        expect(again.job()).toEqual(JOB);
        expect(again.blob('units')).toEqual(Uint8Array.of(1, 2));
        expect(again.blob('empty')).toEqual(new Uint8Array(0));
        expect(again.blob('frame/0')?.length).toBe(3_000_000);
        again.saveJob({ ...JOB, cursor: 4 }, { units: null, sums: Uint8Array.of(9) });
        expect(reopen().blob('units')).toBeNull();
        expect(reopen().blob('sums')).toEqual(Uint8Array.of(9));
        expect(reopen().job()?.cursor).toBe(4);
        again.clearJob();
        for (const each of [again, reopen()]) {
          expect([each.job(), each.blob('sums'), each.blob('frame/0')]).toEqual([null, null, null]);
        }
      }));

    it('labels records of one passage by itself, others as it is told, also after a restart', () =>
      use(
        [
          { n: 1, item: 'short' },
          { n: 2, item: 'long' },
          { n: 3, item: 'unknown' },
        ],
        (store, reopen) => {
          store.applyRows([row(0, 'short', 0, 1), row(1, 'long', 0, 2), row(2, 'long', 1, 3)], 3);
          expect(store.rowsAt()).toBe(3);
          store.labelSingles();
          expect(store.documentsOf([2, 0, 9])).toEqual([
            { item: 'long', rows: [1, 2] },
            { item: 'short', rows: [0] },
          ]);
          const [open, ...others] = store.unlabelled(['long', 'short', 'unheard of'], 10);
          expect(others).toEqual([]);
          expect(open).toMatchObject({ id: 2, item: 'long' });
          expect(store.unlabelled(['short'], 10)).toEqual([]);
          expect(everything(store)).toEqual([1]);
          store.label([{ id: 2, row: 2 }]);
          expect(store.unlabelled(['long'], 10)).toEqual([]);
          const again = reopen();
          expect(again.rowsAt()).toBe(3);
          expect(everything(again)).toEqual([1, 2]);
          expect(again.records(Uint32Array.of(2, 9, 1, 3))).toMatchObject([
            { id: 2, item: 'long', row: 2 },
            null,
            { id: 1, item: 'short', row: 0 },
            { id: 3, item: 'unknown', row: null },
          ]);
        },
      ));

    it('says how many rows stand, and how long their keys are in UTF-8', () =>
      use([], (store, reopen) => {
        expect(store.rowsKept()).toEqual({ rows: 0, keyBytes: 0 });
        store.applyRows([row(0, '長い', 0, 1), row(1, '長い', 1, 2), row(2, 'b', 0, 3)], 3);
        expect(reopen().rowsKept()).toEqual({ rows: 3, keyBytes: 13 });
        store.applyRows([row(1, '長い', 1, 4, true), row(2, 'b', 0, 5, true), row(7, 'c', 0, 6, true)], 6);
        expect(reopen().rowsKept()).toEqual({ rows: 1, keyBytes: 6 });
      }));

    it('forgets labels whose row went, and those of an item that has a new row', () =>
      use([{ n: 1, item: 'long' }], (store, reopen) => {
        store.applyRows([row(0, 'long', 0, 1), row(1, 'long', 1, 2)], 2);
        store.label([{ id: 1, row: 1 }]);
        store.applyRows([row(1, 'long', 1, 3, true)], 3);
        const left = reopen();
        left.labelSingles();
        expect(left.records(Uint32Array.of(1))).toMatchObject([{ row: 0 }]);
        store.applyRows([row(2, 'long', 1, 4)], 4);
        expect(reopen().unlabelled(['long'], 10)).toMatchObject([{ id: 1 }]);
        expect(reopen().documentsOf([2])).toEqual([{ item: 'long', rows: [0, 2] }]);
      }));

    it('counts and samples what trains, holds out what judges, by age', () =>
      use(
        [
          { n: 1, item: 'a', length: 9 },
          { n: 2, item: 'b' },
          { n: 3, item: 'b', relevant: false },
          { n: 4, item: 'a', held: true },
          { n: 5, item: 'a', held: true, relevant: false },
          { n: 6, item: 'a', at: NOW - SUITE_RETENTION_MS - 1 },
          { n: 7, item: 'b', at: NOW + 1 },
        ],
        (store) => {
          store.applyRows([row(0, 'a', 0, 1), row(1, 'b', 0, 2)], 2);
          // By document nothing has to be labelled, and the gate asks for documents.
          const places = new Map([
            ['b', 0],
            ['a', 1],
          ]);
          expect(Array.from(store.countUnits(({ item }) => places.get(item), 2, all(NOW)))).toEqual([1, 1]);
          expect(Array.from(store.heldOut(all(NOW)).ids)).toEqual([4]);
          expect(everything(store)).toEqual([]);
          store.labelSingles();
          expect(Array.from(store.countUnits(({ row }) => row ?? undefined, 2, all(NOW)))).toEqual([1, 1]);
          // Short ones first, so that microbatches fill.
          expect(everything(store)).toEqual([2, 3, 1]);
          expect(Array.from(store.sample({ kind: 'all' }, new Map([[0, 0]]), all(NOW), 'r').ids)).toEqual([
            1,
          ]);
          expect(Array.from(store.heldOut(all(NOW)).ids)).toEqual([4]);
          expect(everything(store, NOW + 1)).toEqual([2, 3, 7, 1]);
        },
      ));

    it('draws what a run has answered less often, and knows of that run alone', () =>
      use(
        Array.from({ length: 40 }, (_, n) => ({ n, item: 'a' })),
        (store) => {
          store.applyRows([row(0, 'a', 0, 1)], 1);
          store.labelSingles();
          const drawn = (run: string) => {
            const part = { kind: 'part' as const, seed: 5, part: 0, parts: 1, leastChance: 0.25 };
            const { ids, weights } = store.sample(part, new Map([[0, 0]]), all(NOW), run);
            return new Map(Array.from(ids, (id, index) => [id, weights[index]!]));
          };
          const everyone = new Map(Array.from({ length: 40 }, (_, n) => [n, 1]));
          expect(drawn('run')).toEqual(everyone);
          const ids = Array.from({ length: 30 }, (_, n) => n);
          store.keepErrors('run', { ids, errors: ids.map((n) => (n < 20 ? 0.01 : 0.9)) });
          const some = drawn('run');
          const answered = [...some].filter(([id]) => id < 20);
          for (const [, weight] of answered) expect(weight).toBe(4);
          // Binomial: fewer than 19 of 20 at one in four, but once in 10¹⁰ times.
          expect(answered.length).toBeLessThan(19);
          for (let id = 20; id < 40; id++) expect(some.get(id)).toBe(1);
          expect(drawn('another run')).toEqual(everyone);
          store.keepErrors('another run', { ids: [3], errors: [1] });
          expect(drawn('another run')).toEqual(everyone);
        },
      ));

    it('keeps embeddings under one name of their parameters', () =>
      use([{ n: 1, item: 'a' }], (store) => {
        const ids = Uint32Array.of(1);
        store.cacheEmbeddings(ids, 'first', Float32Array.of(1, 2), 2);
        expect(store.cachedEmbeddings(ids, 'first')).toEqual([Float32Array.of(1, 2)]);
        expect(store.cachedEmbeddings(ids, 'second')).toEqual([null]);
        store.cacheEmbeddings(ids, 'second', Float32Array.of(3, 4), 2);
        expect(store.cachedEmbeddings(ids, 'second')).toEqual([Float32Array.of(3, 4)]);
      }));

    it('finds kept embeddings in the order asked for, and says which are missing', () =>
      use(
        [
          { n: 1, item: 'a' },
          { n: 2, item: 'b', length: 9 },
          { n: 3, item: 'c', length: 7 },
        ],
        (store) => {
          store.cacheEmbeddings(Uint32Array.of(1, 3), 'first', Float32Array.of(1, 2, 3, 4), 2);
          expect(store.cachedEmbeddings(Uint32Array.of(3, 2, 1, 9), 'first')).toEqual([
            Float32Array.of(3, 4),
            null,
            Float32Array.of(1, 2),
            null,
          ]);
        },
      ));
  });
}
