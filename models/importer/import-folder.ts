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
  /** Longest input in tokens; at most the folder's own limit and its position table. */
  maxTokens: number;
}

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
  if (!Number.isInteger(options.maxTokens) || options.maxTokens < 2 || options.maxTokens > limit) {
    throw new RangeError(`max tokens ${options.maxTokens} is not within 2…${limit}, this model's own limit`);
  }
  const tokenizer = await readRequired(directory, 'tokenizer.json');
  const { vocabulary } = openTokenizer(tokenizer, options);
  if (vocabulary > settings.vocabulary) {
    throw new RangeError(
      `tokenizer.json has ids up to ${vocabulary - 1}, the model has ${settings.vocabulary} rows`,
    );
  }
  const checkpoint = checkpointOf(await readRequired(directory, 'model.safetensors'));
  const description = { ...settings, name: options.name, maxTokens: options.maxTokens };
  return buildArtifact(description, checkpoint, tokenizer, options.weights);
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
