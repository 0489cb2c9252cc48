/** What a region remembers of its log: at once, for as long as the records are there, and of its own log only. */
import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test';
import { describe, expect, it } from 'vitest';
import { Alarm } from '../../durable-objects/alarm.ts';
import { engineFor } from '../../durable-objects/engine.ts';
import { Memory } from '../../durable-objects/region/memory.ts';
import { EncoderEngine } from '../../models/session/encoder-engine.ts';
import type { FeedbackInput } from '../../shared/protocol/api/feedback.ts';
import type { Lift } from '../../shared/protocol/passages.ts';
import { CollectionSettings } from '../../shared/protocol/settings.ts';
import { ITEMS } from '../helpers/help-desk.ts';
import { collection, objects, regionOf, replaced } from './objects.ts';

const REGIONS = ['east', 'west'];
const QUESTION = 'the purple thing makes a noise again';
const PARAPHRASE = 'that purple thing is making noises again';
const ITEM = ITEMS[0]!.key;

const embedded = async (text: string): Promise<Float32Array> => {
  const engine = await engineFor(objects, { encoder: null, adapter: { kind: 'none' } });
  return engine.embed([engine.tokenize(text, 'query')], { kind: 'none' });
};
const recalled = async (name: string, each: string, text: string): Promise<Lift[]> =>
  regionOf(name, each).recall(await embedded(text));
const record = (more: Partial<FeedbackInput> = {}): FeedbackInput => ({
  ...{ query: QUESTION, item: ITEM, relevant: true },
  ...more,
});
const opened = async (name: string, settings: object = {}) => {
  await collection(name, settings, REGIONS);
  await regionOf(name, 'east').putItems(ITEMS.slice(0, 2));
};

