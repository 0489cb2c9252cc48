/**
 * A small BERT with seeded random weights, its tokenizer and its artifact in memory, made by the real importer.
 * Its vocabulary covers every lower-case ASCII word: a letter, a `##letter` and a few whole words.
 */
import { type BertShape, bertLayout } from '../../models/importer/bert-layout.ts';
import { buildArtifact } from '../../models/importer/build-artifact.ts';
import type { Checkpoint } from '../../models/importer/checkpoint.ts';
import type { ArtifactSource, ModelManifest } from '../../models/manifest.ts';

export interface TinyBertOptions {
  seed?: number;
  weights?: ModelManifest['weights'];
  width?: number;
  layers?: number;
  heads?: number;
  intermediate?: number;
  maxTokens?: number;
  architecture?: ModelManifest['architecture'];
  pooling?: ModelManifest['pooling'];
}

export interface TinyBert {
  manifest: ModelManifest;
  source: ArtifactSource;
  /** fp32 weights as the checkpoint has them, by checkpoint name. */
  checkpoint: Map<string, { shape: number[]; values: Float32Array }>;
  /** The artifact's tensor as fp32, dequantised when it is int8. */
  tensor(name: string): { shape: number[]; values: Float32Array };
}

const WORDS = ['the', 'how', 'lost', 'card', 'where', 'is', 'my', '?', '.'];
const LETTERS = [...'abcdefghijklmnopqrstuvwxyz'];
/** Ids 0–4 are [PAD] [UNK] [CLS] [SEP] [MASK]; 66 tokens in all. */
export const TINY_VOCABULARY: readonly string[] = [
  ...['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]'],
  ...LETTERS,
  ...LETTERS.map((letter) => `##${letter}`),
  ...WORDS,
];

/** The model and its artifact; the same options make the same bytes. Defaults: width 24, 2 layers, 2 heads, int8. */
export async function tinyBert(options: TinyBertOptions = {}): Promise<TinyBert> {
  const { seed = 1, weights = 'int8', width = 24, layers = 2, heads = 2, maxTokens = 32 } = options;
  const { architecture = 'bert', pooling = 'mean' } = options;
  const isXlm = architecture === 'xlm-roberta';
  const shape: BertShape = {
    width,
    layers,
    heads,
    intermediate: options.intermediate ?? 2 * width,
    vocabulary: TINY_VOCABULARY.length,
    positions: maxTokens + 3,
    firstPosition: isXlm ? 2 : 0,
    segments: isXlm ? 1 : 2,
  };
  const checkpoint = tinyCheckpoint(shape, seed);
  const description = {
    ...shape,
    name: 'tiny-bert',
    maxTokens,
    layerNormEpsilon: 1e-12,
    normalize: true,
    architecture,
    pooling,
  };
  const reader: Checkpoint = { has: (name) => checkpoint.has(name), read: (name) => checkpoint.get(name)! };
  const tokenizer = new TextEncoder().encode(JSON.stringify(tinyTokenizer()));
  const { manifest, files } = await buildArtifact(description, reader, tokenizer, weights);
  const source: ArtifactSource = {
    async read(name) {
      const bytes =
        name === 'manifest.json' ? new TextEncoder().encode(JSON.stringify(manifest)) : files.get(name);
      if (bytes === undefined) throw new Error(`tiny-bert has no file '${name}'`);
      return bytes.slice();
    },
  };
  return { manifest, source, checkpoint, tensor: (name) => dequantised(manifest, files, name) };
}

/** Seeded normal weights in Hugging Face's names, of a size at which attention and GELU are far from linear. */
export function tinyCheckpoint(shape: BertShape, seed: number): TinyBert['checkpoint'] {
  const normal = seededNormal(seed);
  const tensors: TinyBert['checkpoint'] = new Map();
  for (const row of bertLayout(shape, shape.positions)) {
    for (const source of row.sources) {
      const size = source.shape.reduce((product, axis) => product * axis, 1);
      const [center, spread] = source.name.endsWith('LayerNorm.weight')
        ? [1, 0.1]
        : row.kind === 'linear'
          ? [0, 1.2 / Math.sqrt(source.shape[1]!)]
          : source.shape.length === 2
            ? [0, 0.6]
            : [0, 0.1];
      const values = Float32Array.from({ length: size }, () => center + spread * normal());
      tensors.set(source.name, { shape: source.shape, values });
    }
  }
  return tensors;
}

/** tokenizer.json of an uncased WordPiece tokenizer over `TINY_VOCABULARY`. */
export function tinyTokenizer(): unknown {
  const id = (token: string) => TINY_VOCABULARY.indexOf(token);
  const special = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]'];
  const flags = { single_word: false, lstrip: false, rstrip: false, normalized: false, special: true };
  const token = (content: string) => ({ SpecialToken: { id: content, type_id: 0 } });
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: special.map((content) => ({ id: id(content), content, ...flags })),
    normalizer: {
      type: 'BertNormalizer',
      clean_text: true,
      handle_chinese_chars: true,
      strip_accents: null,
      lowercase: true,
    },
    pre_tokenizer: { type: 'BertPreTokenizer' },
    post_processor: {
      type: 'TemplateProcessing',
      single: [token('[CLS]'), { Sequence: { id: 'A', type_id: 0 } }, token('[SEP]')],
      pair: [],
      special_tokens: Object.fromEntries(
        ['[CLS]', '[SEP]'].map((content) => [
          content,
          { id: content, ids: [id(content)], tokens: [content] },
        ]),
      ),
    },
    decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
    model: {
      type: 'WordPiece',
      unk_token: '[UNK]',
      continuing_subword_prefix: '##',
      max_input_chars_per_word: 100,
      vocab: Object.fromEntries(TINY_VOCABULARY.map((content, index) => [content, index])),
    },
  };
}

/** Standard normal draws (Box–Muller over a 32-bit Weyl sequence with a mixing step). */
export function seededNormal(seed: number): () => number {
  const uniform = seededUniform(seed);
  return () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
}

/** Uniform draws in [0, 1), from a 32-bit Weyl sequence through murmur3's finaliser. */
export function seededUniform(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x9e3779b9) >>> 0;
    let z = state;
    z = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
    z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
    return ((z ^ (z >>> 16)) >>> 0) / 2 ** 32;
  };
}

function dequantised(manifest: ModelManifest, files: Map<string, Uint8Array>, name: string) {
  const find = (wanted: string) => {
    const entry = manifest.tensors.find((tensor) => tensor.name === wanted);
    if (entry === undefined) throw new Error(`tiny-bert has no tensor '${wanted}'`);
    const bytes = files.get(entry.file)!.slice(entry.offset, entry.offset + entry.bytes);
    return { entry, bytes };
  };
  const { entry, bytes } = find(name);
  if (entry.dtype === 'float32') return { shape: entry.shape, values: new Float32Array(bytes.buffer) };
  const scales = new Float32Array(find(`${name}.scale`).bytes.buffer);
  const columns = entry.shape[1]!;
  const values = Float32Array.from(
    new Int8Array(bytes.buffer),
    (code, i) => code * scales[Math.floor(i / columns)]!,
  );
  return { shape: entry.shape, values };
}
