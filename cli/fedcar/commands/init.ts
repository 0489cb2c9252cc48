/** `fedcar init`: a folder with a configuration of its own, for a deployment from an installed package. */
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join, relative, resolve, sep } from 'node:path';
import { CollectionName, RegionName } from '../../../shared/protocol/names.ts';
import { PROJECT } from '../../worker-bundle.ts';
import type { Context, Shown } from '../context.ts';
import { UsageError } from '../failure.ts';
import { withExamples } from '../help.ts';
import type { Register } from '../program.ts';

interface Options {
  name: string;
  regions?: string;
  jurisdiction?: string;
}

export const initCommand: Register = (program, bind) => {
  const command = program
    .command('init')
    .description('write a wrangler.toml for a deployment of your own')
    .argument('[folder]', 'where to', '.')
    .option('--name <name>', 'name of the Worker', 'fedcar')
    .option('--regions <names>', 'regions of the default collection, separated by commas')
    .option('--jurisdiction <name>', 'eu or fedramp: where its objects have to stay')
    .action(bind((context, folder: string, options: Options) => init(context, folder, options)));
  withExamples(command, [
    ['init shop --name shop-search --regions weur,eeur --jurisdiction eu', 'shop/wrangler.toml'],
  ]);
};

async function init(context: Context, given: string, options: Options): Promise<Shown> {
  const folder = resolve(context.io.cwd, given);
  const file = join(folder, 'wrangler.toml');
  if (existsSync(file)) throw new UsageError(`${file} exists already`);
  const text = configuration(await readFile(join(PROJECT, 'wrangler.toml'), 'utf8'), folder, options);
  return await context.change({ what: `write ${file}` }, async () => {
    await mkdir(folder, { recursive: true });
    await writeFile(file, text);
    const ignored = join(folder, '.gitignore');
    if (!existsSync(ignored)) await writeFile(ignored, '.fedcar/\n.wrangler/\nnode_modules/\n');
    const place = relative(context.io.cwd, folder) || '.';
    const steps = [`cd ${place}`, 'npx wrangler login', 'npx fedcar deploy --dry-run', 'npx fedcar deploy'];
    const wanted = place === '.' ? steps.slice(1) : steps;
    return { json: { file }, text: `${file}\n\nNext:\n${wanted.map((step) => `  ${step}`).join('\n')}` };
  });
}

/** The project's own configuration with paths that lead to it from `folder`. */
export function configuration(own: string, folder: string, { name, regions, jurisdiction }: Options): string {
  if (!CollectionName.safeParse(name).success) {
    throw new UsageError(`--name: lower-case letters, digits and dashes, not ${name}`);
  }
  const names = regions?.split(',').map((each) => each.trim());
  const bad = names?.find((each) => !RegionName.safeParse(each).success);
  if (bad !== undefined) throw new UsageError(`--regions: ${JSON.stringify(bad)} is not a name`);
  if (jurisdiction !== undefined && !['eu', 'fedramp'].includes(jurisdiction)) {
    throw new UsageError(`--jurisdiction: eu or fedramp, not ${jurisdiction}`);
  }
  const path = (to: string) => (relative(folder, join(PROJECT, to)) || '.').split(sep).join('/');
  const within = (line: string) => line.replace(/"([^"]+)"/g, (_, to: string) => `"${path(to)}"`);
  return own
    .replace(/^name = "fedcar(.*)"$/gm, (_, suffix: string) => `name = "${name}${suffix}"`)
    .replace(/^main = .*$/m, within)
    .replace(/^tsconfig = .*$/m, within)
    .replace(/^directory = .*$/m, within)
    .replace(/^watch_dir = .*$/m, within)
    .replace(/^command = "node (.+)"$/m, (_, script: string) => `command = "node ${path(script)}"`)
    .replace(/^FEDCAR_REGIONS = .*$/gm, (line) => {
      const own = names === undefined ? line : `FEDCAR_REGIONS = "${names.join(',')}"`;
      return jurisdiction === undefined ? own : `${own}\nFEDCAR_JURISDICTION = "${jurisdiction}"`;
    });
}
