/** `npm run model:import -- DIR`: turns a BERT-type sentence-transformers folder into an artifact for the engine. */
import { mkdir, writeFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import { importFolder } from '../models/importer/import-folder.ts';

interface Options {
  out: string;
  name?: string;
  weights: 'int8' | 'float32';
  maxTokens: number;
}

const command = new Command('model-import')
  .description('Turn a sentence-transformers folder of BERT type into a model artifact.')
  .argument('<dir>', 'folder with config.json, tokenizer.json and model.safetensors')
  .option('--out <dir>', 'folder for the artifact', 'models/minilm')
  .option('--name <name>', "the model's name (default: the folder's)")
  .addOption(
    new Option('--weights <dtype>', 'float32 is for exactness checks and too large to deploy')
      .choices(['int8', 'float32'])
      .default('int8'),
  )
  .option('--max-tokens <n>', 'longest input in tokens, [CLS] and [SEP] included', parseTokens, 128)
  .action(run);

await command.parseAsync();

async function run(directory: string, options: Options): Promise<void> {
  const name = options.name ?? basename(resolve(directory));
  const { weights, maxTokens } = options;
  const artifact = await importFolder(directory, { name, weights, maxTokens }).catch((error: Error) => {
    if (!(error instanceof TypeError || error instanceof RangeError)) throw error;
    return command.error(`error: ${directory}: ${error.message}`);
  });
  await mkdir(options.out, { recursive: true });
  for (const [file, bytes] of artifact.files) await writeFile(join(options.out, file), bytes);
  await writeFile(join(options.out, 'manifest.json'), `${JSON.stringify(artifact.manifest, null, 1)}\n`);
  for (const file of artifact.manifest.files) {
    console.log(`${join(options.out, file.name)}  ${(file.bytes / 2 ** 20).toFixed(2)} MiB`);
  }
}

function parseTokens(text: string): number {
  const tokens = Number(text);
  if (!Number.isInteger(tokens)) throw new InvalidArgumentError('not a whole number');
  return tokens;
}
