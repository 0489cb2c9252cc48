/** Extractive answers: choice, citations, repetition, and the honest "not found". */
import { describe, expect, it } from 'vitest';
import { wordShares } from '../../../../shared/index/word-shares.ts';
import {
  type AnswerPassage,
  extractAnswer,
  renderNotFound,
  renderSentences,
} from '../../../../shared/retrieval/extractive.ts';

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
const shares = (texts: readonly string[]) => wordShares('locker code hours', texts);

describe('an extractive answer', () => {
  it('cites a passage for every sentence, in reading order, word for word', async () => {
    const answer = await extractAnswer(passages, { shares, query, embed, foundAt: 0.4, maxSentences: 3 });
    expect(answer.found).toBe(true);
    expect(answer.sentences.length).toBeGreaterThan(1);
    expect(answer.sentences[0]?.passage).toBe(0);
    for (const { text, passage } of answer.sentences) expect(passages[passage]?.text).toContain(text);
    const places = answer.sentences.map(({ text }) =>
      passages
        .map((p) => p.text)
        .join('\n')
        .indexOf(text),
    );
    expect(places).toEqual([...places].sort((a, b) => a - b));
    const rendered = renderSentences(answer);
    expect(rendered[0]).toBe('The code of a locker works for 72 hours. [1]');
    expect(rendered.every((piece) => /^[^[]*\[[12]\]$/.test(piece))).toBe(true);
  });

  it('uses no passage below the threshold and no sentence that is much less relevant', async () => {
    const answer = await extractAnswer(passages, { shares, query, embed, foundAt: 0.4 });
    expect(answer.sentences.map(({ passage }) => passage)).not.toContain(2);
    expect(renderSentences(answer).join('')).not.toContain('Nothing else');
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
      shares,
      query: encode('locker code refund'),
      embed,
      foundAt: 0,
      maxSentences: 2,
    });
    expect(answer.sentences.map(({ text }) => text).join(' ')).toContain('refund');
  });

  it('says when nothing fits and names the nearest items', async () => {
    const answer = await extractAnswer(passages, { shares, query, embed, foundAt: 0.9 });
    expect(answer).toEqual({
      found: false,
      sentences: [],
      nearest: [
        { item: 'lockers', title: 'Locker' },
        { item: 'help', title: 'Help' },
        { item: 'wine', title: 'Wine' },
      ],
    });
    expect((await extractAnswer([], { shares, query, embed, foundAt: 0 })).found).toBe(false);
  });

  it('embeds at most the candidates it was allowed', async () => {
    let embedded = 0;
    const long = {
      ...(passages[0] as AnswerPassage),
      text: Array.from({ length: 500 }, (_, i) => `Locker ${i}.`).join(' '),
    };
    await extractAnswer([long], {
      shares,
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

  it('quotes a sentence that goes on and on by its beginning', async () => {
    for (const text of [`Locker ${'code '.repeat(900)}`, `Locker ${'😀'.repeat(900)}.`]) {
      const answer = await extractAnswer([{ ...passages[0]!, text }], { shares, query, embed, foundAt: 0 });
      const quoted = answer.sentences[0]?.text ?? '';
      expect(quoted.length).toBeLessThanOrEqual(400);
      expect(quoted.length).toBeGreaterThan(380);
      expect(quoted.isWellFormed() && quoted.endsWith('…')).toBe(true);
      expect(text.startsWith(quoted.slice(0, -1))).toBe(true);
    }
  });

  it('says no mark, number or cell alone where there are statements', async () => {
    const text = 'Locker: ::: Locker\n2.1.\nHours: 72\nThe locker code works for 72 hours.\nLocker hours!';
    const ask = async (given: string) => {
      const passage = { ...passages[0]!, text: given };
      const { sentences } = await extractAnswer([passage], {
        shares,
        query,
        embed,
        foundAt: 0.4,
        maxSentences: 9,
      });
      return sentences.map((sentence) => sentence.text);
    };
    expect(await ask(text)).toEqual(['The locker code works for 72 hours.', 'Locker hours!']);
    expect(await ask('Hours: 72')).toEqual(['Hours: 72']);
    expect(await ask('Locker: 储物柜密码有效\nLocker')).toEqual(['储物柜密码有效']);
  });

  it('numbers passages as they were given, also when some above them do not fit', async () => {
    const [lockers, help, wine] = passages as [AnswerPassage, AnswerPassage, AnswerPassage];
    const answer = await extractAnswer([wine, help, lockers], { shares, query, embed, foundAt: 0.4 });
    const rendered = renderSentences(answer);
    // The passage of the best statement comes first.
    expect(rendered[0]).toBe('The code of a locker works for 72 hours. [3]');
    expect(rendered.at(-1)).toMatch(/no refund\. \[2\]$/);
  });

  it('takes a document’s own footnote marks out', async () => {
    const marked = { ...(passages[0] as AnswerPassage), text: 'The locker code [9] works for hours[1, 2].' };
    const answer = await extractAnswer([marked], { shares, query, embed, foundAt: 0 });
    expect(renderSentences(answer)).toEqual(['The locker code works for hours. [1]']);
  });

  it('offers the nearest items by title and key', () => {
    const sorry = 'I found nothing in the documents that answers this.';
    expect(renderNotFound([])).toBe(sorry);
    expect(renderNotFound([{ item: 'a/b', title: '' }])).toBe(`${sorry} The nearest is: a/b.`);
    const two = [
      { item: 'a', title: 'A thing' },
      { item: 'b', title: 'B' },
    ];
    expect(renderNotFound(two)).toBe(`${sorry} The nearest are: “A thing” (a); “B” (b).`);
  });
});
