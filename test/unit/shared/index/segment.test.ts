import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Bm25, sumStatistics } from '../../../../shared/index/bm25.ts';
import { buildPostings, Postings } from '../../../../shared/index/postings.ts';
import {
  buildSegment,
  mergeSegments,
  type PassageEntry,
  type PassageName,
  readRows,
  SegmentIds,
} from '../../../../shared/index/segment.ts';
import { WordSearch, wordSegment } from '../../../../shared/index/word-search.ts';
import { countWords } from '../../../../shared/index/words.ts';
import type { SegmentParts } from '../../../../shared/protocol/manifest.ts';

const WIDTH = 5;
const hashOf = (n: number): string => n.toString(16).padStart(32, '0');

/** What happens to a region's passages, one after the other. */
interface Step {
  item: string;
  ordinal: number;
  text: string | null;
  /** Whether a segment ends here. */
  cut: boolean;
}
const step: fc.Arbitrary<Step> = fc.record({
  item: fc.constantFrom('a', 'b', 'ä/1', '𠀋', '\uffff'),
  ordinal: fc.nat({ max: 2 }),
  text: fc.option(
    fc.array(fc.constantFrom('one', 'two', 'E-4712', '東京'), { maxLength: 5 }).map((w) => w.join(' ')),
  ),
  cut: fc.boolean(),
});

function entryOf(item: string, ordinal: number, text: string, seq: number): PassageEntry {
  const embedding = Float32Array.from({ length: WIDTH }, (_, i) => Math.sin(seq * 7 + i + text.length));
  return { item, ordinal, hash: hashOf(seq), seq, words: countWords(text), embedding };
}

/** The segments that the steps leave, and the passages that stand at the end. */
function replay(steps: readonly Step[]): { segments: SegmentParts[]; standing: PassageEntry[] } {
  const standing = new Map<string, PassageEntry>();
  const segments: SegmentParts[] = [];
  let passages = new Map<string, PassageEntry>();
  let gone = new Map<string, PassageName>();
  const cut = () => {
    if (passages.size + gone.size > 0)
      segments.push(buildSegment(WIDTH, [...passages.values()], [...gone.values()]));
    passages = new Map();
    gone = new Map();
  };
  for (const [seq, { item, ordinal, text, cut: ends }] of steps.entries()) {
    const key = `${item}#${ordinal}`;
    if (text === null) {
      standing.delete(key);
      passages.delete(key);
      gone.set(key, { item, ordinal, hash: hashOf(seq), seq });
    } else {
      const entry = entryOf(item, ordinal, text, seq);
      standing.set(key, entry);
      passages.set(key, entry);
      gone.delete(key);
    }
    if (ends) cut();
  }
  cut();
  return { segments, standing: [...standing.values()] };
}

const never = () => false;
const always = () => true;

