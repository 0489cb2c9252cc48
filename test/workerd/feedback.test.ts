/** Feedback in a region: whose it is, how much of it, for how long; and what a "no" does to a document's place. */
import { runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test';
import { describe, expect, it } from 'vitest';
import { engineFor } from '../../durable-objects/engine.ts';
import { directory } from '../../durable-objects/names.ts';
import type { FeedbackInput } from '../../shared/protocol/api/feedback.ts';
import { dot } from '../../shared/retrieval/head.ts';
import { feedback, ITEMS } from '../helpers/help-desk.ts';
import { collection, contentOf, finished, objects, regionOf, start } from './objects.ts';

const DAY_MS = 86_400_000;
const REGIONS = ['east', 'west'];

interface Row extends Record<string, SqlStorageValue> {
  n: number;
  id: string;
  query: string;
  relevant: number;
  contributor: string | null;
  at: number;
}

const recordsOf = (name: string, each: string): Promise<Row[]> =>
  runInDurableObject(regionOf(name, each), (_, { storage }) =>
    storage.sql.exec<Row>('SELECT n, id, query, relevant, contributor, at FROM records ORDER BY n').toArray(),
  );
const record = (query: string, contributor?: string, more: Partial<FeedbackInput> = {}): FeedbackInput => ({
  ...{ query, item: 'late', relevant: true },
  ...(contributor === undefined ? {} : { contributor }),
  ...more,
});
const NEW = { accepted: 1, duplicates: 0, refused: 0, idle: 0 };

describe('a contributor', () => {
  it('is stored as a keyed hash: one name in all regions of a collection, another in every other', async () => {
    const names = new Set<string | null>();
    for (const name of ['whose', 'others']) {
      await collection(name, {}, REGIONS);
      for (const each of REGIONS) {
        await regionOf(name, each).addFeedback([record('where is it', 'ann@example.org')]);
        const text = await runInDurableObject(regionOf(name, each), (_, { storage }) =>
          JSON.stringify(storage.sql.exec('SELECT * FROM records').toArray()),
        );
        expect(text).not.toContain('ann');
        for (const { contributor } of await recordsOf(name, each)) names.add(contributor);
      }
    }
    expect([...names].every((name) => /^[0-9a-f]{32}$/.test(name ?? ''))).toBe(true);
    expect(names.size).toBe(2);
  });

  it('has ids of its own, so that nobody overwrites another’s record', async () => {
    const east = regionOf('whose', 'east');
    const mine = record('nobody rang', 'bob', { id: 'shared' });
    const theirs = record('nobody rang', 'eve', { id: 'shared', relevant: false });
    expect(await east.addFeedback([mine])).toEqual({ ok: true, value: NEW });
    expect(await east.addFeedback([theirs])).toEqual({ ok: true, value: NEW });
    expect(await east.addFeedback([mine])).toMatchObject({ value: { accepted: 0, duplicates: 1 } });
  });

  it('may change its mind where contributors are the units: the newer word takes the place of the older', async () => {
    await collection('minds', { privacy: { unit: 'contributor' } }, REGIONS);
    const east = regionOf('minds', 'east');
    await east.addFeedback([record('changing my mind', 'bob')]);
    await east.addFeedback([record('changing my mind', 'bob', { relevant: false })]);
    const kept = await recordsOf('minds', 'east');
    expect(kept.map(({ query, relevant }) => [query, relevant])).toEqual([['changing my mind', 0]]);
  });

  it('gives so many records a day and keeps so many, in every region; the nameless are not counted', async () => {
    const feedback = { recordsPerContributor: 5, recordsPerDay: 3 };
    await collection('caps', { feedback, privacy: { unit: 'contributor' } }, REGIONS);
    const east = regionOf('caps', 'east');
    const many = (from: number, count: number, who?: string) =>
      Array.from({ length: count }, (_, i) => record(`question ${from + i}`, who));
    expect(await east.addFeedback(many(0, 4, 'ann'))).toEqual({
      ok: true,
      value: { accepted: 3, duplicates: 0, refused: 1, idle: expect.any(Number) },
    });
    const refused = await east.addFeedback(many(3, 1, 'ann'));
    expect(refused).toMatchObject({
      ok: false,
      code: 'contributor_limit',
      detail: 'contributor: at most 3 records in 24 hours',
    });
    expect((refused as { retryAfter: number }).retryAfter).toBeGreaterThan(86_000);
    expect(await east.addFeedback(many(0, 1, 'ann'))).toMatchObject({ value: { duplicates: 1 } });
    expect(await east.addFeedback([...many(3, 1, 'ann'), ...many(3, 1, 'bob')])).toMatchObject({
      value: { accepted: 1, refused: 1 },
    });
    expect(await east.addFeedback(many(0, 20))).toMatchObject({ value: { accepted: 20 } });
    const age = (days: number) =>
      runInDurableObject(east, (_, { storage }) => {
        storage.sql.exec('UPDATE records SET at = at - ?', days * DAY_MS);
      });
    await age(1);
    expect(await east.addFeedback(many(3, 3, 'ann'))).toMatchObject({ value: { accepted: 3 } });
    const { contributor } = (await recordsOf('caps', 'east'))[0] as Row;
    const kept = (await recordsOf('caps', 'east')).filter((row) => row.contributor === contributor);
    expect(kept.map(({ query }) => query)).toEqual([1, 2, 3, 4, 5].map((n) => `question ${n}`));
  });

  it('is told of records that can never train, where the unit is the contributor', async () => {
    await collection('homes', { privacy: { unit: 'contributor' } }, REGIONS);
    const idle = { east: 0, west: 0 };
    for (const each of REGIONS as ('east' | 'west')[]) {
      for (let who = 0; who < 12; who++) {
        const outcome = await regionOf('homes', each).addFeedback([record('where is it', `person ${who}`)]);
        if (outcome.ok) idle[each] += outcome.value.idle;
      }
    }
    // Everyone has one home.
    expect(idle.east + idle.west).toBe(12);
    expect(idle.east).toBeGreaterThan(0);
    expect(idle.west).toBeGreaterThan(0);
    expect(await regionOf('homes', 'east').addFeedback([record('nameless')])).toMatchObject({
      value: { accepted: 1, idle: 1 },
    });
  });

  it('is erased: its records and no others, however often one asks', async () => {
    const east = regionOf('whose', 'east');
    const before = await recordsOf('whose', 'east');
    expect(await east.erase({ contributor: 'nobody' })).toBe(0);
    expect(await east.erase({ contributor: 'bob' })).toBe(1);
    expect(await east.erase({ contributor: 'bob' })).toBe(0);
    expect(await recordsOf('whose', 'east')).toHaveLength(before.length - 1);
  });
});

describe('a region', () => {
  const many = (from: number, count: number): FeedbackInput[] =>
    Array.from({ length: count }, (_, i) =>
      record(`question ${from + i}`, undefined, { id: `n${from + i}` }),
    );

  it('keeps so many records: a full one refuses a request whole, and makes no room', async () => {
    await collection('full', { retentionDays: 10, feedback: { recordsPerRegion: 5 } }, REGIONS);
    const east = regionOf('full', 'east');
    expect(await east.addFeedback(many(0, 4))).toMatchObject({ value: { accepted: 4 } });
    const before = await recordsOf('full', 'east');
    const refused = await east.addFeedback(many(2, 4));
    expect(refused).toMatchObject({ ok: false, code: 'feedback_full' });
    expect(refused).toMatchObject({ detail: expect.stringMatching(/east: at most 5 .* there would be 6/) });
    // The oldest has ten days left, and goes up to an hour earlier.
    expect((refused as { retryAfter: number }).retryAfter).toBeGreaterThan(9.9 * 86_400);
    expect((refused as { retryAfter: number }).retryAfter).toBeLessThanOrEqual(10 * 86_400);
    expect(await recordsOf('full', 'east')).toEqual(before);
    expect(await east.addFeedback(many(3, 2))).toMatchObject({ value: { accepted: 1, duplicates: 1 } });
    // What is known needs no room; what says something else is another event.
    expect(await east.addFeedback(many(0, 5))).toMatchObject({ value: { duplicates: 5 } });
    const other = many(0, 1).map((one) => ({ ...one, relevant: false }));
    expect(await east.addFeedback(other)).toMatchObject({ code: 'feedback_full' });
    expect(await east.addFeedback(many(9, 1))).toMatchObject({ code: 'feedback_full' });
    expect(await regionOf('full', 'west').addFeedback(many(9, 1))).toMatchObject({ value: { accepted: 1 } });
  });

  it('takes so many records of a token in a day, whoever gave them; the secret’s are not counted', async () => {
    await collection('tokens', { feedback: { recordsPerToken: 3 } }, REGIONS);
    const east = regionOf('tokens', 'east');
    expect(await east.addFeedback([record('one', 'ann'), record('two', 'bob')], 'widget')).toMatchObject({
      value: { accepted: 2 },
    });
    const refused = await east.addFeedback(many(0, 2), 'widget');
    expect(refused).toMatchObject({
      ok: false,
      code: 'token_limit',
      detail: expect.stringContaining('at most 3'),
    });
    expect((refused as { retryAfter: number }).retryAfter).toBeGreaterThan(22 * 3600);
    expect(await recordsOf('tokens', 'east')).toHaveLength(2);
    expect(await east.addFeedback(many(0, 1), 'widget')).toMatchObject({ value: { accepted: 1 } });
    expect(await east.addFeedback(many(0, 1), 'widget')).toMatchObject({ value: { duplicates: 1 } });
    expect(await east.addFeedback(many(1, 1), 'widget')).toMatchObject({ code: 'token_limit' });
    expect(await east.addFeedback(many(1, 3), 'other')).toMatchObject({ value: { accepted: 3 } });
    expect(await east.addFeedback(many(4, 9))).toMatchObject({ value: { accepted: 9 } });
    await runInDurableObject(east, (_, { storage }) => {
      storage.sql.exec('UPDATE given SET hour = hour - 24');
    });
    expect(await east.addFeedback(many(20, 3), 'widget')).toMatchObject({ value: { accepted: 3 } });
  });

  it('keeps of a query what the encoder reads', async () => {
    const long = Array.from({ length: 800 }, (_, n) => `w${n}`).join(' ');
    const east = regionOf('tokens', 'east');
    const named = record(long, undefined, { id: 'long' });
    await east.addFeedback([named, record(`${'?'.repeat(100)} short`)]);
    const engine = await engineFor(objects, { adapter: { kind: 'full' }, encoder: null });
    const [cut, whole] = (await recordsOf('tokens', 'east')).slice(-2) as [Row, Row];
    expect(long.startsWith(cut.query)).toBe(true);
    expect(cut.query.length).toBeLessThan(0.6 * long.length);
    expect(engine.tokenize(cut.query, 'query')).toEqual(engine.tokenize(long, 'query'));
    expect(whole.query).toBe(`${'?'.repeat(100)} short`);
    // The same query in full is the same record.
    expect(await east.addFeedback([named])).toMatchObject({ value: { duplicates: 1 } });
  });
});

describe('an event, where it is the unit', () => {
  const eventsOf = (name: string) =>
    runInDurableObject(regionOf(name, 'east'), (_, { storage }) =>
      storage.sql
        .exec<Row & { event: string | null; held: number; item: string }>('SELECT * FROM records ORDER BY n')
        .toArray(),
    );

  it('is all that one act says, on one side of the split', async () => {
    await collection('acts', { heldOutShare: 0.5 }, REGIONS);
    const east = regionOf('acts', 'east');
    const act = (query: string) =>
      ITEMS.slice(0, 6).map(({ key }) => record(query, undefined, { item: key }));
    for (let time = 0; time < 20; time++) await east.addFeedback(act(`question ${time}`), null, true);
    const events = new Map<string | null, Set<number>>();
    for (const { event, held } of await eventsOf('acts'))
      events.set(event, (events.get(event) ?? new Set()).add(held));
    expect(events.size).toBe(20);
    expect([...events.values()].every((sides) => sides.size === 1)).toBe(true);
    expect(new Set([...events.values()].flatMap((sides) => [...sides])).size).toBe(2);
    await east.addFeedback(act('each its own'));
    expect(new Set((await eventsOf('acts')).map(({ event }) => event)).size).toBe(26);
  });

  it('is only ever added: no word of anybody takes another’s away, and a repeat says nothing of the log', async () => {
    await collection('added', {}, REGIONS);
    const east = regionOf('added', 'east');
    const yes = record('is it late');
    expect(await east.addFeedback([yes])).toEqual({ ok: true, value: NEW });
    const before = await eventsOf('added');
    for (const more of [
      yes,
      { ...yes, relevant: false },
      record('is it late', 'ann'),
      record('is it late', 'ann'),
    ])
      expect(await east.addFeedback([more])).toEqual({ ok: true, value: NEW });
    const named = record('is it late', undefined, { id: 'n1' });
    expect(await east.addFeedback([named])).toEqual({ ok: true, value: NEW });
    expect(await east.addFeedback([{ ...named, relevant: false }])).toEqual({ ok: true, value: NEW });
    // Only who knows all of a named record can send the very same again.
    expect(await east.addFeedback([named])).toMatchObject({ value: { accepted: 0, duplicates: 1 } });
    const after = await eventsOf('added');
    expect(after).toHaveLength(7);
    expect(after.slice(0, 1)).toEqual(before);
  });

  it('is refused as a whole when its contributor’s log is full, and drives nothing out', async () => {
    await collection('filled', { feedback: { recordsPerContributor: 5, recordsPerDay: 4 } }, REGIONS);
    const east = regionOf('filled', 'east');
    const act = (query: string, count: number) =>
      ITEMS.slice(0, count).map(({ key }) => record(query, 'ann', { item: key }));
    expect(await east.addFeedback(act('one', 3), null, true)).toMatchObject({ value: { accepted: 3 } });
    const before = await eventsOf('filled');
    expect(await east.addFeedback(act('two', 2), null, true)).toMatchObject({
      ok: false,
      detail: 'contributor: at most 4 records in 24 hours',
    });
    await runInDurableObject(east, (_, { storage }) => {
      storage.sql.exec('UPDATE records SET at = at - ?', DAY_MS);
    });
    expect(await east.addFeedback(act('two', 2), null, true)).toMatchObject({ value: { accepted: 2 } });
    const refused = await east.addFeedback(act('three', 1), null, true);
    expect(refused).toMatchObject({ ok: false, detail: 'contributor: at most 5 records are kept' });
    expect((refused as { retryAfter: number }).retryAfter).toBeGreaterThan(300 * 86_400);
    expect((await eventsOf('filled')).slice(0, 3).map(({ n }) => n)).toEqual(before.map(({ n }) => n));
  });

  it('of an earlier version is one record, known by its name, on the side where it was', async () => {
    await collection('older', { heldOutShare: 0.5 }, REGIONS);
    const east = regionOf('older', 'east');
    await runInDurableObject(east, (_, { storage }) => {
      for (let n = 1; n <= 8; n++)
        storage.sql.exec(
          `INSERT INTO records (n, id, at, query, item, relevant, held, place, length, ids)
           VALUES (?, ?, ?, 'old', 'late', 1, ?, 0, 1, ?)`,
          ...[n, `id ${n}`, Date.now(), n % 2, new Int32Array(1).buffer],
        );
    });
    const again = Array.from({ length: 8 }, (_, n) => record('old', undefined, { id: `id ${n + 1}` }));
    expect(await east.addFeedback(again)).toMatchObject({ value: { accepted: 0, duplicates: 8 } });
    const kept = await eventsOf('older');
    expect(kept.map(({ event, held }) => [event, held])).toEqual(kept.map(({ n }) => [null, n % 2]));
  });
});

describe('records', () => {
  const alarmOf = (name: string) =>
    runInDurableObject(regionOf(name, 'east'), (_, { storage }) => storage.getAlarm());

  it('are deleted by an alarm when their time is over, which nothing else has to set off', async () => {
    await collection('ageing', { retentionDays: 10 }, REGIONS);
    const east = regionOf('ageing', 'east');
    await runDurableObjectAlarm(east);
    await east.addFeedback([record('one'), record('two')]);
    const [one] = await recordsOf('ageing', 'east');
    const at = (await alarmOf('ageing')) as number;
    expect(at).toBeLessThanOrEqual((one as Row).at + 10 * DAY_MS);
    expect(at).toBeGreaterThan((one as Row).at + 9 * DAY_MS);
    await runInDurableObject(east, (_, { storage }) => {
      storage.sql.exec("UPDATE records SET at = at - ? WHERE query = 'one'", 10 * DAY_MS);
    });
    expect(await runDurableObjectAlarm(east)).toBe(true);
    expect((await recordsOf('ageing', 'east')).map(({ query }) => query)).toEqual(['two']);
    // The next one is waited for.
    expect(await alarmOf('ageing')).toBeGreaterThan(Date.now() + 9 * DAY_MS);
  });

  it('are looked after by the cron trigger once a day, should the alarm be lost', async () => {
    const east = regionOf('ageing', 'east');
    await runInDurableObject(east, async (_, { storage }) => {
      storage.sql.exec('UPDATE records SET at = at - ?', 10 * DAY_MS);
      await storage.deleteAlarm();
    });
    const now = Date.now();
    await directory(objects).tick(now + 2 * DAY_MS);
    await expect.poll(() => recordsOf('ageing', 'east')).toEqual([]);
  });
});

describe('a document that people say does not answer', () => {
  const settings = {
    training: {
      seed: 5,
      phases: [
        {
          train: 'head',
          rounds: 'local',
          passes: 6,
          optimiser: { kind: 'momentum', momentum: 0, headRate: 1, decay: 'constant', warmup: 0 },
        },
      ],
    },
    heldOutShare: 0,
    privacy: { noise: 'off' },
  };
  const QUERY = 'send me the paperwork for it';

  /** Items by score for the query, best first, in the version that a run made. */
  async function ranking(name: string) {
    const run = await finished(name, await start(name));
    expect(run.version, JSON.stringify(run.error)).not.toBeNull();
    const { rows, items, active } = await contentOf(name, run.version as number);
    const engine = await engineFor(objects, { adapter: { kind: 'full' }, encoder: null });
    const query = await engine.embed([engine.tokenize(QUERY, 'query')], { kind: 'none' });
    const width = query.length;
    const scores = items.map((item, row) => {
      const vector = Float32Array.from(rows.subarray(row * width, (row + 1) * width));
      return { item, score: dot(query, vector) / Math.hypot(...vector), active: active[row] };
    });
    return scores.sort((x, y) => y.score - x.score);
  }

  it('loses its place for that question in the next version', async () => {
    await collection('no', settings, ['east']);
    await regionOf('no', 'east').putItems(ITEMS);
    await regionOf('no', 'east').addFeedback(feedback(1));
    const [first, second] = await ranking('no');
    expect(first?.active).toBe(1);
    // Three people say no, and nobody says what would be right.
    const noes = ['ann', 'bob', 'eve'].map((who) =>
      record(QUERY, who, { item: first?.item as string, relevant: false }),
    );
    expect(await regionOf('no', 'east').addFeedback(noes)).toMatchObject({ value: { accepted: 3 } });
    const after = await ranking('no');
    expect(after[0]?.item).not.toBe(first?.item);
    const gap = (scores: typeof after) =>
      (scores.find(({ item }) => item === first?.item)?.score ?? 0) -
      (scores.find(({ item }) => item === second?.item)?.score ?? 0);
    expect(gap(after)).toBeLessThan((first?.score ?? 0) - (second?.score ?? 0));
    // It still learns from those who asked for it.
    expect(after.find(({ item }) => item === first?.item)?.active).toBe(1);
  });

  it('does not start to learn by it: a row is made active by being wanted', async () => {
    await collection('unwanted', settings, ['east']);
    await regionOf('unwanted', 'east').putItems(ITEMS);
    const noes = Array.from({ length: 9 }, (_, n) => record(`question ${n}`, undefined, { relevant: false }));
    await regionOf('unwanted', 'east').addFeedback([...feedback(1, new Set(['late'])), ...noes]);
    const rows = await ranking('unwanted');
    expect(rows.map(({ item, active }) => [item, active]).sort()).toEqual(
      ITEMS.map(({ key }) => [key, key === 'late' ? 0 : 1]).sort(),
    );
  });
});
