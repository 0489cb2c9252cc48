/**
 * The settings files of a sentence-transformers folder: what they must say for this engine to give the same
 * embeddings. Whatever would change the result and is not implemented is an error, never ignored.
 */
import { z } from 'zod';

const Config = z.looseObject({
  model_type: z.string(),
  hidden_act: z.string(),
  hidden_size: z.int().positive(),
  num_hidden_layers: z.int().positive(),
  num_attention_heads: z.int().positive(),
  intermediate_size: z.int().positive(),
  vocab_size: z.int().positive(),
  max_position_embeddings: z.int().positive(),
  type_vocab_size: z.int().positive(),
  layer_norm_eps: z.number().positive(),
  position_embedding_type: z.string().default('absolute'),
});

const Modules = z.array(z.looseObject({ path: z.string(), type: z.string() })).min(1);
const Pooling = z.looseObject({ pooling_mode_mean_tokens: z.boolean().default(false) });
const SentenceSettings = z.looseObject({
  max_seq_length: z.int().positive().nullish(),
  do_lower_case: z.boolean().nullish(),
});

/** Text of a file of the folder, or undefined when there is none of that name. */
export type ReadText = (name: string) => Promise<string | undefined>;

export interface FolderSettings {
  width: number;
  layers: number;
  heads: number;
  intermediate: number;
  vocabulary: number;
  positions: number;
  segments: number;
  layerNormEpsilon: number;
  normalize: boolean;
  /** The folder's own limit in tokens, if it states one. */
  maxTokens: number | undefined;
  /** Whether texts are lowered before they are tokenised. */
  lowercase: boolean;
}

/**
 * Reads config.json and, where they exist, modules.json, the pooling's config and sentence_bert_config.json. A
 * folder without modules.json is a plain BERT: mean pooling without a final normalisation, as
 * sentence-transformers loads it. Throws a TypeError for what is not supported or not well-formed.
 */
export async function readSettings(readText: ReadText): Promise<FolderSettings> {
  const config = await readArchitecture(readText);
  const modules = await parseFile(readText, 'modules.json', Modules);
  const sentence = await parseFile(readText, 'sentence_bert_config.json', SentenceSettings);
  return {
    width: config.hidden_size,
    layers: config.num_hidden_layers,
    heads: config.num_attention_heads,
    intermediate: config.intermediate_size,
    vocabulary: config.vocab_size,
    positions: config.max_position_embeddings,
    segments: config.type_vocab_size,
    layerNormEpsilon: config.layer_norm_eps,
    normalize: modules === undefined ? false : await checkModules(readText, modules),
    maxTokens: sentence?.max_seq_length ?? undefined,
    lowercase: sentence?.do_lower_case ?? false,
  };
}

async function readArchitecture(readText: ReadText): Promise<z.infer<typeof Config>> {
  const kind = await parseFile(readText, 'config.json', z.looseObject({ model_type: z.string() }));
  if (kind === undefined) throw new TypeError('the folder has no config.json');
  if (kind.model_type !== 'bert') {
    throw new TypeError(`config.json: model_type is '${kind.model_type}', only 'bert' is supported`);
  }
  const config = (await parseFile(readText, 'config.json', Config))!;
  if (config.hidden_act !== 'gelu') {
    throw new TypeError(
      `config.json: hidden_act is '${config.hidden_act}', only 'gelu' (by erf) is supported`,
    );
  }
  if (config.position_embedding_type !== 'absolute') {
    throw new TypeError(
      `config.json: position_embedding_type is '${config.position_embedding_type}', only 'absolute' is supported`,
    );
  }
  if (config.hidden_size % config.num_attention_heads !== 0) {
    throw new TypeError(
      `config.json: hidden_size ${config.hidden_size} is not a multiple of num_attention_heads ${config.num_attention_heads}`,
    );
  }
  return config;
}

/** Whether the modules end in a normalisation; throws when they are not Transformer, mean Pooling[, Normalize]. */
async function checkModules(readText: ReadText, modules: z.infer<typeof Modules>): Promise<boolean> {
  const kinds = modules.map((module) => module.type.split('.').at(-1) ?? '');
  const chain = kinds.join(', ');
  if (chain !== 'Transformer, Pooling' && chain !== 'Transformer, Pooling, Normalize') {
    throw new TypeError(
      `modules.json: '${chain}' is not supported, only 'Transformer, Pooling[, Normalize]'`,
    );
  }
  const path = `${modules[1]!.path}/config.json`;
  const pooling = await parseFile(readText, path, Pooling);
  if (pooling === undefined) throw new TypeError(`the folder has no ${path}`);
  const on = Object.keys(pooling).filter((key) => key.startsWith('pooling_mode_') && pooling[key] === true);
  if (on.length !== 1 || !pooling.pooling_mode_mean_tokens) {
    throw new TypeError(`${path}: pooling by ${on.join(' + ') || 'nothing'}, only mean pooling is supported`);
  }
  return kinds.length === 3;
}

async function parseFile<T>(readText: ReadText, name: string, schema: z.ZodType<T>): Promise<T | undefined> {
  const text = await readText(name);
  if (text === undefined) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new TypeError(`${name} is not JSON`, { cause });
  }
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw new TypeError(`${name}: ${z.prettifyError(parsed.error)}`);
  return parsed.data;
}
