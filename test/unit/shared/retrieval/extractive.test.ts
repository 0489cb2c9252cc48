/** Extractive answers: choice, citations, repetition, and the honest "not found". */
import { describe, expect, it } from 'vitest';
import { type AnswerPassage, extractAnswer, renderAnswer } from '../../../../shared/retrieval/extractive.ts';

/** Words as coordinates: an encoder whose cosines can be worked out by hand. */
const WORDS = ['locker', 'code', 'hours', 'wine', 'permit', 'rain', 'refund'];
function encode(text: string): Float32Array {
  const vector = new Float32Array(WORDS.length + 1);
  // Every text has a little of what is in none of the words.
  vector[WORDS.length] = 0.5;
  WORDS.forEach((word, i) => {
    vector[i]! += text.toLowerCase().split(word).length - 1;
  });
  const norm = Math.hypot(...vector);
  return vector.map((x) => x / norm);
}
const embed = async (texts: readonly string[]) => texts.map(encode);

const passages: AnswerPassage[] = [
  {
    id: 'lockers#0',
    item: 'lockers',
    title: 'Locker',
    text: 'Locker: The code of a locker works for 72 hours. Rain does not matter. After those hours the locker code ends.',
    score: 0.8,
  },
  {
    id: 'help#1',
    item: 'help',
    title: 'Help',
    text: 'A locker code that ended gives no refund. Nothing else here.',
    score: 0.6,
  },
  { id: 'wine#0', item: 'wine', title: 'Wine', text: 'Wine needs a permit.', score: 0.2 },
];
const query = encode('locker code hours');

describe('an extractive answer', () => {
  it('cites a passage for every sentence, in reading order, word for word', async () => {
    const answer = await extractAnswer(passages, { query, embed, foundAt: 0.4, maxSentences: 3 });
    expect(answer.found).toBe(true);
    expect(answer.sentences.length).toBeGreaterThan(1);
    expect(answer.citations[0]).toBe('lockers#0');
    for (const { text, citation } of answer.sentences) {
      const cited = passages.find(({ id }) => id === answer.citations[citation]);
      expect(cited?.text).toContain(text);
    }
    const places = answer.sentences.map(({ text }) =>
      passages
        .map((p) => p.text)
        .join('\n')
        .indexOf(text),
    );
    expect(places).toEqual([...places].sort((a, b) => a - b));
    expect(renderAnswer(answer)).toMatch(/^The code of a locker works for 72 hours\..*\[1\]/);
  });

  it('uses no passage below the threshold and no sentence that is much less relevant', async () => {
    const answer = await extractAnswer(passages, { query, embed, foundAt: 0.4 });
    expect(answer.citations).not.toContain('wine#0');
    expect(renderAnswer(answer)).not.toContain('Nothing else');
  });

  it('prefers something new to a repetition', async () => {
    const repeated: AnswerPassage[] = [
      {
        id: 'a#0',
        item: 'a',
        title: '',
        text: 'locker code locker code. Locker code, locker code! code refund',
        score: 0.5,
      },
    ];
    const answer = await extractAnswer(repeated, {
      query: encode('locker code refund'),
      embed,
      foundAt: 0,
      maxSentences: 2,
    });
    expect(answer.sentences.map(({ text }) => text).join(' ')).toContain('refund');
  });

  it('says when nothing fits and names the nearest items', async () => {
    const answer = await extractAnswer(passages, { query, embed, foundAt: 0.9 });
    expect(answer).toEqual({
      found: false,
      sentences: [],
      citations: [],
      nearest: [
        { item: 'lockers', title: 'Locker' },
        { item: 'help', title: 'Help' },
        { item: 'wine', title: 'Wine' },
      ],
    });
    expect((await extractAnswer([], { query, embed, foundAt: 0 })).found).toBe(false);
  });

  it('embeds at most the candidates it was allowed', async () => {
    let embedded = 0;
    const long = {
      ...(passages[0] as AnswerPassage),
      text: Array.from({ length: 500 }, (_, i) => `Locker ${i}.`).join(' '),
    };
    await extractAnswer([long], {
      query,
      foundAt: 0,
      maxCandidates: 20,
      embed: async (texts) => {
        embedded += texts.length;
        return embed(texts);
      },
    });
    expect(embedded).toBe(20);
  });
});
