/**
 * The artifact of a frozen sentence encoder: one manifest and a few binary files, each below the 25 MiB limit
 * of a static asset. Weights of linear maps are `[out, in]`, symmetric int8 with one fp32 scale per output row
 * (or fp32 without scales, for exactness tests). Everything is little-endian and every tensor starts at a
 * multiple of 64 bytes.
 */
import { z } from 'zod';
import { ARCHITECTURE_NAMES } from './architecture/table.ts';

const Sha256 = z.string().regex(/^[0-9a-f]{64}$/);

/** What a model wants before a question and before a passage; may be empty. */
export const Prompts = z.strictObject({ query: z.string(), passage: z.string() });
export type Prompts = z.infer<typeof Prompts>;

/** Where a tensor lies. `int8` tensors `X` of linear maps and of the word embeddings have a sibling `X.scale`. */
export const TensorEntry = z.strictObject({
  name: z.string().min(1),
  dtype: z.enum(['int8', 'float32']),
  shape: z.array(z.int().positive()).min(1).max(2),
  file: z.string().min(1),
  offset: z.int().nonnegative(),
  bytes: z.int().positive(),
  /** Where it goes on, in order, when it is larger than one file may be. */
  more: z
    .array(
      z.strictObject({ file: z.string().min(1), offset: z.int().nonnegative(), bytes: z.int().positive() }),
    )
    .min(1)
    .optional(),
});
export type TensorEntry = z.infer<typeof TensorEntry>;

export const FileEntry = z.strictObject({
  name: z.string().min(1),
  bytes: z.int().positive(),
  sha256: Sha256,
});
export type FileEntry = z.infer<typeof FileEntry>;

/**
 * Tensor names: `embeddings.word` [vocabulary, width], `embeddings.position` [positions, width],
 * `embeddings.type` [width] (segment 0), `embeddings.norm.gamma|beta` [width]; for every layer i
 * `layer.i.attention.qkv.weight` [3·width, width] and `.bias`, `layer.i.attention.output.weight|bias`,
 * `layer.i.attention.norm.gamma|beta`, `layer.i.intermediate.weight|bias`, `layer.i.output.weight|bias`,
 * `layer.i.output.norm.gamma|beta`. Scales: `<name of the int8 tensor>.scale`. An int8 weight may have a sibling
 * `<weight>.smooth` [inputs], by which the product's input is multiplied first (docs/decisions/0002). `pooling.centre`
 * [width], where there is one, is taken from every embedding. Row 0 of the position table is a text's first token.
 */
export const ModelManifest = z.strictObject({
  format: z.literal('fedcar-model'),
  version: z.literal(1),
  name: z.string().min(1),
  architecture: z.enum(ARCHITECTURE_NAMES),
  width: z.int().positive(),
  layers: z.int().positive(),
  heads: z.int().positive(),
  /** At least the checkpoint's: hidden units behind giant weights may be split in two. */
  intermediate: z.int().positive(),
  vocabulary: z.int().positive(),
  positions: z.int().positive(),
  /** Longest input in tokens, prompt and special tokens included. */
  maxTokens: z.int().positive(),
  layerNormEpsilon: z.number().positive(),
  activation: z.literal('gelu'),
  pooling: z.enum(['mean', 'cls']),
  normalize: z.boolean(),
  prompts: Prompts.optional(),
  /** Languages whose words the vocabulary was cut to; left out: it is whole. */
  languages: z.array(z.string()).min(1).optional(),
  weights: z.enum(['int8', 'float32']),
  /** `tokenizer.json` and the binary files. */
  files: z.array(FileEntry).min(2),
  tensors: z.array(TensorEntry).min(1),
});
export type ModelManifest = z.infer<typeof ModelManifest>;

export function hasTensor(manifest: ModelManifest, name: string): boolean {
  return manifest.tensors.some((tensor) => tensor.name === name);
}

/** Where an artifact's bytes come from: the ASSETS binding in a Worker, a folder in Node. */
export interface ArtifactSource {
  /** The bytes of `name`; rejects with an error that names the file when it is missing. */
  read(name: string): Promise<Uint8Array>;
}
