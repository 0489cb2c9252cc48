/** Writes folders as sentence-transformers saves them, for the importer's tests, and safetensors files. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { BertShape } from '../../models/importer/bert-layout.ts';
import { TINY_VOCABULARY, tinyCheckpoint, tinyTokenizer } from './tiny-bert.ts';

export interface RawTensor {
  dtype: string;
  shape: readonly number[];
  bytes: Uint8Array;
}

/** A safetensors file of `tensors`, laid out in their order; `header` replaces or adds header entries. */
export function writeSafetensors(tensors: Map<string, RawTensor>, header: Record<string, unknown> = {}) {
  const entries: Record<string, unknown> = {};
  let offset = 0;
  for (const [name, { dtype, shape, bytes }] of tensors) {
    entries[name] = { dtype, shape, data_offsets: [offset, offset + bytes.length] };
    offset += bytes.length;
  }
  const json = new TextEncoder().encode(JSON.stringify({ ...entries, ...header }));
  const file = new Uint8Array(8 + json.length + offset);
  new DataView(file.buffer).setBigUint64(0, BigInt(json.length), true);
  file.set(json, 8);
  let at = 8 + json.length;
  for (const { bytes } of tensors.values()) {
    file.set(bytes, at);
    at += bytes.length;
  }
  return file;
}

export const f32 = (shape: readonly number[], values: Float32Array): RawTensor => ({
  dtype: 'F32',
  shape,
  bytes: new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
});

export const FOLDER_SHAPE: BertShape = {
  width: 16,
  layers: 2,
  heads: 2,
  intermediate: 40,
  vocabulary: TINY_VOCABULARY.length,
  positions: 24,
  firstPosition: 0,
  segments: 2,
};

/** What a folder holds before it is written; a test edits one thing of it. */
export interface FolderDraft {
  /** JSON files by path; undefined leaves one out. */
  json: Record<string, unknown>;
  tensors: Map<string, RawTensor>;
  /** Written as model.safetensors instead of `tensors`. */
  rawWeights?: Uint8Array;
}

/** A complete and valid folder of `FOLDER_SHAPE` with seeded weights. */
export function draftFolder(seed = 7): FolderDraft {
  const weights = tinyCheckpoint(FOLDER_SHAPE, seed);
  return {
    json: {
      'config.json': {
        model_type: 'bert',
        hidden_act: 'gelu',
        hidden_size: FOLDER_SHAPE.width,
        num_hidden_layers: FOLDER_SHAPE.layers,
        num_attention_heads: FOLDER_SHAPE.heads,
        intermediate_size: FOLDER_SHAPE.intermediate,
        vocab_size: FOLDER_SHAPE.vocabulary,
        max_position_embeddings: FOLDER_SHAPE.positions,
        type_vocab_size: FOLDER_SHAPE.segments,
        layer_norm_eps: 1e-12,
      },
      'modules.json': ['Transformer', 'Pooling', 'Normalize'].map((kind, idx) => ({
        idx,
        name: String(idx),
        path: idx === 0 ? '' : `${idx}_${kind}`,
        type: `sentence_transformers.models.${kind}`,
      })),
      '1_Pooling/config.json': { pooling_mode_cls_token: false, pooling_mode_mean_tokens: true },
      'sentence_bert_config.json': { max_seq_length: 20, do_lower_case: false },
      'tokenizer.json': tinyTokenizer(),
    },
    tensors: new Map([...weights].map(([name, { shape, values }]) => [name, f32(shape, values)])),
  };
}

/** Writes the draft to a new temporary folder, which disappears when the returned handle is disposed. */
export async function writeFolder(draft: FolderDraft): Promise<{ path: string } & AsyncDisposable> {
  const path = await mkdtemp(join(tmpdir(), 'fedcar-bert-'));
  for (const [name, value] of Object.entries(draft.json)) {
    if (value === undefined) continue;
    await mkdir(dirname(join(path, name)), { recursive: true });
    await writeFile(join(path, name), typeof value === 'string' ? value : JSON.stringify(value));
  }
  await writeFile(join(path, 'model.safetensors'), draft.rawWeights ?? writeSafetensors(draft.tensors));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}
