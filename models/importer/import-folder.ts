/**
 * Reads a BERT-type sentence-transformers folder (config.json, tokenizer.json, model.safetensors, and modules.json
 * with its pooling if present) and builds the artifact of ../manifest.ts.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ModelManifest } from '../manifest.ts';
import { readSafetensors, toFloat32 } from '../safetensors.ts';
import { openTokenizer } from '../tokenizer.ts';
import { type Artifact, buildArtifact } from './build-artifact.ts';
import type { Checkpoint } from './checkpoint.ts';
import { readSettings } from './settings.ts';

export interface ImportOptions {
  name: string;
  weights: ModelManifest['weights'];
  /**
   * Longest input in tokens; at most the folder's own limit and its position table, and unless given 128 or that limit.
   */
  maxTokens?: number | undefined;
}

const DEFAULT_MAX_TOKENS = 128;

/**
 * The artifact of `directory`. Throws a TypeError for a folder of another kind (architecture, activation, pooling,
 * dtype, tokenizer) and a RangeError for a broken file, a missing tensor, a shape that does not fit, or a
 * `maxTokens` beyond what the model knows.
 */
export async function importFolder(directory: string, options: ImportOptions): Promise<Artifact> {
  const readText = async (name: string) => {
    const bytes = await readOptional(directory, name);
    return bytes === undefined ? undefined : new TextDecoder().decode(bytes);
  };
  const settings = await readSettings(readText);
  const limit = Math.min(settings.positions, settings.maxTokens ?? Number.POSITIVE_INFINITY);
  const { maxTokens = Math.min(DEFAULT_MAX_TOKENS, limit) } = options;
  if (!Number.isInteger(maxTokens) || maxTokens < 2 || maxTokens > limit) {
    throw new RangeError(`max tokens ${maxTokens} is not within 2…${limit}, this model's own limit`);
  }
  const tokenizer = await readRequired(directory, 'tokenizer.json');
  const { vocabulary } = openTokenizer(tokenizer, { maxTokens });
  if (settings.lowercase && !lowersCase(JSON.parse(new TextDecoder().decode(tokenizer)).normalizer)) {
    throw new TypeError(
      'sentence_bert_config.json: do_lower_case is only supported where tokenizer.json lowers case itself',
    );
  }
  if (vocabulary > settings.vocabulary) {
    throw new RangeError(
      `tokenizer.json has ids up to ${vocabulary - 1}, the model has ${settings.vocabulary} rows`,
    );
  }
  const checkpoint = checkpointOf(await readRequired(directory, 'model.safetensors'));
  const description = { ...settings, name: options.name, maxTokens };
  return buildArtifact(description, checkpoint, tokenizer, options.weights);
}

interface Normalizer {
  type: string;
  lowercase?: boolean;
  normalizers?: Normalizer[];
}

/** Whether text that was lowered before is the same to the tokenizer (but for a final Σ). */
function lowersCase(normalizer: Normalizer | null): boolean {
  if (normalizer?.type === 'Sequence') return normalizer.normalizers?.some(lowersCase) ?? false;
  return (
    normalizer?.type === 'Lowercase' ||
    (normalizer?.type === 'BertNormalizer' && normalizer.lowercase === true)
  );
}

function checkpointOf(file: Uint8Array): Checkpoint {
  const tensors = readSafetensors(file);
  return {
    has: (name) => tensors.has(name),
    read(name) {
      const tensor = tensors.get(name)!;
      try {
        return { shape: tensor.shape, values: toFloat32(tensor) };
      } catch (cause) {
        throw new TypeError(`tensor '${name}': ${(cause as Error).message}`, { cause });
      }
    },
  };
}

async function readRequired(directory: string, name: string): Promise<Uint8Array> {
  const bytes = await readOptional(directory, name);
  if (bytes === undefined) throw new TypeError(`the folder has no ${name}`);
  return bytes;
}

async function readOptional(directory: string, name: string): Promise<Uint8Array | undefined> {
  try {
    return await readFile(join(directory, name));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
