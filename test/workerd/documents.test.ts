/** Documents come, change and go, also while a run is on: searches and labels follow at once, rows never come back. */
import { runInDurableObject } from 'cloudflare:test';
import { beforeAll, describe, expect, it } from 'vitest';
import { modelInfo } from '../../durable-objects/engine.ts';
import { Library } from '../../durable-objects/region/library.ts';
import type { Region } from '../../durable-objects/region/region.ts';
import { Values } from '../../durable-objects/values.ts';
import { toHex } from '../../shared/crypto/bytes.ts';
import { Participant } from '../../shared/participant/participant.ts';
import type { Job } from '../../shared/participant/shard-store.ts';
import { ItemInput, MAX_ITEM_BYTES } from '../../shared/protocol/api/item.ts';
import type { Filters } from '../../shared/protocol/filters.ts';
import {
  alarmed,
  BRIEF,
  collection,
  FEW_ITEMS,
  FEW_RECORDS,
  fill,
  finished,
  hubOf,
  hubStub,
  objects,
  regionOf,
  replaced,
  start,
  watchingAlarms,
} from './objects.ts';

const REGIONS = ['east', 'west'];
const settings = {
  training: { ...BRIEF, seed: 7 },
  heldOutShare: 0.25,
  gate: { probeTolerance: 1, margin: -1 },
  privacy: { noise: 'off' },
};
const item = (key: string, text: string, metadata = {}): ItemInput => ({
  key,
  title: '',
  text,
  format: 'text',
  metadata,
});

/** A region's part of a search with a snapshot up to `watermark`: the query is a stored passage's own embedding. */
async function hits(name: string, key: string, watermark: number, filters: Filters | null = null) {
  const stub = regionOf(name, 'east');
  const query = await runInDurableObject(stub, (_, { storage }) => {
    const { embedding } = storage.sql
      .exec<{ embedding: ArrayBuffer }>('SELECT embedding FROM passages WHERE item = ?', key)
      .toArray()[0] as { embedding: ArrayBuffer };
    return new Float32Array(embedding);
  });
  const request = {
    query,
    baseQuery: null,
    candidates: [],
    inactiveOffset: 0,
    wordWeight: 0.44,
    limit: 5,
    contenders: 5,
    watermark,
    isIndexed: true,
    filters,
    fresh: true,
    terms: [],
    expansion: 0,
    wanted: [],
    memoryQuery: null,
  };
  return (await stub.passages(request)).hits.map((hit) => hit.item);
}

const rowsOf = async (name: string, key: string) =>
  (await hubStub(name).rowsSince(0, 1000)).filter((row) => row.item === key);

beforeAll(async () => {
  for (const name of ['search', 'moving']) await collection(name, settings, REGIONS);
  await fill('moving', REGIONS);
});

describe('a document', () => {
  it('is found as soon as its upload returned, and no longer once it is deleted', async () => {
    const east = regionOf('search', 'east');
    await east.putItems([item('okapi', 'What okapis eat.', { zoo: 1 }), item('van', 'How to rent a van.')]);
    expect((await hits('search', 'okapi', 0))[0]).toBe('okapi');
    expect(await hits('search', 'okapi', 0, { zoo: 2 })).toEqual([]);
    expect(await hits('search', 'okapi', 0, { zoo: { $gte: 1 } })).toEqual(['okapi']);
    // What the snapshot has by its watermark is the edge's business.
    expect(await hits('search', 'okapi', 2)).toEqual([]);
    const candidate = { item: 'okapi', ordinal: 0, score: 0.5 };
    const request = {
      query: new Float32Array(384),
      baseQuery: null,
      candidates: [candidate],
      isIndexed: true,
      inactiveOffset: 0,
      wordWeight: 0.44,
      limit: 5,
      contenders: 5,
      filters: null,
      fresh: true,
      terms: [],
      expansion: 0,
      wanted: [],
      memoryQuery: null,
    };
    expect(await east.passages({ ...request, watermark: 2 })).toMatchObject({
      hits: [{ item: 'okapi', score: 0.5 }],
    });
    // Changed since: the candidate's score was another text's.
    await east.putItems([item('okapi', 'Where okapis sleep.')]);
    expect(await east.passages({ ...request, watermark: 2 })).toMatchObject({
      hits: [{ item: 'okapi', score: 0 }],
    });
    await east.removeItem('okapi');
    expect(await east.passages({ ...request, watermark: 2 })).toEqual({ hits: [], words: null, lifts: null });
  });

  it('of the most bytes that the API takes fits a row, under the longest key', async () => {
    const text = '文'.repeat(Math.floor((MAX_ITEM_BYTES - 2) / 3));
    const longest = ItemInput.parse({ key: '鍵'.repeat(512), text });
    expect(ItemInput.safeParse({ ...longest, text: `${text}文` }).success).toBe(false);
    await runInDurableObject(regionOf('search', 'west'), (_, { storage }) => {
      const library = new Library(storage);
      expect(library.put(longest, [], 1)).toBe('created');
      expect(library.item(longest.key, '')?.text === text).toBe(true);
      library.remove(longest.key);
    });
  });

  it('keeps its row when only its white space is stored otherwise than an earlier version did', async () => {
    const east = regionOf('search', 'east');
    const text = 'White  tea.\n\n\n\nIs  rare.';
    await east.putItems([item('white', text)]);
    await east.flush();
    const before = await rowsOf('search', 'white');
    const stored = await runInDurableObject(east, async (_, { storage }) => {
      // As it was: the text as given, under its own hash.
      const { sha256 } = await modelInfo(objects, null);
      const bytes = new TextEncoder().encode(`${sha256}\0${text}`);
      const hash = toHex(new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))).slice(0, 32);
      storage.sql.exec("UPDATE passages SET text = ?, hash = ? WHERE item = 'white'", text, hash);
      return storage.sql.exec("SELECT hash, seq FROM passages WHERE item = 'white'").one();
    });
    expect(await east.putItems([item('white', text)])).toMatchObject({ value: [{ status: 'unchanged' }] });
    await runInDurableObject(east, (_, { storage }) => {
      const now = storage.sql.exec("SELECT text, hash, seq FROM passages WHERE item = 'white'").one();
      expect(now).toEqual({ ...stored, text: 'White tea.\n\nIs rare.' });
    });
    await east.flush();
    expect(await rowsOf('search', 'white')).toEqual(before);
    await east.removeItem('white');
  });

  it('is shown by a part where an earlier version stored passages of any length', async () => {
    const east = regionOf('search', 'east');
    await east.putItems([item('long', 'A word.')]);
    await runInDurableObject(east, (_, { storage }) => {
      storage.sql.exec(
        "UPDATE passages SET text = ? WHERE item = 'long'",
        `${'x'.repeat(4095)}😀${' \n'.repeat(90_000)}`,
      );
    });
    const [passage] = await east.passagesOf('long');
    expect(passage?.text).toBe('x'.repeat(4095));
    expect(await hits('search', 'long', 0)).toContain('long');
    await east.removeItem('long');
  });

  it('gets a new row with a new text, and rows are never given out again', async () => {
    const east = regionOf('search', 'east');
    const put = async (text: string) => {
      await east.putItems([item('tea', text)]);
      await east.flush();
      return (await rowsOf('search', 'tea')).filter(({ removed }) => !removed).map(({ row }) => row);
    };
    const [first] = await put('Green tea.');
    expect(await put('Green tea.')).toEqual([first]);
    const [second] = await put('Black tea.');
    const [third] = await put('Green tea.');
    expect([second, third].every((row, i) => (row as number) > ([first, second][i] as number))).toBe(true);
    await east.removeItem('tea');
    await east.flush();
    const all = await rowsOf('search', 'tea');
    expect(all.map(({ row, removed }) => [row, removed])).toEqual(
      [first, second, third].map((row) => [row, true]),
    );
    expect((await put('Green tea.'))[0]).toBeGreaterThan(third as number);
  });
});

