/**
 * From a checkpoint in memory to the artifact of ../manifest.ts. Word embeddings go to embeddings.bin, everything
 * else to body.bin. The same input makes the same bytes.
 */

import { ARCHITECTURES, type ArchitectureName } from '../architecture/table.ts';
import type { FileEntry, ModelManifest } from '../manifest.ts';
import type { BertShape } from './bert-layout.ts';
import { type Checkpoint, readRow } from './checkpoint.ts';
import { ASSET_LIMIT, type PackedTensor, packFiles } from './pack-files.ts';
import { quantiseRows } from './quantise.ts';
import { smoothingFactors, smoothWeight } from './smooth.ts';
import { splitHiddenUnits } from './split.ts';

export interface EncoderDescription extends BertShape {
  name: string;
  /** Longest input in tokens; only that many rows of the position table are kept. */
  maxTokens: number;
  layerNormEpsilon: number;
  architecture: ArchitectureName;
  pooling: ModelManifest['pooling'];
  normalize: boolean;
  prompts?: ModelManifest['prompts'];
  /** Tokens that stay of the checkpoint's, in the artifact's order, and the languages that they are of; all unless given. */
  cut?: { keptTokens: Int32Array; languages: string[] | undefined } | undefined;
}

export interface Artifact {
  manifest: ModelManifest;
  /** Every file of `manifest.files`, by name. */
  files: Map<string, Uint8Array>;
}

/**
 * Builds the artifact. `int8` files stay within the platform's asset limit; `float32` ones, which are for exactness
 * tests and are not deployed, may be larger. Throws what `readRow` and `packFiles` throw.
 */
export async function buildArtifact(
  model: EncoderDescription,
  checkpoint: Checkpoint,
  tokenizer: Uint8Array,
  weights: ModelManifest['weights'],
): Promise<Artifact> {
  const { layout: layoutOf, prefixes } = ARCHITECTURES[model.architecture].import;
  const { keptTokens, languages } = model.cut ?? {};
  const vocabulary = keptTokens?.length ?? model.vocabulary;
  const original = layoutOf(model, model.maxTokens).map((row) =>
    row.kind === 'table' && keptTokens !== undefined
      ? { ...row, shape: [vocabulary, model.width], keptRows: keptTokens }
      : row,
  );
  const values = new Map(original.map((row) => [row.name, readRow(checkpoint, row, prefixes)]));
  const read = (name: string) => values.get(name)!;
  const smoothing =
    weights === 'int8' ? smoothingFactors({ ...model, vocabulary }, read, model.maxTokens) : new Map();
  const intermediate = weights === 'int8' ? splitHiddenUnits(model, values) : model.intermediate;
  const layout = layoutOf({ ...model, vocabulary, intermediate }, model.maxTokens);
  const words: PackedTensor[] = [];
  const body: PackedTensor[] = [];
  for (const row of layout) {
    const target = row.kind === 'table' ? words : body;
    if (weights === 'float32' || row.kind === 'plain') {
      target.push({ name: row.name, shape: row.shape, values: read(row.name) });
      continue;
    }
    const linear = row.name.replace(/\.weight$/, '');
    const smooth: Float32Array | undefined = smoothing.get(linear);
    if (smooth) target.push({ name: `${row.name}.smooth`, shape: [smooth.length], values: smooth });
    const fitting = smooth ? smoothWeight(read(row.name), smooth) : read(row.name);
    const { codes, scales } = quantiseRows(fitting, row.shape[0]!, row.shape[1]!);
    target.push({ name: row.name, shape: row.shape, values: codes });
    target.push({ name: `${row.name}.scale`, shape: [row.shape[0]!], values: scales });
  }
  const limit = weights === 'int8' ? ASSET_LIMIT : Number.MAX_SAFE_INTEGER;
  const packed = [packFiles('embeddings', words, limit), packFiles('body', body, limit)];
  const files = new Map([['tokenizer.json', tokenizer]]);
  for (const { name, bytes } of packed.flatMap((group) => group.files)) files.set(name, bytes);

  const manifest: ModelManifest = {
    format: 'fedcar-model',
    version: 1,
    name: model.name,
    architecture: model.architecture,
    width: model.width,
    layers: model.layers,
    heads: model.heads,
    intermediate,
    vocabulary,
    positions: model.maxTokens,
    maxTokens: model.maxTokens,
    layerNormEpsilon: model.layerNormEpsilon,
    activation: 'gelu',
    pooling: model.pooling,
    normalize: model.normalize,
    ...(model.prompts === undefined ? {} : { prompts: model.prompts }),
    ...(languages === undefined ? {} : { languages }),
    weights,
    files: await Promise.all([...files].map(([name, bytes]) => fileEntry(name, bytes))),
    tensors: packed.flatMap((group) => group.tensors),
  };
  return { manifest, files };
}

/** What a manifest says of a file. */
export async function fileEntry(name: string, bytes: Uint8Array): Promise<FileEntry> {
  const digest = await crypto.subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>);
  const sha256 = Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('');
  return { name, bytes: bytes.length, sha256 };
}
