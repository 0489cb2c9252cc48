/** Acts of feedback in a region: shown to whoever may see them, and erased one by one. */
import { runInDurableObject } from 'cloudflare:test';
import { describe, expect, it } from 'vitest';
import type { FeedbackInput } from '../../shared/protocol/api/feedback.ts';
import { collection, regionOf } from './objects.ts';

const REGIONS = ['east', 'west'];
const record = (query: string, more: Partial<FeedbackInput> = {}): FeedbackInput => ({
  ...{ query, item: 'late', relevant: true },
  ...more,
});

describe('an act of feedback', () => {
  const ALL = { at: Number.MAX_SAFE_INTEGER, n: 0, item: null, limit: 10 };

  it('is shown with all that it says, newest first, and erased as a whole, once', async () => {
    await collection('acts', {}, REGIONS);
    const east = regionOf('acts', 'east');
    await east.addFeedback([record('an old one', { contributor: 'ann' })]);
    const other = record('where is it', { item: '__proto__' });
    await east.addFeedback([record('where is it'), other], null, true);
    const entries = await east.feedback(ALL);
    expect(entries.map(({ query, item }) => [query, item])).toEqual([
      ['where is it', '__proto__'],
      ['where is it', 'late'],
      ['an old one', 'late'],
    ]);
    expect(entries[0]!.event).toBe(entries[1]!.event);
    expect(entries[2]!.contributor).toMatch(/^[0-9a-f]{32}$/);
    const [, second] = entries;
    expect(await east.feedback({ ...ALL, at: second!.at, n: second!.n })).toEqual([entries[2]]);
    expect(await east.feedback({ ...ALL, item: '__proto__' })).toEqual([entries[0]]);
    expect(await east.erase({ event: entries[0]!.event })).toBe(2);
    expect(await east.erase({ event: entries[0]!.event })).toBe(0);
    expect(await east.feedback(ALL)).toEqual([entries[2]]);
  });

  it('has the name of its record where it is from before acts had names', async () => {
    const east = regionOf('acts', 'east');
    await runInDurableObject(
      east,
      (_, { storage }) => void storage.sql.exec('UPDATE records SET event = NULL'),
    );
    const [entry] = await east.feedback(ALL);
    expect(await east.erase({ event: entry!.event })).toBe(1);
    expect(await east.feedback(ALL)).toEqual([]);
  });
});