describe('segments', () => {
  it('a merge of all is bit for bit what is built from what stands, in whichever order', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), fc.nat(), (steps, turn) => {
        const { segments, standing } = replay(steps);
        const turned = segments.map((_, index) => segments[(index + turn) % segments.length]!);
        expect(mergeSegments(WIDTH, turned, never)).toEqual(buildSegment(WIDTH, standing));
      }),
    );
  });

  it('merging some of them first changes nothing, and brings nothing back', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), fc.nat(), fc.nat(), (steps, from, count) => {
        const { segments, standing } = replay(steps);
        const at = segments.length === 0 ? 0 : from % segments.length;
        const some = segments.slice(at, at + 2 + (count % 3));
        const others = segments.filter((segment) => !some.includes(segment));
        const merged = [...others, mergeSegments(WIDTH, some, always)];
        expect(mergeSegments(WIDTH, merged, never)).toEqual(buildSegment(WIDTH, standing));
      }),
    );
  });

  it('names its passages, and finds each', () => {
    const passages = [entryOf('b', 1, 'two', 3), entryOf('a', 0, 'one', 1), entryOf('b', 0, 'one', 2)];
    const gone = [{ item: 'c', ordinal: 0, hash: hashOf(9), seq: 9 }];
    const ids = new SegmentIds(buildSegment(WIDTH, passages, gone).ids);
    expect(ids.passages).toBe(3);
    expect(ids.name(0)).toEqual({ item: 'a', ordinal: 0, hash: hashOf(1), seq: 1 });
    expect(ids.passage('b', 1)).toBe(2);
    expect(ids.passage('c', 0)).toBe(-1);
    expect(ids.name(3)).toEqual(gone[0]);
  });

  it('finds keys of any script, and none that only begins or goes on like one', () => {
    const letters = fc.string({
      unit: fc.constantFrom('a', 'b', '~', '\u0000', 'é', '\uffff', '𠀋'),
      maxLength: 5,
    });
    fc.assert(
      fc.property(fc.uniqueArray(letters, { maxLength: 40 }), letters, (keys, other) => {
        const ids = new SegmentIds(
          buildSegment(
            WIDTH,
            keys.map((key, index) => entryOf(key, 0, 'one', index + 1)),
          ).ids,
        );
        for (const key of keys) expect(ids.item(ids.passage(key, 0))).toBe(key);
        for (const absent of [other, `${other}a`, `${other}𠀋`].filter((key) => !keys.includes(key)))
          expect(ids.passage(absent, 0)).toBe(-1);
      }),
    );
  });

  it('has rows whose products with a unit vector are its cosines', () => {
    const entry = entryOf('a', 0, 'one', 1);
    const norm = Math.hypot(...entry.embedding);
    const unit = entry.embedding.map((value) => value / norm);
    const { scales, values } = readRows(buildSegment(WIDTH, [{ ...entry, embedding: unit }]).rows, 1, WIDTH);
    const cosine = scales[0]! * unit.reduce((sum, value, i) => sum + value * values[i]!, 0);
    expect(cosine).toBeCloseTo(1, 4);
  });

  it('refuses bytes that were cut', () => {
    const { ids, rows, words } = buildSegment(WIDTH, [entryOf('a', 0, 'one two', 1)]);
    expect(() => new SegmentIds(ids.subarray(1))).toThrow(TypeError);
    expect(() => readRows(rows.subarray(1), 1, WIDTH)).toThrow(/24 bytes|8 bytes where 9/);
    expect(() => new Postings(words.subarray(0, words.length - 1))).toThrow(TypeError);
    expect(() => buildSegment(WIDTH + 1, [entryOf('a', 0, 'one', 1)])).toThrow(RangeError);
  });
});

describe('postings', () => {
  it('has each word of each passage as often as it is there', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary', maxLength: 60 }), { maxLength: 20 }), (texts) => {
        const words = texts.map(countWords);
        const postings = new Postings(buildPostings(words));
        const terms = [...new Set(words.flatMap(({ counts }) => [...counts.keys()]))];
        expect(postings.terms).toBe(terms.length);
        for (const term of terms) {
          const having = words.flatMap(({ counts }, index) => (counts.has(term) ? [index] : []));
          const { passages, frequencies } = postings.list(term)!;
          expect([...passages]).toEqual(having);
          expect([...frequencies]).toEqual(having.map((index) => words[index]!.counts.get(term)));
        }
        expect(postings.totalLength).toBe(words.reduce((sum, { length }) => sum + length, 0));
      }),
    );
  });

  it('numbers far apart and words said often', () => {
    const passages = Array.from({ length: 70_000 }, () => countWords(''));
    passages[0] = countWords('rare '.repeat(300));
    passages[69_999] = countWords('rare');
    const { passages: found, frequencies } = new Postings(buildPostings(passages)).list('rare')!;
    expect([...found]).toEqual([0, 69_999]);
    expect([...frequencies]).toEqual([300, 1]);
  });

  it('has nothing of a word that no passage has', () => {
    expect(new Postings(buildPostings([countWords('one')])).list('two')).toBeNull();
    expect(new Postings(buildPostings([])).list('two')).toBeNull();
  });
});

/** Marks of what another segment has with a higher sequence, alive or gone: every pair compared. */
function marksOf(segments: readonly SegmentIds[]): Uint8Array[] {
  const newest = new Map<string, number>();
  const nameOf = (ids: SegmentIds, entry: number) => `${ids.item(entry)}#${ids.ordinal(entry)}`;
  for (const ids of segments) {
    for (let entry = 0; entry < ids.entries; entry++) {
      const name = nameOf(ids, entry);
      newest.set(name, Math.max(ids.seq(entry), newest.get(name) ?? -1));
    }
  }
  const isDead = (ids: SegmentIds, at: number) => ids.seq(at) < newest.get(nameOf(ids, at))!;
  return segments.map((ids) => Uint8Array.from({ length: ids.passages }, (_, at) => Number(isDead(ids, at))));
}

