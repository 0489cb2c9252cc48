import { describe, expect, test } from 'vitest';
import { importFolder } from '../../../../models/importer/import-folder.ts';
import { ModelManifest, type TensorEntry } from '../../../../models/manifest.ts';
import { readSafetensors, toFloat32 } from '../../../../models/safetensors.ts';
import {
  draftFolder,
  FOLDER_SHAPE,
  type FolderDraft,
  f32,
  writeFolder,
  writeSafetensors,
} from '../../../helpers/bert-folder.ts';

const OPTIONS = { name: 'tiny', weights: 'int8', maxTokens: 20 } as const;

async function importDraft(draft: FolderDraft, options: Partial<Parameters<typeof importFolder>[1]> = {}) {
  await using folder = await writeFolder(draft);
  return await importFolder(folder.path, { ...OPTIONS, ...options });
}

type Artifact = Awaited<ReturnType<typeof importDraft>>;

function entryOf({ manifest }: Artifact, name: string): TensorEntry {
  const entry = manifest.tensors.find((tensor) => tensor.name === name);
  if (entry === undefined) throw new Error(`no tensor ${name}`);
  return entry;
}

function floats(artifact: Artifact, name: string): Float32Array {
  const { file, offset, bytes } = entryOf(artifact, name);
  return new Float32Array(artifact.files.get(file)!.slice(offset, offset + bytes).buffer);
}

function original(draft: FolderDraft, name: string): Float32Array {
  return toFloat32(readSafetensors(writeSafetensors(draft.tensors)).get(name)!);
}

describe('importFolder', () => {
  test.each(['int8', 'float32'] as const)('writes a %s artifact whose manifest holds', async (weights) => {
    const artifact = await importDraft(draftFolder(), { weights });
    const manifest = ModelManifest.parse(artifact.manifest);
    expect(manifest).toMatchObject({
      width: 16,
      layers: 2,
      positions: 20,
      maxTokens: 20,
      normalize: true,
      weights,
    });
    expect(manifest.files.map((file) => file.name)).toEqual(['tokenizer.json', 'embeddings.bin', 'body.bin']);
    for (const { name, bytes, sha256 } of manifest.files) {
      const content = artifact.files.get(name)! as Uint8Array<ArrayBuffer>;
      expect(content.length).toBe(bytes);
      expect(Buffer.from(await crypto.subtle.digest('SHA-256', content)).toString('hex')).toBe(sha256);
    }
    let end = { file: '', at: 0 };
    for (const { file, offset, bytes, shape, dtype } of manifest.tensors) {
      expect(offset % 64).toBe(0);
      expect(bytes).toBe(shape.reduce((a, b) => a * b) * (dtype === 'int8' ? 1 : 4));
      expect(offset).toBeGreaterThanOrEqual(file === end.file ? end.at : 0);
      end = { file, at: offset + bytes };
      expect(end.at).toBeLessThanOrEqual(artifact.files.get(file)!.length);
    }
  });

  test('keeps fp32 weights bit for bit, joins query, key and value, and cuts the tables', async () => {
    const draft = draftFolder();
    const artifact = await importDraft(draft, { weights: 'float32', maxTokens: 12 });
    const self = 'encoder.layer.1.attention.self';
    const joined = ['query', 'key', 'value'].flatMap((part) => [
      ...original(draft, `${self}.${part}.weight`),
    ]);
    expect([...floats(artifact, 'layer.1.attention.qkv.weight')]).toEqual(joined);
    expect(floats(artifact, 'layer.0.output.bias')).toEqual(
      original(draft, 'encoder.layer.0.output.dense.bias'),
    );
    expect(entryOf(artifact, 'embeddings.position').shape).toEqual([12, 16]);
    const positions = original(draft, 'embeddings.position_embeddings.weight');
    expect(floats(artifact, 'embeddings.position')).toEqual(positions.slice(0, 12 * 16));
    const types = original(draft, 'embeddings.token_type_embeddings.weight');
    expect(floats(artifact, 'embeddings.type')).toEqual(types.slice(0, 16));
  });

  test('makes the same bytes every time', async () => {
    const [first, second] = [await importDraft(draftFolder()), await importDraft(draftFolder())];
    expect(second.manifest).toEqual(first.manifest);
  });

  test("finds tensors under a head's prefix and TensorFlow's norm names", async () => {
    const draft = draftFolder();
    const renamed = [...draft.tensors].map(([name, tensor]) => {
      const old = name
        .replace('LayerNorm.weight', 'LayerNorm.gamma')
        .replace('LayerNorm.bias', 'LayerNorm.beta');
      return [`bert.${old}`, tensor] as const;
    });
    const artifact = await importDraft({ ...draft, tensors: new Map(renamed) });
    expect(artifact.manifest).toEqual((await importDraft(draftFolder())).manifest);
  });

  test('takes at most 128 tokens, or what the model knows, unless a limit is given', async () => {
    expect((await importDraft(draftFolder(), { maxTokens: undefined })).manifest.maxTokens).toBe(20);
    const open = draftFolder();
    open.json['sentence_bert_config.json'] = undefined;
    expect((await importDraft(open, { maxTokens: undefined })).manifest.maxTokens).toBe(
      FOLDER_SHAPE.positions,
    );
  });

  test.each([
    [{ type: 'BertNormalizer', lowercase: true }],
    [{ type: 'Lowercase' }],
    [{ type: 'Sequence', normalizers: [{ type: 'NFC' }, { type: 'Lowercase' }] }],
  ])('takes texts that are lowered before, where the tokenizer lowers them: %j', async (normalizer) => {
    const draft = draftFolder();
    draft.json['sentence_bert_config.json'] = { do_lower_case: true };
    (draft.json['tokenizer.json'] as Record<string, unknown>).normalizer = normalizer;
    expect((await importDraft(draft)).manifest.maxTokens).toBe(20);
  });

  test('takes a plain BERT folder as mean pooling without a final normalisation', async () => {
    const draft = draftFolder();
    draft.json['modules.json'] = undefined;
    expect((await importDraft(draft)).manifest.normalize).toBe(false);
  });
});