describe('labels', () => {
  it('name the nearest passage, also when a nearer one comes later', async () => {
    await collection('labels', settings, ['east']);
    const east = regionOf('labels', 'east');
    const filler = (topic: string) =>
      Array.from({ length: 60 }, () => `Some words about ${topic}.`).join(' ');
    await east.putItems([item('guide', filler('elephants')), ...FEW_ITEMS]);
    await east.addFeedback([
      { id: 'q', query: 'how do i tune a violin', item: 'guide', relevant: true },
      ...FEW_RECORDS,
    ]);
    const label = async () => {
      await finished('labels', await start('labels'));
      const ordinals = new Map((await rowsOf('labels', 'guide')).map(({ row, ordinal }) => [row, ordinal]));
      return runInDurableObject(east, (_, { storage }) => {
        const { row } = storage.sql
          .exec<{ row: number }>("SELECT row FROM records WHERE item = 'guide'")
          .one();
        return ordinals.get(row);
      });
    };
    expect(await label()).toBe(0);
    const longer = `${filler('elephants')}\n\n${filler('tuning violins and their strings')}`;
    await east.putItems([item('guide', longer)]);
    expect((await east.passagesOf('guide')).length).toBeGreaterThan(1);
    expect(await label()).toBeGreaterThan(0);
  });
});

describe('a run goes on', () => {
  /** Does `change` once, when a region is about to work on a round of this kind. */
  async function changing(
    kind: string,
    change: (region: DurableObjectState) => Promise<void>,
  ): Promise<void> {
    let changed = false;
    const step = (original: Participant['step']) =>
      async function (this: Participant) {
        const job = new Values(alarmed().storage).get<Job>('job');
        if (!changed && job?.spec.kind === kind && job.phase === 'work') {
          changed = true;
          await change(alarmed());
        }
        return original.call(this);
      };
    await watchingAlarms(() =>
      replaced(Participant.prototype, 'step', step, async () => {
        const run = await finished('moving', await start('moving'));
        expect(['published', 'rejected'], JSON.stringify(run)).toContain(run.state);
        expect(run.rounds.map((round) => round.error)).toEqual([null, null, null]);
        expect(run.rounds.map((round) => round.contributors)).toEqual([2, 2, 2]);
      }),
    );
    expect(changed).toBe(true);
  }

  const east = () => regionOf('moving', 'east');
  const [first, second] = FEW_ITEMS as [ItemInput, ItemInput];

  it('when a document changes and a query is deleted while it trains', async () => {
    await changing('train', async ({ storage }) => {
      storage.sql.exec('DELETE FROM records WHERE n = (SELECT min(n) FROM records)');
      await east().putItems([{ ...first, text: `${first.text} Now with more to say.` }]);
      await east().flush();
    });
  });

  it('when documents change and go while the gate compares snapshots', async () => {
    await changing('gate', async ({ storage }) => {
      storage.sql.exec('DELETE FROM records WHERE n = (SELECT max(n) FROM records)');
      await (east() as unknown as Region).removeItem(second.key);
      await east().flush();
      // Somebody asks for versions, and both are renewed.
      await hubOf('moving').pointer(0);
      await hubOf('moving').refresh();
    });
  });
});
