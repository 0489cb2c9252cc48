/**
 * Reads a sentence-transformers folder of a known architecture (config.json, tokenizer.json, model.safetensors, and modules.json
 * with its pooling if present) and builds the artifact of ../manifest.ts.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ModelManifest, Prompts } from '../manifest.ts';
import { readSafetensors, toFloat32 } from '../safetensors.ts';
import { openTokenizer } from '../tokenizer/tokenizer.ts';
import { type Artifact, buildArtifact } from './build-artifact.ts';
import type { Checkpoint } from './checkpoint.ts';
import { readSettings } from './settings.ts';
import { cutVocabulary, type VocabularyCut } from './vocabulary.ts';

export interface ImportOptions {
  name: string;
  weights: ModelManifest['weights'];
  /**
   * Longest input in tokens; at most the folder's own limit and its position table, and unless given 128 or that limit.
   */
  maxTokens?: number | undefined;
  /** What goes before questions and passages, instead of what the folder says. */
  prompts?: Partial<Prompts>;
  /** What stays of the vocabulary; all unless given. */
  cut?: VocabularyCut | undefined;
}

export interface Imported extends Artifact {
  /** Names of prompts that the folder has for other tasks than questions and passages. */
  unusedPrompts: string[];
  /** Tokens of the folder's vocabulary. */
  wholeVocabulary: number;
}

const DEFAULT_MAX_TOKENS = 128;

/**
 * The artifact of `directory`. Throws a TypeError for a folder of another kind (architecture, activation, pooling,
 * dtype, tokenizer) and a RangeError for a broken file, a missing tensor, a shape that does not fit, or a
 * `maxTokens` beyond what the model knows.
 */
export async function importFolder(directory: string, options: ImportOptions): Promise<Imported> {
  const readText = async (name: string) => {
    const bytes = await readOptional(directory, name);
    return bytes === undefined ? undefined : new TextDecoder().decode(bytes);
  };
  const settings = await readSettings(readText, options.prompts);
  const limit = Math.min(
    settings.positions - settings.firstPosition,
    settings.maxTokens ?? Number.POSITIVE_INFINITY,
  );
  const { maxTokens = Math.min(DEFAULT_MAX_TOKENS, limit) } = options;
  if (!Number.isInteger(maxTokens) || maxTokens < 2 || maxTokens > limit) {
    throw new RangeError(`max tokens ${maxTokens} is not within 2…${limit}, this model's own limit`);
  }
  const tokenizer = await readRequired(directory, 'tokenizer.json');
  const whole = openTokenizer(tokenizer, { maxTokens, prompts: settings.prompts });
  const { vocabulary } = whole;
  for (const role of ['query', 'passage'] as const) {
    const length = whole.encode('', role).length;
    if (2 * length > maxTokens) {
      throw new RangeError(
        `the prompt of a ${role} takes ${length} of ${maxTokens} tokens, at most half are left to it`,
      );
    }
  }
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
  const { cut } = options;
  const { bytes, keptTokens } =
    cut === undefined
      ? { bytes: tokenizer }
      : cutVocabulary(tokenizer, cut, Object.values(settings.prompts ?? {}));
  const description = {
    ...settings,
    name: options.name,
    maxTokens,
    cut: keptTokens === undefined ? undefined : { keptTokens, languages: cut?.languages },
  };
  const artifact = await buildArtifact(description, checkpoint, bytes, options.weights);
  return { ...artifact, unusedPrompts: settings.unusedPrompts, wholeVocabulary: settings.vocabulary };
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
