/**
 * `fedcar encoder import DIR`, and `npm run model:import -- DIR` in a checkout: turns a sentence-transformers folder into
 * an artifact for the engine.
 */
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import type { Imported } from '../models/importer/import-folder.ts';
import { LANGUAGES } from '../models/importer/scripts.ts';
import type { ModelManifest } from '../models/manifest.ts';
import { documentFiles, readDocumentFiles } from './dataset/document-files.ts';
import { describeFailure, Failure, UsageError } from './fedcar/failure.ts';

export interface ImportFlags {
  out?: string;
  name?: string;
  weights: 'int8' | 'float32';
  maxTokens?: number;
  languages?: string[];
  vocabulary?: number;
  texts?: string;
  queryPrompt?: string;
  passagePrompt?: string;
  force: boolean;
}

export interface ImportedEncoder {
  /** As given or as it follows from the name: from the current folder. */
  folder: string;
  manifest: ModelManifest;
  /** What was made, for people. */
  lines: string[];
}

export function withImportFlags(command: Command): Command {
  return command
    .description('turn a sentence-transformers folder (BERT, XLM-RoBERTa) into an artifact')
    .argument('<dir>', 'folder with config.json, tokenizer.json and model.safetensors')
    .option('--out <dir>', 'folder for the artifact (default: models/NAME, in lower case)')
    .option('--name <name>', "the model's name (default: the folder's)")
    .addOption(
      new Option('--weights <dtype>', 'float32 is for exactness checks and too large to deploy')
        .choices(['int8', 'float32'])
        .default('int8'),
    )
    .option(
      '--max-tokens <n>',
      "longest input in tokens, [CLS] and [SEP] included (default: 128, or the model's limit)",
      parseNumber,
    )
    .option(
      '--languages <codes>',
      'keep the tokens of these languages and of English only, such as de,ja,ar',
      parseLanguages,
    )
    .option('--vocabulary <n>', 'keep at most so many tokens, the likeliest (default: all)', parseNumber)
    .option('--texts <path>', 'documents of the collection, whose tokens are kept before others')
    .option('--query-prompt <text>', 'what goes before questions (default: what the folder says)')
    .option('--passage-prompt <text>', 'what goes before passages (default: what the folder says)')
    .option('--force', 'write over what is in the folder, also another model', false);
}

/**
 * @param cwd what paths start from
 * @returns the exit status: 0 done, 1 failed, 2 the command line was wrong
 */
export async function modelImport(args: string[], cwd = process.cwd()): Promise<number> {
  const command = withImportFlags(new Command('model-import'))
    .exitOverride()
    .action(async (directory: string, flags: ImportFlags) => {
      for (const line of (await importEncoder(cwd, directory, flags)).lines) console.log(line);
    });
  try {
    await command.parseAsync(args, { from: 'user' });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    const { exit, detail } = describeFailure(error);
    process.stderr.write(`error: ${detail}\n`);
    return exit;
  }
}

/** @throws UsageError for flags that do not fit, Failure for a folder that cannot be imported */
export async function importEncoder(
  cwd: string,
  directory: string,
  options: ImportFlags,
): Promise<ImportedEncoder> {
  const { weights, maxTokens, name = basename(resolve(cwd, directory)) } = options;
  const out = options.out ?? join('models', folderNameOf(name));
  const folder = resolve(cwd, out);
  const given = await stat(resolve(cwd, directory)).catch(() => null);
  if (!given?.isDirectory()) throw new UsageError(`${directory} is not a folder`);
  if (!options.force) await requireRoom(folder, out, name);
  const { languages, vocabulary: most, queryPrompt: query, passagePrompt: passage } = options;
  const isCut = languages !== undefined || most !== undefined || options.texts !== undefined;
  const texts = options.texts === undefined ? [] : await textsOf(resolve(cwd, options.texts));
  // The importer and the engine are loaded where something is imported.
  const { importFolder } = await import('../models/importer/import-folder.ts');
  const { centred } = await import('../models/importer/centre.ts');
  const { nodeOrtWasm } = await import('../models/ort-wasm-node.ts');
  const imported = await importFolder(resolve(cwd, directory), {
    ...{ name, weights, maxTokens },
    prompts: { ...(query === undefined ? {} : { query }), ...(passage === undefined ? {} : { passage }) },
    cut: isCut ? { languages, most, texts } : undefined,
  }).catch((error: Error) => {
    if (!(error instanceof TypeError || error instanceof RangeError)) throw error;
    throw new Failure(`${directory}: ${error.message}`);
  });
  const { artifact, cosine, isCentred } = await centred(imported, await nodeOrtWasm());
  await mkdir(folder, { recursive: true }).catch((error: Error) => {
    throw new Failure(`--out ${out} cannot be made: ${error.message}`);
  });
  for (const [file, bytes] of artifact.files) await writeFile(join(folder, file), bytes);
  await writeFile(join(folder, 'manifest.json'), `${JSON.stringify(artifact.manifest, null, 1)}\n`);
  const sizes = artifact.manifest.files.map(
    ({ name: file, bytes }) => `${join(out, file)}  ${(bytes / 2 ** 20).toFixed(2)} MiB`,
  );
  const shared = isCentred
    ? [`texts that have nothing in common had a cosine of ${cosine.toFixed(2)}: what all share is taken out`]
    : [];
  return { folder: out, manifest: artifact.manifest, lines: [...sizes, ...notes(imported), ...shared] };
}

