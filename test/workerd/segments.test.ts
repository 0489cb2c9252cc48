/** A region's index of words: it follows every change at once, is merged behind them, and is made for what was there. */
import { runInDurableObject } from 'cloudflare:test';
import { describe, expect, it } from 'vitest';
import { Library, type PreparedPassage } from '../../durable-objects/region/library.ts';
import { MIGRATIONS } from '../../durable-objects/region/schema.ts';
import { forget, migrate } from '../../durable-objects/sql.ts';
import { Values } from '../../durable-objects/values.ts';
import { Bm25 } from '../../shared/index/bm25.ts';
import { openBytes } from '../../shared/index/open-bytes.ts';
import { buildSegment, mergeSegments } from '../../shared/index/segment.ts';
import { countWords } from '../../shared/index/words.ts';
import { ItemInput } from '../../shared/protocol/api/item.ts';
import { countRowsRead } from '../helpers/rows-read.ts';
import { objects } from './objects.ts';

const WIDTH = 4;
const SEGMENTS = MIGRATIONS.findIndex((statements) => statements.includes('CREATE TABLE segments'));

async function inRegion(
  work: (library: Library, storage: DurableObjectStorage) => void | Promise<void>,
  migrations: readonly string[] = MIGRATIONS,
): Promise<void> {
  const stub = objects.REGION.get(objects.REGION.newUniqueId());
  await runInDurableObject(stub, async (_, { storage }) => {
    await forget(storage, migrations);
    await work(new Library(storage), storage);
  });
}

const hashOf = (text: string): string => {
  let hash = 7;
  for (const letter of text) hash = (hash * 31 + letter.codePointAt(0)!) % 2 ** 32;
  return hash.toString(16).padStart(32, '0');
};
const passage = (text: string, ordinal: number, embedded: boolean): PreparedPassage => {
  const embedding = Float32Array.from({ length: WIDTH }, (_, i) => Math.cos(text.length + i));
  const at = { ordinal, text, layout: null, hash: hashOf(text) };
  return { ...at, tokens: 1, embedding: embedded ? embedding : null };
};
function put(library: Library, key: string, texts: readonly string[], embedded = true): void {
  const input = ItemInput.parse({ key, text: texts.join('\n') });
  library.put(
    input,
    texts.map((text, ordinal) => passage(text, ordinal, embedded)),
    1,
  );
}

/** Items with any of the words, best first, and how many passages there are. */
function found(library: Library, words: string): { items: string[]; passages: number } {
  const search = library.segments.search([...countWords(words).counts.keys()]);
  const items: string[] = [];
  search.best(new Bm25(search.statistics), 100, ({ name }) => items.push(`${name.item}#${name.ordinal}`) > 0);
  return { items, passages: search.statistics.passages };
}

/** All segments as one, and what would be built from the passages that stand. */
function whole(library: Library) {
  const { segments } = library;
  const rows = segments.list();
  const parts = rows.map(({ hash }) => ({
    ids: segments.part(hash, 'ids')!,
    rows: segments.part(hash, 'rows')!,
    words: segments.part(hash, 'words')!,
  }));
  const standing = Array.from(library.since(0)).map((each) => ({ ...each, words: countWords(each.text) }));
  return { merged: mergeSegments(WIDTH, parts, () => false), built: buildSegment(WIDTH, standing) };
}

/** A word of its own for each number: letters alone, which are not taken apart. */
const word = (n: number): string => `q${[...`${n}`].map((digit) => 'bcdfghjklm'[Number(digit)]).join('')}`;

const settle = (library: Library): void => {
  while (library.segments.step());
};

