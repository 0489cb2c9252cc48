/** `npm run model:import -- DIR`: turns a BERT-type sentence-transformers folder into an artifact for the engine. */
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { importFolder } from '../models/importer/import-folder.ts';
import { describeFailure, Failure, UsageError } from './fedcar/failure.ts';

interface Options {
  out?: string;
  name?: string;
  weights: 'int8' | 'float32';
  maxTokens?: number;
  force: boolean;
}

/**
 * @param cwd what paths start from
 * @returns the exit status: 0 done, 1 failed, 2 the command line was wrong
 */
export async function modelImport(args: string[], cwd = process.cwd()): Promise<number> {
  const command = new Command('model-import')
    .description(
      'Turn a sentence-transformers folder of BERT type into a model artifact: manifest.json, tokenizer.json and ' +
        '.bin files below models/, which the next deployment brings along.',
    )
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
      parseTokens,
    )
    .option('--force', 'write over what is in the folder, also another model', false)
    .exitOverride()
    .action((directory: string, options: Options) => run(cwd, directory, options));
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

async function run(cwd: string, directory: string, options: Options): Promise<void> {
  const { weights, maxTokens, name = basename(resolve(cwd, directory)) } = options;
  const out = options.out ?? join('models', folderNameOf(name));
  const folder = resolve(cwd, out);
  const given = await stat(resolve(cwd, directory)).catch(() => null);
  if (!given?.isDirectory()) throw new UsageError(`${directory} is not a folder`);
  if (!options.force) await requireRoom(folder, out, name);
  const artifact = await importFolder(resolve(cwd, directory), { name, weights, maxTokens }).catch(
    (error: Error) => {
      if (!(error instanceof TypeError || error instanceof RangeError)) throw error;
      throw new Failure(`${directory}: ${error.message}`);
    },
  );
  await mkdir(folder, { recursive: true }).catch((error: Error) => {
    throw new Failure(`--out ${out} cannot be made: ${error.message}`);
  });
  for (const [file, bytes] of artifact.files) await writeFile(join(folder, file), bytes);
  await writeFile(join(folder, 'manifest.json'), `${JSON.stringify(artifact.manifest, null, 1)}\n`);
  for (const file of artifact.manifest.files) {
    console.log(`${join(out, file.name)}  ${(file.bytes / 2 ** 20).toFixed(2)} MiB`);
  }
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

function parseTokens(text: string): number {
  const tokens = Number(text);
  if (!Number.isInteger(tokens)) throw new InvalidArgumentError('not a whole number');
  return tokens;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  process.exitCode = await modelImport(process.argv.slice(2));
}
