import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fc, test as property } from '@fast-check/vitest';
import { Tokenizer as WordTokenizer } from '@huggingface/tokenizers';
import { describe, expect, test } from 'vitest';
import { openTokenizer } from '../../../../models/tokenizer/tokenizer.ts';
import { TINY_VOCABULARY, tinyTokenizer } from '../../../helpers/tiny-bert.ts';

const ROOT = join(import.meta.dirname, '../../../..');
const bytes = (json: unknown) => new TextEncoder().encode(JSON.stringify(json));
const read = (path: string) => readFileSync(join(ROOT, path));
const minilm = openTokenizer(read('models/minilm/tokenizer.json'), { maxTokens: 128 });
const tiny = openTokenizer(bytes(tinyTokenizer()), { maxTokens: 16 });
const [CLS, SEP] = [101, 102];

describe('Tokenizer', () => {
  const shared = process.env.FEDCAR_SHARED ?? join(ROOT, '../shared');
  const reference = `${shared}/reference/texts.json`;
  test.skipIf(!existsSync(reference))(
    'has the ids of the reference tokenizer for every reference text',
    () => {
      const { texts, input_ids: ids } = JSON.parse(readFileSync(reference, 'utf8'));
      expect(texts.length).toBeGreaterThan(50);
      for (const [i, text] of texts.entries())
        expect([text, [...minilm.encode(text, 'query')]]).toEqual([text, ids[i]]);
    },
  );

  // Ids from Hugging Face's tokenizers 0.23.3 and all-MiniLM-L6-v2's file.
  test.each([
    ['', []],
    ['I lost my card!', [1045, 2439, 2026, 4003, 999]],
    ['É  naïve\tcafé', [1041, 15743, 7668]],
    ['x'.repeat(101), [100]],
    ['a𠀀b', [1037, 100, 1038]],
    ['ΑΣ', [1155, 29733]],
  ])('encodes %j', (text, inner) => {
    expect([...minilm.encode(text, 'query')]).toEqual([CLS, ...inner, SEP]);
  });

  test.each([
    ['', true],
    ['How do I send a parcel back? E-4712, ε', true],
    ['Wie schicke ich ein Paket zurück?', true],
    ['كيف أعيد الطرد الذي وصل تالفا؟', false],
    ['मैं अपना पार्सल कैसे लौटाऊँ?', false],
    ['Как вернуть посылку отправителю?', false],
    ['Πώς επιστρέφω ένα δέμα;', false],
    ['我的包裹坏了怎么退货', false],
    ['어떻게 반품하나요', false],
    ['ฉันจะส่งพัสดุคืนได้อย่างไร', false],
    ['როგორ დავაბრუნო ამანათი', false],
    ['כיצד מחזירים חבילה', false],
    ['Как вернуть E-4712 через app?', false],
    ['😀🎉👩‍👩‍👧', false],
    ['???', false],
    ['4711', true],
    ['return the parcel 😀', true],
  ])('knows the words of %j: %s', (text, known) => {
    expect(minilm.knows(text)).toBe(known);
    expect(minilm.knows(`${text} `.repeat(500))).toBe(known);
  });

  test('cuts to the longest input and keeps [SEP] at the end', () => {
    const [cls, sep, a] = ['[CLS]', '[SEP]', 'a'].map((token) => TINY_VOCABULARY.indexOf(token));
    for (const words of [13, 14, 15, 1000]) {
      const ids = tiny.encode('a '.repeat(words), 'query');
      expect([...ids]).toEqual([cls, ...new Array(Math.min(words, 14)).fill(a), sep]);
    }
  });

  const word = fc.oneof(
    fc.string({ unit: 'grapheme', maxLength: 12 }),
    fc.string({ unit: 'binary', maxLength: 4 }),
    fc.constantFrom(
      'the',
      'lost',
      '\u200b',
      '\u0301',
      '\u0007',
      '中文',
      '²',
      '[MASK]',
      '__proto__',
      'constructor',
    ),
  );
  const text = fc.array(word, { maxLength: 60 }).map((words) => words.join(' '));
  const unlimited = openTokenizer(bytes(tinyTokenizer()), { maxTokens: 1_000_000 });
  property.prop([text, fc.integer({ min: 2, max: 12 })])(
    'equals the cut of the whole text',
    (input, maxTokens) => {
      const ids = openTokenizer(bytes(tinyTokenizer()), { maxTokens }).encode(input, 'query');
      const whole = unlimited.encode(input, 'query');
      const expected =
        whole.length <= maxTokens ? whole : [...whole.subarray(0, maxTokens - 1), whole.at(-1)!];
      expect([...ids]).toEqual([...expected]);
      for (const id of ids) expect(id).toBeLessThan(TINY_VOCABULARY.length);
    },
  );

  const whole = new WordTokenizer(JSON.parse(read('models/minilm/tokenizer.json').toString()), {});
  const long = openTokenizer(read('models/minilm/tokenizer.json'), { maxTokens: 4096 });
  const spaces = fc.constantFrom(' ', '  ', '\n', ' \n ', '\t', '\u00a0', '\u3000', '');
  const spaced = fc.array(fc.tuple(word, spaces), { maxLength: 30 }).map((words) => words.flat().join(''));
  property.prop([spaced.filter((text) => !/[Σ\u{20000}-\u{2fa1f}]/u.test(text)), fc.boolean()])(
    'remembers words, and reads each text as the library reads the whole of it',
    (input, twice) => {
      const given = (twice ? `${input} ${input}` : input).toWellFormed();
      expect(minilm.count(given)).toBe(whole.encode(given).ids.length - 2);
      expect([...long.encode(given, 'query')]).toEqual(whole.encode(given).ids);
    },
  );

  test('reads words between which a token may stand only together', () => {
    const json = tinyTokenizer() as { added_tokens: object[] };
    const added = { id: 0, content: 'a b', special: true, normalized: false };
    const apart = openTokenizer(bytes({ ...json, added_tokens: [...json.added_tokens, added] }), {
      maxTokens: 16,
    });
    expect(apart.count('a b')).toBe(1);
    expect(tiny.count('a b')).toBe(2);
  });

  test('takes no longer for a book than for its beginning', () => {
    const book = 'it was a dark and stormy night. '.repeat(100_000);
    const started = process.cpuUsage();
    expect(minilm.encode(book, 'query').length).toBe(128);
    expect(process.cpuUsage(started).user / 1000).toBeLessThan(1000);
  });
});

describe('openTokenizer refuses', () => {
  test.each([
    ['bytes that are not JSON', new TextEncoder().encode('{'), /not JSON/],
    ['JSON that is no object', bytes(3), /not a JSON object/],
    ['an object that is no tokenizer', bytes({ version: '1.0' }), /does not describe a tokenizer/],
    [
      'no special tokens',
      bytes({ ...(tinyTokenizer() as object), post_processor: null }),
      /puts 0 special tokens/,
    ],
  ])('%s', (_, file, message) => {
    expect(() => openTokenizer(file, { maxTokens: 8 })).toThrow(TypeError);
    expect(() => openTokenizer(file, { maxTokens: 8 })).toThrow(message);
  });

  test.each([1, 0, 2.5])('a longest output of %s tokens', (maxTokens) => {
    expect(() => openTokenizer(bytes(tinyTokenizer()), { maxTokens })).toThrow(RangeError);
  });
});