describe('words of a region', () => {
  it('follow an upload, a change and a deletion at once', async () => {
    await inRegion((library) => {
      put(library, 'a', ['Fault E-4712: the pump']);
      put(library, 'b', ['Fault E-4711: the valve', 'More of the valve']);
      expect(found(library, 'E-4712').items[0]).toBe('a#0');
      expect(found(library, 'valve')).toEqual({ items: ['b#1', 'b#0'], passages: 3 });
      put(library, 'b', ['Fault E-4711: the valve']);
      expect(found(library, 'valve')).toEqual({ items: ['b#0'], passages: 2 });
      put(library, 'a', ['Fault E-4712: a fan']);
      expect(found(library, 'pump').items).toEqual([]);
      library.remove('b');
      expect(found(library, 'valve')).toEqual({ items: [], passages: 1 });
      put(library, 'b', ['Fault E-4711: the valve']);
      expect(found(library, 'valve')).toEqual({ items: ['b#0'], passages: 2 });
    });
  });

  it('wait for the embedding, as everything of a passage does', async () => {
    await inRegion((library) => {
      put(library, 'a', ['a pump'], false);
      expect(found(library, 'pump').items).toEqual([]);
      const embedding = new Float32Array(WIDTH).fill(0.5);
      library.embedded(Array.from(library.waiting(null)).map((each) => ({ passage: each, embedding })));
      expect(found(library, 'pump').items).toEqual(['a#0']);
    });
  });

  it('are what a rebuild makes of them, through many changes and merges', async () => {
    await inRegion((library) => {
      let random = 1;
      const below = (n: number) => {
        random = (random * 48271) % 2147483647;
        return random % n;
      };
      for (let change = 0; change < 300; change++) {
        const key = `item ${below(40)}`;
        if (below(4) === 0) library.remove(key);
        else
          put(
            library,
            key,
            Array.from({ length: 1 + below(3) }, () => `${word(below(20))} ${word(below(20))}`),
          );
        if (below(3) === 0) library.segments.step();
      }
      const before = found(library, word(3));
      for (const { merged, built } of [whole(library)]) expect(merged).toEqual(built);
      settle(library);
      const { merged, built } = whole(library);
      expect(merged).toEqual(built);
      const after = found(library, word(3));
      // Equal scores in the order of their segments.
      expect({ ...after, items: after.items.sort() }).toEqual({ ...before, items: before.items.sort() });
      // Merged, and rid of nearly all that is superseded.
      const rows = library.segments.list();
      expect(rows.length).toBeLessThan(16);
      for (const { passages, dead } of rows) expect(4 * dead).toBeLessThanOrEqual(passages);
      const tombstones = rows.reduce((sum, { gone }) => sum + gone, 0);
      expect(tombstones).toBeLessThan(100);
    });
  });

  it('are taken back with the change that is', async () => {
    await inRegion((library, storage) => {
      put(library, 'a', ['a pump']);
      expect(() =>
        storage.transactionSync(() => {
          put(library, 'a', ['a fan']);
          throw new Error('taken back');
        }),
      ).toThrow('taken back');
      expect(found(library, 'pump').items).toEqual(['a#0']);
      expect(found(library, 'fan').items).toEqual([]);
    });
  });

  it('cost as much for the second half of a bulk load as for the first', async () => {
    await inRegion((library, storage) => {
      const load = (from: number, to: number): number => {
        let written = 0;
        for (let at = from; at < to; at += 64) {
          const before = storage.sql.exec('SELECT coalesce(sum(length(data)), 0) AS n FROM blobs').one()
            .n as number;
          const texts = Array.from({ length: 64 }, (_, i) => `passage ${word(at + i)} ${word(i)}`);
          put(library, `item ${at}`, texts);
          settle(library);
          written += Math.abs(
            (storage.sql.exec('SELECT sum(length(data)) AS n FROM blobs').one().n as number) - before,
          );
        }
        return written;
      };
      const first = load(0, 2048);
      const second = load(2048, 4096);
      expect(second / first).toBeLessThan(1.3);
      const merged = library.segments.list().map(({ passages }) => passages);
      expect(merged.reduce((sum, passages) => sum + passages, 0)).toBe(4096);
      expect(merged.length).toBeLessThan(16);
    });
  });

  it('are looked up in few rows, however many segments there are', async () => {
    let read = 0;
    await inRegion((library, { sql }) => {
      for (let n = 0; n < 40; n++) put(library, `item ${n}`, [`${word(n)} of all`]);
      const counted = countRowsRead(sql);
      // The turn that wrote reads the table; those that follow know it.
      return Promise.resolve()
        .then(() => {
          for (let search = 0; search < 100; search++) {
            expect(found(library, word(7)).items).toContain('item 7#0');
            library.segments.state();
            library.segments.entries();
          }
        })
        .finally(() => {
          read = counted();
        });
    });
    // The list, and of each segment its ids and postings.
    expect(read).toBeGreaterThanOrEqual(40);
    expect(read).toBeLessThan(200);
  });

  it('know what was written behind them, and forget what was taken back', async () => {
    await inRegion(async (library, storage) => {
      put(library, 'a', ['the first']);
      expect(library.segments.list()).toHaveLength(1);
      await Promise.resolve();
      const counted = countRowsRead(storage.sql);
      expect(library.segments.list()).toHaveLength(1);
      expect(counted()).toBe(0);
      // Another on the same storage, as a bench has.
      put(new Library(storage), 'b', ['the second']);
      expect(library.segments.list()).toHaveLength(2);
      await Promise.resolve();
      const undone = () =>
        storage.transactionSync(() => {
          put(library, 'c', ['the third']);
          expect(library.segments.list()).toHaveLength(3);
          throw new Error('taken back');
        });
      expect(undone).toThrow('taken back');
      expect(library.segments.list()).toHaveLength(2);
      await Promise.resolve();
      expect(library.segments.list()).toHaveLength(2);
      await forget(storage, MIGRATIONS);
      expect(library.segments.list()).toEqual([]);
    });
  });

  it('are searched without codes at first, and with those that an alarm makes where that is often', async () => {
    await inRegion((library, storage) => {
      const embedded = Array.from({ length: 1100 }, (_, n) => {
        const text = `${word(n)} of all`;
        const { embedding, ...waits } = passage(text, 0, false);
        library.put(ItemInput.parse({ key: `item ${n}`, text }), [{ ...waits, embedding }], 1);
        const direction = Float32Array.from({ length: 8 }, (__, i) => Math.sin(1 + n * (i + 1)));
        const length = Math.hypot(...direction);
        return { passage: { ...waits, item: `item ${n}` }, embedding: direction.map((x) => x / length) };
      });
      library.embedded(embedded);
      const codes = () =>
        storage.sql.exec("SELECT name FROM blobs WHERE name GLOB 'segment/*/codes'").toArray().length;
      const nearest = (): string => {
        let name = '';
        library.segments.nearest({ query: embedded[700]!.embedding, words: null }, ({ item }) => {
          name ||= item;
          return 2;
        });
        return name;
      };
      expect(nearest()).toBe('item 700');
      expect(codes()).toBe(0);
      expect(library.segments.waits).toBe(false);
      for (let search = 0; search < 8; search++) nearest();
      expect(codes()).toBe(0);
      expect(library.segments.waits).toBe(true);
      settle(library);
      expect(codes()).toBe(1);
      expect(nearest()).toMatch(/^item /);
      expect(library.segments.waits).toBe(false);
    });
  });

  it('are found when the edge took their room, and free what was sent with the next call', async () => {
    await inRegion((library) => {
      for (let n = 0; n < 3; n++) put(library, `item ${n}`, [`${word(n)} of all`]);
      const items = () => found(library, 'all').items.sort();
      const all = items();
      openBytes.takeEdge(Number.POSITIVE_INFINITY);
      expect(openBytes.bytes).toBe(0);
      expect(items()).toEqual(all);
      openBytes.takeEdge(0);
      expect(items()).toEqual(all);
      const hashes = library.segments.list().map(({ hash }) => hash);
      const sent = library.segments.parts(hashes);
      const sizes = (parts: typeof sent) => parts.map((each) => each!.words.length);
      expect(Math.min(...sizes(sent))).toBeGreaterThan(0);
      const again = library.segments.parts(hashes);
      expect(Math.max(...sizes(sent))).toBe(0);
      expect(Math.min(...sizes(again))).toBeGreaterThan(0);
      expect(items()).toEqual(all);
    });
  });

  it('stay few segments also when no alarm comes', async () => {
    await inRegion((library) => {
      for (let n = 0; n < 400; n++) put(library, `item ${n}`, [`${word(n)} of all`]);
      expect(library.segments.list().length).toBeLessThanOrEqual(64);
      expect(found(library, word(123)).items[0]).toBe('item 123#0');
    });
  });

  it('are made in slices for passages of an earlier version, which change meanwhile', async () => {
    await inRegion(
      (_, storage) => {
        const { sql } = storage;
        for (let n = 1; n <= 1200; n++) {
          sql.exec(
            `INSERT INTO passages (item, ordinal, text, hash, tokens, embedding, seq) VALUES (?, 0, ?, ?, 3, ?, ?)`,
            ...[
              `item ${n}`,
              `${word(n)} of all`,
              hashOf(`${n}`),
              new Float32Array(WIDTH).fill(0.5).buffer,
              n,
            ],
          );
          sql.exec(
            `INSERT INTO items (key, title, text, format, metadata, timestamp, passages) VALUES (?, '', ?, 'text', '{}', 1, 1)`,
            ...[`item ${n}`, `${word(n)} of all`],
          );
        }
        new Values(storage).set('seq', 1200);
        migrate(storage, MIGRATIONS);
        const library = new Library(storage);
        expect(library.segments.behind).toBe(true);
        library.segments.step();
        library.remove('item 3');
        library.remove('item 1100');
        put(library, 'item 1150', ['something else']);
        expect(found(library, word(7)).items).toContain('item 7#0');
        settle(library);
        expect(library.segments.behind).toBe(false);
        expect(found(library, word(1151)).items[0]).toBe('item 1151#0');
        for (const gone of [3, 1100, 1150]) expect(found(library, word(gone)).items).toEqual([]);
        const { merged, built } = whole(library);
        expect(merged).toEqual(built);
      },
      MIGRATIONS.slice(0, SEGMENTS),
    );
  });
});