describe('memory of a region', () => {
  it('knows at once what two events agree on, and paraphrases of it; nothing of it is known elsewhere', async () => {
    await opened('two');
    await regionOf('two', 'east').addFeedback([record()]);
    expect(await recalled('two', 'east', QUESTION)).toEqual([]);
    await regionOf('two', 'east').addFeedback([record()]);
    expect(await recalled('two', 'east', QUESTION)).toEqual([{ item: ITEM, near: 1 }]);
    const [lift] = await recalled('two', 'east', PARAPHRASE);
    expect(lift).toMatchObject({ item: ITEM });
    expect(lift!.near).toBeGreaterThanOrEqual(0.75);
    expect(await recalled('two', 'west', QUESTION)).toEqual([]);
  });

  it('says what it would without the unit that asked, and as if nobody had asked about its document', async () => {
    await opened('without');
    const east = regionOf('without', 'east');
    const other = { item: ITEMS[1]!.key };
    await east.addFeedback([record(), record(), record(), record(other), record(other)]);
    const query = await embedded(QUESTION);
    await runInDurableObject(east, async (_, { storage }) => {
      const settings = CollectionSettings.parse({ regions: REGIONS });
      const memory = new Memory(storage, {
        alarm: new Alarm(storage),
        engine: () => engineFor(objects, settings),
        settings: () => settings,
      });
      const documents = (record: number) => {
        const { asked, unasked } = memory.recallWithout(query, record)!;
        return [asked, unasked].map((lifts) => lifts.map(({ item }) => item).sort());
      };
      const both = [ITEM, other.item].sort();
      // Of three that agree two are left; of two one, which says nothing.
      expect(documents(1)).toEqual([both, [other.item]]);
      expect(documents(4)).toEqual([[ITEM], [ITEM]]);
      expect(memory.recallWithout(query, 99)).toBeNull();
    });
  });

  it('takes one word where the setting says so, and none where it is off', async () => {
    await opened('one', { memory: 'all' });
    await regionOf('one', 'west').addFeedback([record()]);
    expect(await recalled('one', 'west', QUESTION)).toEqual([{ item: ITEM, near: 1 }]);
    await opened('none', { memory: 'off' });
    await regionOf('none', 'west').addFeedback([record(), record()]);
    expect(await recalled('none', 'west', QUESTION)).toEqual([]);
  });

  it('wants two contributors where they are the units: one who says it twice is one', async () => {
    await opened('persons', { privacy: { unit: 'contributor' } });
    const east = regionOf('persons', 'east');
    await east.addFeedback([
      record({ contributor: 'ann' }),
      record({ contributor: 'ann', query: PARAPHRASE }),
      record(),
    ]);
    expect(await recalled('persons', 'east', QUESTION)).toEqual([]);
    await east.addFeedback([record({ contributor: 'bob' })]);
    expect(await recalled('persons', 'east', QUESTION)).toHaveLength(1);
  });

  it('forgets at once what is erased, denied or over', async () => {
    await opened('erased');
    const east = regionOf('erased', 'east');
    const agree = () => east.addFeedback([record({ contributor: 'ann' }), record({ contributor: 'bob' })]);
    await agree();
    expect(await recalled('erased', 'east', QUESTION)).toHaveLength(1);
    await east.erase({ contributor: 'bob' });
    expect(await recalled('erased', 'east', QUESTION)).toEqual([]);
    await east.addFeedback([record({ contributor: 'bob' })]);
    expect(await recalled('erased', 'east', QUESTION)).toHaveLength(1);
    const [last] = await east.feedback({ at: Number.MAX_SAFE_INTEGER, n: 0, item: ITEM, limit: 1 });
    expect(await east.erase({ event: last!.event })).toBe(1);
    expect(await recalled('erased', 'east', QUESTION)).toEqual([]);
    await east.addFeedback([record({ contributor: 'bob' })]);
    await east.addFeedback([record({ contributor: 'eve', relevant: false })]);
    expect(await recalled('erased', 'east', QUESTION)).toEqual([]);
    await east.addFeedback([record({ contributor: 'dan' })]);
    expect(await recalled('erased', 'east', QUESTION)).toHaveLength(1);
    await runInDurableObject(east, (_, { storage }) => {
      storage.sql.exec('UPDATE records SET at = 1');
    });
    await runDurableObjectAlarm(east);
    expect(await recalled('erased', 'east', QUESTION)).toEqual([]);
    const left = await runInDurableObject(east, (_, { storage }) =>
      ['memory', 'memory_waiting'].map(
        (table) => storage.sql.exec(`SELECT * FROM ${table}`).toArray().length,
      ),
    );
    expect(left).toEqual([0, 0]);
  });

  it('is there after an eviction, and catches up in alarms on what it was not told of', async () => {
    await opened('later', { memory: 'off' });
    const east = regionOf('later', 'east');
    const others = Array.from({ length: 40 }, (_, i) => record({ query: `another matter, number ${i}` }));
    await east.addFeedback([record(), record(), ...others]);
    const waiting = () =>
      runInDurableObject(regionOf('later', 'east'), (_, { storage }) =>
        storage.sql.exec<{ n: number }>('SELECT count(*) AS n FROM memory_waiting').one(),
      );
    expect(await waiting()).toEqual({ n: 42 });
    await runInDurableObject(east, (_, { storage }) => {
      storage.sql.exec(
        `UPDATE kv SET value = json_set(value, '$.settings.memory', 'shared') WHERE key = 'identity'`,
      );
    });
    await evictDurableObject(east);
    expect(await recalled('later', 'east', QUESTION)).toEqual([]);
    for (let i = 0; i < 20 && (await waiting()).n > 0; i++)
      await runDurableObjectAlarm(regionOf('later', 'east'));
    expect(await recalled('later', 'east', QUESTION)).toMatchObject([{ item: ITEM, near: 1 }]);
    await evictDurableObject(regionOf('later', 'east'));
    expect(await recalled('later', 'east', QUESTION)).toMatchObject([{ item: ITEM, near: 1 }]);
  });

  it('is looked up without a write: any would hold the answer back until the storage has confirmed it', async () => {
    await opened('reads');
    const east = regionOf('reads', 'east');
    await east.addFeedback([record(), record()]);
    const query = await embedded(QUESTION);
    expect(await east.recall(query)).toEqual([{ item: ITEM, near: 1 }]);
    await runInDurableObject(east, async (region, { storage: { sql } }) => {
      const written: string[] = [];
      const exec = sql.exec.bind(sql);
      Object.defineProperty(sql, 'exec', {
        configurable: true,
        value: (statement: string, ...bindings: unknown[]) => {
          if (!/^\s*SELECT/.test(statement)) written.push(statement);
          return exec(statement, ...bindings);
        },
      });
      const candidates = [{ item: ITEM, ordinal: 0, score: null }];
      const { hits, lifts } = await region.passages({
        ...{ candidates, watermark: 1000, isIndexed: true, query, terms: [], baseQuery: null },
        ...{ inactiveOffset: 0, wordWeight: 0, limit: 1, contenders: 1, fresh: true, filters: null },
        ...{ wanted: [], expansion: 0, memoryQuery: query },
      });
      expect(hits).toHaveLength(1);
      expect(lifts).toEqual([{ item: ITEM, near: 1 }]);
      expect(await region.recall(query)).toEqual(lifts);
      expect(written).toEqual([]);
      Object.defineProperty(sql, 'exec', { configurable: true, value: exec });
    });
  });

  it('embeds what has the same words once', async () => {
    await opened('same');
    const east = regionOf('same', 'east');
    await east.addFeedback(Array.from({ length: 6 }, () => record()));
    const rows = await runInDurableObject(east, (_, { storage }) =>
      storage.sql.exec<{ row: ArrayBuffer }>('SELECT row FROM memory').toArray(),
    );
    expect(new Set(rows.map(({ row }) => new Int8Array(row).join())).size).toBe(1);
    expect(rows).toHaveLength(6);
  });

  it('embeds nothing that the log had before, whatever training put in the place of its embedding', async () => {
    await opened('again');
    const east = regionOf('again', 'east');
    const embedded: number[] = [];
    const counting = (original: EncoderEngine['embed']) =>
      function (this: EncoderEngine, ...given: Parameters<EncoderEngine['embed']>) {
        embedded.push(given[0].length);
        return original.apply(this, given);
      };
    const kept = () =>
      runInDurableObject(east, (_, { storage }) =>
        storage.sql
          .exec<{ row: ArrayBuffer; embedding: ArrayBuffer | null }>(
            'SELECT memory.row AS row, embedding FROM memory JOIN records ON n = record ORDER BY n',
          )
          .toArray()
          .map(({ row, embedding }) => [
            new Int8Array(row).join(),
            embedding && new Float32Array(embedding).join(),
          ]),
      );
    await replaced(EncoderEngine.prototype, 'embed', counting, async () => {
      await east.addFeedback([record()]);
      await east.addFeedback([record(), record({ query: PARAPHRASE })]);
    });
    expect(embedded).toEqual([1, 1]);
    const [first, second, other] = await kept();
    expect(second).toEqual(first);
    expect(other).not.toEqual(first);
    await runInDurableObject(east, (_, { storage }) => {
      storage.sql.exec("UPDATE records SET embedding = zeroblob(1536), embedding_key = 'adapter'");
    });
    await replaced(EncoderEngine.prototype, 'embed', counting, async () => {
      await east.addFeedback([record()]);
    });
    expect(embedded).toEqual([1, 1]);
    expect((await kept()).at(-1)).toEqual([first![0], null]);
  });
});
