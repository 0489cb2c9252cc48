/** Ids of answers: what comes back from one, who can read it, and for how long. */
import { describe, expect, it } from 'vitest';
import { systemRandom } from '../../../../shared/crypto/random.ts';
import {
  ANSWER_LIFETIME_MS,
  type AnswerReference,
  answeredQuery,
  MAX_ANSWER_ID,
  sealAnswer,
} from '../../../../workers/answer/answer-id.ts';

const scope = { secret: 'a secret', collection: 'default', now: 1_000_000 };
const reference: AnswerReference = {
  query: 'where is my parcel',
  retrieved: ['late#0', 'a#b#2', 'late#3'],
  cited: ['a#b#2', 'late#0'],
  shuffled: false,
};
const seal = (more: Partial<AnswerReference> = {}) =>
  sealAnswer({ ...reference, ...more }, scope, systemRandom);

describe('an answer’s id', () => {
  it('gives back the query and the items that were cited, each once', async () => {
    const id = await seal({ cited: ['late#0', 'late#3', 'a#b#2'] });
    expect(id).toMatch(/^chatcmpl-[\w-]+$/);
    expect(await answeredQuery(id, undefined, scope)).toEqual({
      ok: true,
      value: { query: 'where is my parcel', items: ['late', 'a#b'] },
    });
  });

  it('takes the passages that the feedback names, if they were retrieved', async () => {
    const id = await seal();
    expect(await answeredQuery(id, ['late#3'], scope)).toMatchObject({ value: { items: ['late'] } });
    expect(await answeredQuery(id, ['late#3', 'x#0'], scope)).toMatchObject({ code: 'unknown_passage' });
  });

  it('asks for passages where none is known to be cited', async () => {
    for (const cited of [null, []]) {
      const id = await seal({ cited });
      expect(await answeredQuery(id, undefined, scope)).toMatchObject({ code: 'chunks_needed' });
      expect(await answeredQuery(id, [], scope)).toMatchObject({ code: 'chunks_needed' });
      expect(await answeredQuery(id, ['late#0'], scope)).toMatchObject({ ok: true });
    }
  });

  it('says nothing to whoever has it, and differs each time', async () => {
    const [one, other] = [await seal(), await seal()];
    expect(one).not.toBe(other);
    expect(atob(one.slice(9).replaceAll('-', '+').replaceAll('_', '/'))).not.toContain('parcel');
  });

  it('is good for a day, in its collection, under its secret', async () => {
    const id = await seal();
    const later = { ...scope, now: scope.now + ANSWER_LIFETIME_MS };
    expect(await answeredQuery(id, undefined, later)).toMatchObject({ ok: true });
    const others = [
      { ...later, now: later.now + 1 },
      { ...scope, collection: 'other' },
      { ...scope, secret: 'another' },
      { ...scope, secret: undefined },
    ];
    for (const other of others) {
      expect(await answeredQuery(id, undefined, other)).toMatchObject({ code: 'unknown_answer' });
    }
  });

  it.each([['', 'chatcmpl-', 'chatcmpl-abc', 'chatcmpl-!', 'a'.repeat(100)]])(
    'refuses what is none (%#)',
    async (...ids) => {
      const id = await seal();
      const flipped = id.slice(0, -3) + (id.at(-3) === 'A' ? 'B' : 'A') + id.slice(-2);
      for (const wrong of [...ids, flipped, id.slice(0, -4), `${id}AAAA`]) {
        expect(await answeredQuery(wrong, undefined, scope), wrong).toMatchObject({ code: 'unknown_answer' });
      }
    },
  );

  it('stays below the longest id that is looked at', async () => {
    const retrieved = Array.from({ length: 50 }, (_, i) => `${'\u0001'.repeat(500)}#${i}`);
    const id = await seal({ query: '\u0001'.repeat(4096), retrieved, cited: retrieved });
    expect(id.length).toBeLessThan(MAX_ANSWER_ID);
    expect(await answeredQuery(id, undefined, scope)).toMatchObject({ ok: true });
  });
});
