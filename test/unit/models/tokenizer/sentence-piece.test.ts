import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fc, test as property } from '@fast-check/vitest';
import { describe, expect, test } from 'vitest';
import { eachGrapheme } from '../../../../models/tokenizer/graphemes.ts';
import { SentencePiece } from '../../../../models/tokenizer/sentence-piece.ts';
import { openTokenizer } from '../../../../models/tokenizer/tokenizer.ts';

interface Golden {
  texts: string[];
  tokenizers: { name: string; json: { model: object }; ids: number[][] }[];
}
const VECTORS = join(import.meta.dirname, '../../../vectors/hugging-face-tokenizers-0.23.3-unigram.json');
const golden: Golden = JSON.parse(readFileSync(VECTORS, 'utf8'));
const bytes = (json: unknown) => new TextEncoder().encode(JSON.stringify(json));
const [plain] = golden.tokenizers;

describe('Unigram tokenizers', () => {
  test.each(golden.tokenizers)('have the ids of the reference: $name', ({ json, ids }) => {
    const tokenizer = openTokenizer(bytes(json), { maxTokens: 1000 });
    for (const [at, text] of golden.texts.entries()) {
      expect([text, [...tokenizer.encode(text, 'query')]]).toEqual([text, ids[at]]);
    }
  });

  test('count the tokens of a text alone, and put the prompt of its role before it', () => {
    const prompts = { query: 'where is my ', passage: '' };
    const tokenizer = openTokenizer(bytes(plain!.json), { maxTokens: 40, prompts });
    expect(tokenizer.encode('card', 'query')).toEqual(tokenizer.encode('where is my card', 'passage'));
    expect(tokenizer.count('card '.repeat(100))).toBeGreaterThan(100);
    const cut = tokenizer.encode('card '.repeat(100), 'query');
    expect([cut.length, cut[0], cut.at(-1)]).toEqual([40, 0, 2]);
  });

  const scripts = [
    'card',
    'ü',
    '包裹',
    'कै',
    '\u0301',
    '\u200d',
    '👩',
    '🇩🇪',
    ' ',
    '\r\n',
    '\u0e33',
    '각',
    '<s>',
  ];
  const text = fc
    .array(fc.oneof(fc.constantFrom(...scripts), fc.string({ unit: 'binary', maxLength: 6 })), {
      maxLength: 40,
    })
    .map((parts) => parts.join(''));
  property.prop([text])('clusters are the segmenter’s, whatever the text', (sample) => {
    const found: string[] = [];
    eachGrapheme(sample, (cluster) => found.push(cluster));
    const expected = Array.from(new Intl.Segmenter('en').segment(sample), ({ segment }) => segment);
    expect(found).toEqual(expected);
  });

  test('clusters across stretches are whole', () => {
    for (const unit of ['कै', 'a\u0301\u0302', '👩‍👩‍👧', '\u{1e900}\u{1e944}']) {
      for (const lead of ['', 'x', 'xyz']) {
        const sample = lead + unit.repeat(300);
        const found: string[] = [];
        eachGrapheme(sample, (cluster) => found.push(cluster));
        expect(found).toEqual([...lead, ...new Array(300).fill(unit)]);
      }
    }
  });

  test.each([
    ['one letter', 'q'.repeat(1_000_000)],
    ['one word', 'card'.repeat(250_000)],
    ['marks on one letter', `e${'\u0301'.repeat(1_000_000)}`],
    ['Devanagari', 'मैं अपना पार्सल '.repeat(60_000)],
    ['families', '👩‍👩‍👧'.repeat(120_000)],
    ['one ideograph', '包'.repeat(1_000_000)],
  ])('a megabyte of %s costs what the model reads of it', (_, sample) => {
    const tokenizer = openTokenizer(bytes(plain!.json), { maxTokens: 128 });
    const started = process.cpuUsage();
    const ids = tokenizer.encode(sample, 'passage');
    expect(process.cpuUsage(started).user / 1000).toBeLessThan(2000);
    expect(ids).toEqual(tokenizer.encode(sample.slice(0, 20_000), 'passage'));
  });
});

describe('a tokenizer.json that would not be read as the reference does is refused', () => {
  const changed = (change: object) => bytes({ ...plain!.json, ...change });
  test.each([
    ['a normaliser', { normalizer: { type: 'Bert2' } }, /the normalizer 'Bert2' is not supported/],
    ['a pre-tokeniser', { pre_tokenizer: { type: 'ByteLevel' } }, /the pre_tokenizer 'ByteLevel' is not/],
    [
      'a normalisation that is no trie',
      { normalizer: { type: 'Precompiled', precompiled_charsmap: 'AAAA' } },
      /not a compiled normalisation/,
    ],
    ['another processor', { post_processor: { type: 'ByteLevel' } }, /post_processor/],
    ['no processor', { post_processor: null }, /puts 0 special tokens/],
    ['an empty vocabulary', { model: { type: 'Unigram', unk_id: 0, vocab: [] } }, /vocab/],
    [
      'a stranger for the unknown',
      { model: { type: 'Unigram', unk_id: 9, vocab: [['a', -1]] } },
      /unk_id is 9/,
    ],
  ])('%s', (_, change, message) => {
    expect(() => openTokenizer(changed(change), { maxTokens: 8 })).toThrow(TypeError);
    expect(() => openTokenizer(changed(change), { maxTokens: 8 })).toThrow(message);
  });

  test('a vocabulary without a token for the unknown fails where it is needed', () => {
    const model = {
      type: 'Unigram',
      unk_id: null,
      vocab: [
        ['<s>', 0],
        ['</s>', 0],
        ['a', -1],
      ],
    };
    const tokenizer = new SentencePiece({ ...plain!.json, added_tokens: [], model, pre_tokenizer: null });
    expect(tokenizer.encode('aa')).toEqual([2, 2]);
    expect(() => tokenizer.encode('ab')).toThrow(/nothing for an unknown character/);
  });
});