describe('search by words', () => {
  const terms = [...countWords('one two E-4712 東京').counts.keys()];
  const search = (segments: readonly SegmentParts[]) => {
    const ids = segments.map((segment) => new SegmentIds(segment.ids));
    const marks = marksOf(ids);
    const open = segments.map(({ words }, at) => wordSegment(ids[at]!, new Postings(words), marks[at]!));
    return new WordSearch(open, terms);
  };
  const ranking = (found: WordSearch, bm25 = new Bm25(found.statistics)) => {
    const hits: [string, number, number][] = [];
    found.best(bm25, 100, ({ name: { item, ordinal }, score }) => {
      hits.push([item, ordinal, Math.round(1e4 * score)]);
      return true;
    });
    return hits.sort((a, b) => b[2] - a[2] || (a[0] === b[0] ? a[1] - b[1] : a[0] < b[0] ? -1 : 1));
  };

  it('finds in many segments what it finds in the one of what stands', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        const { segments, standing } = replay(steps);
        const many = search(segments);
        const one = search([buildSegment(WIDTH, standing)]);
        expect(many.statistics).toEqual(one.statistics);
        expect(ranking(many)).toEqual(ranking(one));
        for (const entry of standing) expect(many.find(entry)).toEqual(one.find(entry));
      }),
    );
  });

  it('goes on past what is not accepted', () => {
    const texts = ['one two', 'one', 'one one', 'one two two', 'two'];
    const segment = buildSegment(
      WIDTH,
      texts.map((text, i) => entryOf('a', i, text, i)),
    );
    const found = search([segment]);
    const accepted: number[] = [];
    found.best(new Bm25(found.statistics), 1, ({ name: { ordinal } }) => {
      if (ordinal !== 1) return false;
      accepted.push(ordinal);
      return true;
    });
    expect(accepted).toEqual([1]);
  });

  it('sums what regions know, so that a word counts by how rare it is in all of them', () => {
    const parts = ['one', 'one two', 'two two', 'E-4712'].map((text, i) => entryOf('a', i, text, i));
    const all = search([buildSegment(WIDTH, parts)]);
    const regions = [parts.slice(0, 1), parts.slice(1)].map((some) => search([buildSegment(WIDTH, some)]));
    const sum = sumStatistics(
      regions.map(({ statistics }) => statistics),
      terms.length,
    );
    expect(sum).toEqual(all.statistics);
    const bm25 = new Bm25(sum);
    expect(regions.flatMap((each) => ranking(each, bm25)).sort()).toEqual(ranking(all).sort());
  });
});

describe('BM25', () => {
  const bm25 = new Bm25({ passages: 1000, length: 20_000, frequencies: [1, 400, 0] });
  it('counts rare words more, and a word that is nowhere most', () => {
    const [rare, common, nowhere] = bm25.weights;
    expect(rare).toBeGreaterThan(3 * common!);
    expect(nowhere).toBeGreaterThan(rare!);
    expect(bm25.weights.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(1);
  });
  it('stays between 0 and 1, grows with frequency, falls with length', () => {
    expect(bm25.score({ length: 20, frequencies: [0, 0, 0] })).toBe(0);
    expect(bm25.score({ length: 1, frequencies: [1e6, 1e6, 1e6] })).toBeLessThanOrEqual(1);
    expect(bm25.score({ length: 20, frequencies: [2, 0, 0] })).toBeGreaterThan(
      bm25.score({ length: 20, frequencies: [1, 0, 0] }),
    );
    expect(bm25.score({ length: 40, frequencies: [1, 0, 0] })).toBeLessThan(
      bm25.score({ length: 20, frequencies: [1, 0, 0] }),
    );
  });
  it('says nothing of a collection without passages', () => {
    expect(
      new Bm25({ passages: 0, length: 0, frequencies: [0] }).score({ length: 1, frequencies: [0] }),
    ).toBe(0);
  });
});
