/** Import of XLM-RoBERTa's kind: positions, prompts, pooling, and a vocabulary cut to languages. */
import { describe, expect, test } from 'vitest';
import { externalWeight } from '../../../../models/encoder/weights.ts';
import { openEngine } from '../../../../models/engine.ts';
import { type ImportOptions, importFolder } from '../../../../models/importer/import-folder.ts';
import { packFiles } from '../../../../models/importer/pack-files.ts';
import { plainForward } from '../../../../models/importer/plain-bert.ts';
import { writtenIn } from '../../../../models/importer/scripts.ts';
import { ModelManifest } from '../../../../models/manifest.ts';
import { nodeOrtWasm } from '../../../../models/ort-wasm-node.ts';
import { readSafetensors, toFloat32 } from '../../../../models/safetensors.ts';
import { openTokenizer } from '../../../../models/tokenizer/tokenizer.ts';
import { type FolderDraft, writeFolder, writeSafetensors } from '../../../helpers/bert-folder.ts';
import { cosine } from '../../../helpers/cosine.ts';
import { draftXlmFolder, UNIGRAM_JSON, XLM_PROMPTS, XLM_SHAPE } from '../../../helpers/xlm-folder.ts';

async function importDraft(draft: FolderDraft, options: Partial<ImportOptions> = {}) {
  await using folder = await writeFolder(draft);
  return await importFolder(folder.path, { name: 'tiny-xlm', weights: 'float32', ...options });
}
type Imported = Awaited<ReturnType<typeof importDraft>>;

function floats({ manifest, files }: Imported, name: string): Float32Array {
  const { file, offset, bytes } = manifest.tensors.find((tensor) => tensor.name === name)!;
  return new Float32Array(files.get(file)!.slice(offset, offset + bytes).buffer);
}
const original = (draft: FolderDraft, name: string) =>
  toFloat32(readSafetensors(writeSafetensors(draft.tensors)).get(`roberta.${name}`)!);

async function engineOf({ manifest, files }: Imported, lowering: 'fp32' | 'int8' = 'fp32') {
  const source = {
    read: async (name: string) =>
      name === 'manifest.json'
        ? new TextEncoder().encode(JSON.stringify(manifest))
        : files.get(name)!.slice(),
  };
  return await openEngine({ source, wasm: await nodeOrtWasm(), adapter: { kind: 'full' }, lowering });
}
const tokenizerOf = ({ manifest, files }: Imported) => openTokenizer(files.get('tokenizer.json')!, manifest);

const QUESTIONS = [
  'Where is my card?',
  'Wie schicke ich ein Paket zurück?',
  '我的包裹坏了',
  'Как вернуть посылку',
];

describe('import of an XLM-RoBERTa folder', () => {
  test('says what the model is, with the position of the first token as row 0', async () => {
    const draft = draftXlmFolder();
    const artifact = await importDraft(draft);
    const { tensors: _tensors, files: _files, ...said } = ModelManifest.parse(artifact.manifest);
    expect(said).toMatchObject({
      architecture: 'xlm-roberta',
      pooling: 'mean',
      maxTokens: 32,
      vocabulary: XLM_SHAPE.vocabulary,
      prompts: XLM_PROMPTS,
    });
    expect(artifact.unusedPrompts).toEqual(['classification']);
    const positions = original(draft, 'embeddings.position_embeddings.weight');
    const { width } = XLM_SHAPE;
    expect(floats(artifact, 'embeddings.position')).toEqual(positions.slice(2 * width, 34 * width));
    await expect(importDraft(draft, { maxTokens: 33 })).rejects.toThrow(/not within 2…32/);
  });

  test.each(['mean', 'cls'] as const)('embeds as a plain forward pass does, pooling %s', async (pooling) => {
    const draft = draftXlmFolder();
    draft.json['1_Pooling/config.json'] = {
      pooling_mode_cls_token: pooling === 'cls',
      pooling_mode_mean_tokens: pooling === 'mean',
    };
    const artifact = await importDraft(draft);
    expect(artifact.manifest.pooling).toBe(pooling);
    const engine = await engineOf(artifact);
    const read = (name: string) => floats(artifact, name);
    for (const question of QUESTIONS) {
      const ids = engine.tokenize(question, 'query');
      const expected = plainForward(artifact.manifest, read, ids);
      expect(cosine(expected, await engine.embed([ids]))).toBeGreaterThan(1 - 1e-6);
    }
    const [query, passage] = ['query', 'passage'].map((role) => engine.tokenize('card', role as 'query'));
    expect(query).not.toEqual(passage);
    expect(query).toEqual(
      (await engineOf(await importDraft(draft, { prompts: { query: '' } }))).tokenize('query: card', 'query'),
    );
  });

  test('in int8 says nearly the same', async () => {
    const [exact, small] = [
      await importDraft(draftXlmFolder()),
      await importDraft(draftXlmFolder(), { weights: 'int8' }),
    ];
    const [one, other] = [await engineOf(exact), await engineOf(small, 'int8')];
    for (const question of QUESTIONS) {
      const ids = one.tokenize(question, 'query');
      expect(cosine(await one.embed([ids]), await other.embed([ids]))).toBeGreaterThan(0.99);
    }
  });

  test.each<[string, (draft: FolderDraft) => void, RegExp]>([
    [
      'prompts for other tasks only',
      (draft) => {
        draft.json['config_sentence_transformers.json'] = { prompts: { clustering: 'cluster: ' } };
      },
      /prompts named clustering, none for questions or passages.*--query-prompt/,
    ],
    [
      'a default prompt that is not there',
      (draft) => {
        draft.json['config_sentence_transformers.json'] = { prompts: {}, default_prompt_name: 'query' };
      },
      /default_prompt_name is 'query'/,
    ],
    [
      'pooling without the prompt',
      (draft) => {
        draft.json['1_Pooling/config.json'] = { pooling_mode_cls_token: true, include_prompt: false };
      },
      /include_prompt is false/,
    ],
    [
      'a prompt that leaves no room',
      (draft) => {
        draft.json['config_sentence_transformers.json'] = { prompts: { query: 'x '.repeat(20) } };
      },
      /prompt of a query takes \d+ of 32 tokens/,
    ],
    [
      'two kinds of pooling',
      (draft) => {
        draft.json['1_Pooling/config.json'] = {
          pooling_mode_cls_token: true,
          pooling_mode_mean_tokens: true,
        };
      },
      /pooling by pooling_mode_cls_token \+ pooling_mode_mean_tokens/,
    ],
  ])('refuses %s', async (_, change, message) => {
    const draft = draftXlmFolder();
    change(draft);
    await expect(importDraft(draft)).rejects.toThrow(message);
  });

  test('a default prompt goes before texts without a prompt of their own', async () => {
    const draft = draftXlmFolder();
    draft.json['config_sentence_transformers.json'] = {
      prompts: { query: 'q: ', all: 'p: ' },
      default_prompt_name: 'all',
    };
    expect((await importDraft(draft)).manifest.prompts).toEqual({ query: 'q: ', passage: 'p: ' });
    draft.json['config_sentence_transformers.json'] = undefined;
    expect((await importDraft(draft)).manifest.prompts).toBeUndefined();
  });
});