/** What the artifact does that its files' names do not say. */
function notes({ manifest, wholeVocabulary, unusedPrompts }: Imported): string[] {
  const { vocabulary, prompts } = manifest;
  return [
    ...(vocabulary === wholeVocabulary ? [] : [`${vocabulary} of ${wholeVocabulary} tokens are kept`]),
    ...(prompts === undefined
      ? []
      : [
          `before questions: ${JSON.stringify(prompts.query)}, before passages: ${JSON.stringify(prompts.passage)}`,
        ]),
    ...(unusedPrompts.length === 0
      ? []
      : [`prompts for other tasks are not used: ${unusedPrompts.join(', ')}`]),
  ];
}

/** Titles and texts of the documents in a folder or file. */
async function textsOf(path: string): Promise<string[]> {
  const texts: string[] = [];
  const found = await documentFiles(path).catch((error: Error) => {
    throw new UsageError(`--texts: ${error.message}`);
  });
  for await (const { document } of readDocumentFiles(found.files, null)) {
    texts.push(document.title, document.text);
  }
  if (texts.length === 0) throw new UsageError(`--texts ${path} holds no documents`);
  return texts;
}

/** A model's name as the setting `encoder` takes it. */
function folderNameOf(name: string): string {
  const folder = name
    .toLowerCase()
    .replace(/[^a-z0-9._-]+/g, '-')
    .replace(/^[^a-z0-9]+/, '')
    .slice(0, 64);
  if (folder === '') throw new UsageError(`--name ${name} makes no folder's name: give --out`);
  return folder;
}

/** @throws UsageError when the folder holds anything but an earlier import of the same model */
async function requireRoom(folder: string, out: string, name: string): Promise<void> {
  const entries = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw new UsageError(`--out ${out} is not a folder`);
  });
  if (entries.length === 0) return;
  const there = await modelIn(folder);
  if (there === name) return;
  const holds = there === null ? 'files that are no model' : `the model ${there}`;
  throw new UsageError(`${out} holds ${holds}: give another --out or --name, or --force to write over it`);
}

/** The name of the model in a folder; null when there is none. */
async function modelIn(folder: string): Promise<string | null> {
  try {
    return JSON.parse(await readFile(join(folder, 'manifest.json'), 'utf8')).name;
  } catch {
    return null;
  }
}

function parseNumber(text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1) throw new InvalidArgumentError('not a whole number above 0');
  return number;
}

/** Codes between commas. @throws InvalidArgumentError for one that is not known */
export function parseLanguages(text: string): string[] {
  const codes = text.split(',').map((code) => code.trim().toLowerCase());
  const unknown = codes.filter((code) => !Object.hasOwn(LANGUAGES, code));
  if (unknown.length === 0) return codes;
  throw new InvalidArgumentError(`${unknown.join(', ')}: known are ${Object.keys(LANGUAGES).join(', ')}`);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  process.exitCode = await modelImport(process.argv.slice(2));
}
