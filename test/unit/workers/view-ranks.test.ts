import { describe, expect, it } from 'vitest';
import type { Snapshot } from '../../../shared/protocol/snapshot.ts';
import { plainProducts } from '../../../shared/retrieval/scores.ts';
import { QuestionWords } from '../../../workers/question-words.ts';
import { RankMemory } from '../../../workers/rank-memory.ts';
import { type ViewQuestion, ViewRanks } from '../../../workers/view-ranks.ts';
import { snapshotOf } from '../../helpers/snapshots.ts';
import { viewOf } from '../../helpers/views.ts';

const ROWS = Array.from({ length: 60 }, (_, i) => ({
  item: `item/${i}`,
  region: i % 2 === 0 ? 'weur' : 'apac',
  vector: [Math.cos(i + 1), Math.sin(i + 1), i / 60],
}));
const TEXTS = Object.fromEntries(ROWS.map(({ item }, i) => [item, i % 3 === 0 ? 'a parcel' : 'a locker']));

/** A version in which the row of `item/9` learned to be the best. */
function trained(): Snapshot {
  const learned = { vector: [1, 0, 0], active: true };
  return snapshotOf(ROWS.map((row, i) => ({ ...row, active: false, ...(i === 9 ? learned : {}) })));
}

function isolate(memory = new RankMemory()) {
  let products = 0;
  const view = viewOf(snapshotOf(ROWS), TEXTS);
  const version = trained();
  const query = Float32Array.of(1, 0, 0);
  const ask = (more: Partial<ViewQuestion> = {}, count = 5, over = view) => {
    const words = new QuestionWords('where is my parcel');
    const counted: ViewQuestion['products'] = (...given) => {
      products += 1;
      plainProducts(...given);
    };
    const question = { query, words, snapshot: version, only: null, products: counted, ...more };
    const before = products;
    const ranks = new ViewRanks(over, question, memory);
    const best = ranks.best(count);
    const named = best.map(({ row }) => ranks.name(row));
    const found = named.map(({ item, ordinal }) => ranks.wordsOf(item, ordinal));
    const cosines = best.map(({ row }) => ranks.cosine(row));
    const weights = question.words?.bm25.weights;
    ranks.release();
    return { answer: { best, named, found, cosines, weights }, isScored: products > before };
  };
  return { ask, query, version, memory };
}

describe('a question over an index', () => {
  it('is scored once, and answered the same again', () => {
    const { ask } = isolate();
    const first = ask();
    expect(first.isScored).toBe(true);
    expect(first.answer.named[0]).toMatchObject({ item: 'item/9' });
    expect(first.answer.cosines[0]).toBeCloseTo(1, 2);
    expect(first.answer.cosines[1]).toBeNull();
    expect(first.answer.found.some((words) => words!.frequencies.some((count) => count > 0))).toBe(true);
    const again = ask();
    expect(again.isScored).toBe(false);
    expect(again.answer).toEqual(first.answer);
    // Fewer are among those that are remembered.
    expect(ask({}, 2)).toMatchObject({ isScored: false, answer: { best: first.answer.best.slice(0, 2) } });
  });

  it('is scored again for more rows than were looked at, and then remembers those', () => {
    const { ask } = isolate();
    ask();
    const more = ask({}, 20);
    expect(more.isScored).toBe(true);
    expect(more.answer).toEqual(isolate().ask({}, 20).answer);
    expect(ask({}, 20)).toEqual({ ...more, isScored: false });
    // All of them: there are no more than that.
    ask({}, 1000);
    expect(ask({}, 2000).isScored).toBe(false);
  });

  it.each<[string, Partial<ViewQuestion>]>([
    ['another question', { query: Float32Array.of(1, 0, 0) }],
    ['another version', { snapshot: trained() }],
    ['vectors alone', { words: null }],
    ['one region', { only: 'apac' }],
  ])('is another one with %s', (_, more) => {
    const { ask } = isolate();
    ask();
    const other = ask(more);
    expect(other.isScored).toBe(true);
    expect(other.answer).toEqual(isolate().ask(more).answer);
  });

  it('is another one over another index, where something changed', () => {
    const { ask } = isolate();
    ask();
    const changed = ROWS.map((row, i) => (i === 8 ? { ...row, vector: [0, 0, 1] } : row));
    expect(ask({}, 5, viewOf(snapshotOf(changed), TEXTS)).isScored).toBe(true);
  });

  it('by words alone is scored each time: nothing names it', () => {
    const { ask } = isolate();
    const first = ask({ query: null });
    expect(first.answer.best.every(({ row }) => row >= 0)).toBe(true);
    expect(ask({ query: null }).answer).toEqual(first.answer);
  });
});

describe('what is remembered of rankings', () => {
  it('is what was asked last, in so many bytes', () => {
    const queries = Array.from({ length: 40 }, (_, i) => Float32Array.of(1, i / 40, 0));
    const { ask } = isolate(new RankMemory(8000));
    for (const query of queries) ask({ query });
    expect(ask({ query: queries.at(-1)! }).isScored).toBe(false);
    expect(ask({ query: queries[0]! }).isScored).toBe(true);
  });
});