describe('a vocabulary cut to languages', () => {
  const german = { languages: ['de', 'ru'], most: undefined, texts: [] as string[] };

  test('keeps tokens and embeddings of their texts, and does not know others', async () => {
    const whole = await importDraft(draftXlmFolder());
    const cut = await importDraft(draftXlmFolder(), { cut: german });
    expect(cut.manifest.languages).toEqual(['de', 'ru']);
    expect(cut.manifest.vocabulary).toBeLessThan(0.8 * whole.manifest.vocabulary);
    expect(tokenizerOf(cut).vocabulary).toBe(cut.manifest.vocabulary);
    const [before, after] = [await engineOf(whole), await engineOf(cut)];
    for (const text of ['Wie schicke ich ein Paket zurück?', 'Как вернуть посылку', 'the <mask> card 😀']) {
      const [old, now] = [before.tokenize(text, 'passage'), after.tokenize(text, 'passage')];
      expect(now.length).toBe(old.length);
      expect(cosine(await before.embed([old]), await after.embed([now]))).toBeGreaterThan(1 - 1e-6);
    }
    expect([before, after].map((engine) => engine.knows('我的包裹坏了怎么退货'))).toEqual([true, false]);
  });

  test('keeps what the texts use first, then the likeliest', async () => {
    const texts = ['我的包裹坏了怎么退货'];
    const most = UNIGRAM_JSON.added_tokens.length + 40;
    const cut = await importDraft(draftXlmFolder(), { cut: { ...german, most, texts } });
    expect(cut.manifest.vocabulary).toBe(most);
    const whole = await importDraft(draftXlmFolder());
    expect(tokenizerOf(cut).encode(texts[0]!, 'passage').length).toBe(
      tokenizerOf(whole).encode(texts[0]!, 'passage').length,
    );
    expect(tokenizerOf(cut).knows(texts[0]!)).toBe(true);
  });

  test('refuses a language that it does not know, and a vocabulary of words', async () => {
    await expect(importDraft(draftXlmFolder(), { cut: { ...german, languages: ['xx'] } })).rejects.toThrow(
      /language 'xx' is not one of af, ar/,
    );
  });

  test.each([
    ['de', 'Straße 12 €', true],
    ['de', 'façade', false],
    ['fr', 'façade', true],
    ['fr', 'fac\u0327ade', true],
    ['ja', 'カード、です', true],
    ['ja', '카드', false],
    ['ru', 'ёлка', true],
    ['ru', 'ґрунт', false],
    ['ar', 'كيف؟', true],
    ['hi', 'कैसे।', true],
    ['th', 'ราคา', true],
    ['tr', 'ışık', true],
    ['zh', 'card', true],
  ])('%s is written with %s: %s', (language, text, expected) => {
    expect(writtenIn([language])(text)).toBe(expected);
  });
});

test('a table larger than a file goes on in the next, and comes back whole', async () => {
  const { manifest } = await importDraft(draftXlmFolder(), { weights: 'int8' });
  const values = Int8Array.from({ length: 1000 }, (_, at) => at % 127);
  const { files, tensors } = packFiles('embeddings', [{ name: 'x', shape: [10, 100], values }], 384);
  expect(files.map(({ name, bytes }) => [name, bytes.length])).toEqual([
    ['embeddings.bin', 384],
    ['embeddings-2.bin', 384],
    ['embeddings-3.bin', 232],
  ]);
  const split = ModelManifest.parse({ ...manifest, tensors });
  const use = { location: 'w', tensor: 'x', dtype: 'int8', layout: 'out-in', shape: [10, 100] } as const;
  const weight = externalWeight(split, use);
  expect(weight.files).toEqual(files.map(({ name }) => name));
  const read = (name: string) => files.find((file) => file.name === name)!.bytes;
  expect(weight.bytes(read)).toEqual(new Uint8Array(values.buffer));
  expect(() => weight.bytes((name) => read(name).subarray(0, 300))).toThrow(/tensor 'x' ends at byte 384/);
});
