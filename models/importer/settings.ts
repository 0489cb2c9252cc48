/**
 * The settings files of a sentence-transformers folder: what they must say for this engine to give the same
 * embeddings. Whatever would change the result and is not implemented is an error, never ignored.
 */
import { z } from 'zod';
import type { CheckpointShape } from '../architecture/architecture.ts';
import { ARCHITECTURE_NAMES, ARCHITECTURES, type ArchitectureName } from '../architecture/table.ts';
import type { ModelManifest, Prompts } from '../manifest.ts';
import { findPrompts, PromptSettings } from './prompts.ts';

const Modules = z.array(z.looseObject({ path: z.string(), type: z.string() })).min(1);
const Kind = z.looseObject({ model_type: z.enum(ARCHITECTURE_NAMES) });
const Pooling = z.looseObject({ include_prompt: z.boolean().default(true) });
/** Ways of pooling by the setting that turns them on. */
const POOLING: Readonly<Record<string, ModelManifest['pooling']>> = {
  pooling_mode_mean_tokens: 'mean',
  pooling_mode_cls_token: 'cls',
};
const SentenceSettings = z.looseObject({
  max_seq_length: z.int().positive().nullish(),
  do_lower_case: z.boolean().nullish(),
});

/** Text of a file of the folder, or undefined when there is none of that name. */
export type ReadText = (name: string) => Promise<string | undefined>;

export interface FolderSettings extends CheckpointShape {
  architecture: ArchitectureName;
  pooling: ModelManifest['pooling'];
  normalize: boolean;
  prompts: Prompts | undefined;
  /** Names of prompts that the folder has for other tasks. */
  unusedPrompts: string[];
  /** The folder's own limit in tokens, if it states one. */
  maxTokens: number | undefined;
  /** Whether texts are lowered before they are tokenised. */
  lowercase: boolean;
}

/**
 * Reads config.json and, where they exist, modules.json, the pooling's config, sentence_bert_config.json and
 * config_sentence_transformers.json. A folder without modules.json is a plain encoder: mean pooling without a final
 * normalisation, as sentence-transformers loads it. Throws a TypeError for what is not supported or not well-formed.
 * @param prompts what the caller wants before questions and passages, instead of what the folder says
 */
export async function readSettings(
  readText: ReadText,
  prompts: Partial<Prompts> = {},
): Promise<FolderSettings> {
  const config = await parseFile(readText, 'config.json', z.looseObject({}));
  if (config === undefined) throw new TypeError('the folder has no config.json');
  const kind = Kind.safeParse(config);
  if (!kind.success) {
    const known = ARCHITECTURE_NAMES.map((name) => `'${name}'`).join(' and ');
    throw new TypeError(`config.json: model_type is '${config.model_type}', only ${known} are supported`);
  }
  const architecture = kind.data.model_type;
  const modules = await parseFile(readText, 'modules.json', Modules);
  const sentence = await parseFile(readText, 'sentence_bert_config.json', SentenceSettings);
  const prompting = findPrompts(
    await parseFile(readText, 'config_sentence_transformers.json', PromptSettings),
    prompts,
  );
  const { pooling, normalize, includesPrompt } =
    modules === undefined
      ? { pooling: 'mean' as const, normalize: false, includesPrompt: true }
      : await readModules(readText, modules);
  if (prompting.prompts !== undefined && !includesPrompt) {
    throw new TypeError('pooling leaves the prompt out (include_prompt is false): that is not supported');
  }
  return {
    ...ARCHITECTURES[architecture].import.shapeOf(config),
    architecture,
    pooling,
    normalize,
    prompts: prompting.prompts,
    unusedPrompts: prompting.unused,
    maxTokens: sentence?.max_seq_length ?? undefined,
    lowercase: sentence?.do_lower_case ?? false,
  };
}

/** How texts are pooled, and whether a normalisation ends it; throws when they are not Transformer, Pooling[, Normalize]. */
async function readModules(readText: ReadText, modules: z.infer<typeof Modules>) {
  const kinds = modules.map((module) => module.type.split('.').at(-1) ?? '');
  const chain = kinds.join(', ');
  if (chain !== 'Transformer, Pooling' && chain !== 'Transformer, Pooling, Normalize') {
    throw new TypeError(
      `modules.json: '${chain}' is not supported, only 'Transformer, Pooling[, Normalize]'`,
    );
  }
  const path = `${modules[1]!.path}/config.json`;
  const settings = await parseFile(readText, path, Pooling);
  if (settings === undefined) throw new TypeError(`the folder has no ${path}`);
  const on = Object.keys(settings).filter((key) => key.startsWith('pooling_mode_') && settings[key] === true);
  const pooling = on.length === 1 ? POOLING[on[0]!] : undefined;
  if (pooling === undefined) {
    const known = Object.keys(POOLING).join(' or ');
    throw new TypeError(`${path}: pooling by ${on.join(' + ') || 'nothing'}, only ${known} is supported`);
  }
  return { pooling, normalize: kinds.length === 3, includesPrompt: settings.include_prompt };
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