const config = (change: object) => (draft: FolderDraft) => {
  Object.assign(draft.json['config.json'] as object, change);
};
const QUERY = 'encoder.layer.0.attention.self.query.weight';

describe('importFolder refuses', () => {
  const cases: [string, (draft: FolderDraft) => void, new (message: string) => Error, RegExp][] = [
    [
      'another architecture',
      config({ model_type: 'roberta' }),
      TypeError,
      /model_type is 'roberta', only 'bert' and 'xlm-roberta'/,
    ],
    ['another activation', config({ hidden_act: 'gelu_new' }), TypeError, /hidden_act is 'gelu_new'/],
    ['relative positions', config({ position_embedding_type: 'relative_key' }), TypeError, /'relative_key'/],
    ['heads that do not divide the width', config({ num_attention_heads: 3 }), TypeError, /not a multiple/],
    ['a config without a field', config({ hidden_size: undefined }), TypeError, /config\.json.*hidden_size/s],
    [
      'more layers than there are',
      config({ num_hidden_layers: 3 }),
      RangeError,
      /no tensor 'encoder\.layer\.2/,
    ],
    [
      'a shape that does not fit',
      config({ intermediate_size: 48 }),
      RangeError,
      /'encoder\.layer\.0\.intermediate\.dense\.weight' has shape \[40, 16\], config\.json implies \[48, 16\]/,
    ],
    ['a tokenizer with more ids than rows', config({ vocab_size: 60 }), RangeError, /ids up to 65.*60 rows/],
    [
      'a missing tensor',
      (draft) => draft.tensors.delete(QUERY),
      RangeError,
      new RegExp(`no tensor '${QUERY}'`),
    ],
    [
      'an integer tensor',
      (draft) => draft.tensors.set(QUERY, { dtype: 'I8', shape: [16, 16], bytes: new Uint8Array(256) }),
      TypeError,
      new RegExp(`'${QUERY}': dtype I8`),
    ],
    [
      'a weight that is not finite',
      (draft) => draft.tensors.set(QUERY, f32([16, 16], new Float32Array(256).fill(Number.NaN))),
      RangeError,
      new RegExp(`'${QUERY}' has a value that is not finite`),
    ],
    [
      'another pooling',
      (draft) => {
        draft.json['1_Pooling/config.json'] = {
          pooling_mode_max_tokens: true,
          pooling_mode_mean_tokens: false,
        };
      },
      TypeError,
      /1_Pooling\/config\.json: pooling by pooling_mode_max_tokens/,
    ],
    [
      'a dense layer after the pooling',
      (draft) =>
        (draft.json['modules.json'] as object[]).push({
          path: '3_Dense',
          type: 'sentence_transformers.models.Dense',
        }),
      TypeError,
      /'Transformer, Pooling, Normalize, Dense' is not supported/,
    ],
    [
      'texts that are lowered before a tokenizer that keeps case',
      (draft) => {
        draft.json['sentence_bert_config.json'] = { do_lower_case: true };
        (draft.json['tokenizer.json'] as Record<string, unknown>).normalizer = {
          type: 'BertNormalizer',
          lowercase: false,
        };
      },
      TypeError,
      /do_lower_case is only supported where tokenizer\.json lowers case itself/,
    ],
    [
      'no config.json',
      (draft) => {
        draft.json['config.json'] = undefined;
      },
      TypeError,
      /no config\.json/,
    ],
    [
      'no tokenizer.json',
      (draft) => {
        draft.json['tokenizer.json'] = undefined;
      },
      TypeError,
      /no tokenizer\.json/,
    ],
    [
      'a config that is not JSON',
      (draft) => {
        draft.json['config.json'] = '{';
      },
      TypeError,
      /config\.json is not JSON/,
    ],
    [
      'broken weights',
      (draft) => {
        draft.rawWeights = new Uint8Array(40);
      },
      RangeError,
      /broken safetensors file/,
    ],
  ];
  test.each(cases)('%s', async (_, change, kind, message) => {
    const draft = draftFolder();
    change(draft);
    const outcome = importDraft(draft);
    await expect(outcome).rejects.toThrow(message);
    await expect(outcome).rejects.toBeInstanceOf(kind);
  });

  test.each([1, 21, 2.5])('a longest input of %s tokens', async (maxTokens) => {
    await expect(importDraft(draftFolder(), { maxTokens })).rejects.toThrow(/not within 2…20/);
    expect(FOLDER_SHAPE.positions).toBeGreaterThan(20);
  });
});
