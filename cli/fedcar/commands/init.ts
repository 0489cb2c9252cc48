/**
 * `fedcar init`: a folder with a configuration of its own, for a deployment from an installed package. What it writes
 * leads to the package where Node would find it from that folder, in a node_modules of the folder or above it, and to
 * nothing else: neither to a checkout nor to a cache of npx. Where Node finds none, the folder gets a package.json.
 */
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { CollectionName, RegionName } from '../../../shared/protocol/names.ts';
import { parseLanguages } from '../../model-import.ts';
import { PROJECT } from '../../worker-bundle.ts';
import type { Context, Shown } from '../context.ts';
import { UsageError } from '../failure.ts';
import { withExamples } from '../help.ts';
import type { Register } from '../program.ts';
import { VERSION } from '../version.ts';

interface Options {
  name: string;
  regions?: string;
  jurisdiction?: string;
  language?: string[];
}

/** Folder below `models/` of an encoder for other languages than the shipped one reads. */
const OTHER_ENCODER = 'multilingual';
/** Tokens that fit beside twelve layers into an isolate, see docs/languages.md. */
const VOCABULARY = 40_000;

export const initCommand: Register = (program, bind) => {
  const command = program
    .command('init')
    .description('write a wrangler.toml for a deployment of your own')
    .argument('[folder]', 'where to', '.')
    .option('--name <name>', 'name of the Worker', 'fedcar')
    .option('--regions <names>', 'regions of the default collection, separated by commas')
    .option('--jurisdiction <name>', 'eu or fedramp: where its objects have to stay')
    .option(
      '--language <codes>',
      'languages of the documents, such as de,ja: the shipped encoder reads English',
      parseLanguages,
    )
    .action(bind((context, folder: string, options: Options) => init(context, folder, options)));
  withExamples(command, [
    ['init shop --name shop-search --regions weur,eeur --jurisdiction eu', 'shop/wrangler.toml'],
    ['init laden --language de,fr', 'and what has to be done for an encoder that reads German and French'],
  ]);
};

async function init(context: Context, given: string, options: Options): Promise<Shown> {
  const folder = resolve(context.io.cwd, given);
  const file = join(folder, 'wrangler.toml');
  if (existsSync(file)) throw new UsageError(`${file} exists already`);
  const found = packageFrom(folder);
  const place = slashes(relative(folder, found ?? join(folder, 'node_modules', 'fedcar')));
  const languages = otherLanguages(options.language);
  const text = configuration(await readFile(join(PROJECT, 'wrangler.toml'), 'utf8'), place, options);
  const manifest = join(folder, 'package.json');
  const asks = found === null && !existsSync(manifest);
  return await context.change({ what: `write ${file}${asks ? ` and ${manifest}` : ''}` }, async () => {
    await mkdir(folder, { recursive: true });
    await writeFile(file, text);
    if (asks) await writeFile(manifest, `${JSON.stringify(project(options.name, folder), null, 2)}\n`);
    const ignored = join(folder, '.gitignore');
    if (!existsSync(ignored)) await writeFile(ignored, '.dev.vars\n.fedcar/\n.wrangler/\nnode_modules/\n');
    if (languages !== null) await makeModels(folder);
    const there = relative(context.io.cwd, folder);
    const steps = [
      ...(there === '' ? [] : [`cd ${there}`]),
      // A project of the user's own is asked to depend on the package.
      ...(found !== null ? [] : [asks ? 'npm install' : `npm install ${wanted(folder).join('@')}`]),
      ...(languages === null ? [] : [importing(languages)]),
      'npx wrangler login',
      'npx fedcar deploy --dry-run',
      'npx fedcar deploy',
    ];
    const json = { file, ...(asks ? { package: manifest } : {}), next: steps };
    return { json, text: `${file}\n\nNext:\n${steps.map((step) => `  ${step}`).join('\n')}` };
  });
}

/** Those that the shipped encoder does not read; null where there is none. */
function otherLanguages(given: readonly string[] = []): readonly string[] | null {
  const others = given.filter((code) => code !== 'en');
  return others.length === 0 ? null : others;
}

/** Where the encoder will lie, with what keeps all but artifacts out of a deployment. */
async function makeModels(folder: string): Promise<void> {
  await mkdir(join(folder, 'models'), { recursive: true });
  const rules = await readFile(join(PROJECT, 'models', '.assetsignore'));
  await writeFile(join(folder, 'models', '.assetsignore'), rules);
}

/** The weights are the user's to fetch. */
function importing(languages: readonly string[]): string {
  const flags = `--name ${OTHER_ENCODER} --languages ${languages.join(',')} --vocabulary ${VOCABULARY}`;
  return `npx fedcar encoder import FOLDER ${flags}   # FOLDER: such as intfloat/multilingual-e5-small`;
}

/** Where Node finds the installed package from `folder`; null: nowhere. */
function packageFrom(folder: string): string | null {
  const place = join(folder, 'node_modules', 'fedcar');
  if (existsSync(join(place, 'package.json'))) return place;
  const above = dirname(folder);
  return above === folder ? null : packageFrom(above);
}

/** The package as npm installs it: this version, or the checkout that this command runs from. */
function wanted(folder: string): [name: string, version: string] {
  const checkout = existsSync(join(PROJECT, '.git'));
  return ['fedcar', checkout ? `file:${slashes(relative(folder, PROJECT))}` : VERSION];
}

function project(name: string, folder: string) {
  return {
    name,
    private: true,
    type: 'module',
    scripts: { start: 'fedcar dev', deploy: 'fedcar deploy' },
    dependencies: Object.fromEntries([wanted(folder)]),
  };
}

const slashes = (path: string): string => path.split(sep).join('/');

/**
 * The package's own configuration for a folder from which the package lies at `place`.
 * @throws UsageError when an option names what no Worker, region or jurisdiction can be called
 */
export function configuration(
  own: string,
  place: string,
  { name, regions, jurisdiction, language }: Options,
): string {
  if (!CollectionName.safeParse(name).success) {
    throw new UsageError(`--name: lower-case letters, digits and dashes, not ${name}`);
  }
  const names = regions?.split(',').map((each) => each.trim());
  const bad = names?.find((each) => !RegionName.safeParse(each).success);
  if (bad !== undefined) throw new UsageError(`--regions: ${JSON.stringify(bad)} is not a name`);
  if (jurisdiction !== undefined && !['eu', 'fedramp'].includes(jurisdiction)) {
    throw new UsageError(`--jurisdiction: eu or fedramp, not ${jurisdiction}`);
  }
  const others = otherLanguages(language);
  const below = (to: string) => `${place}/${to.replace(/^\.\//, '')}`;
  const within = (line: string) => line.replace(/"([^"]+)"/g, (_, to: string) => `"${below(to)}"`);
  return own
    .replace(/^name = "fedcar(.*)"$/gm, (_, suffix: string) => `name = "${name}${suffix}"`)
    .replace(/^main = .*$/m, within)
    .replace(/^tsconfig = .*$/m, within)
    .replace(/^directory = .*$/m, (line) => (others === null ? within(line) : 'directory = "./models"'))
    .replace(/^watch_dir = .*$/m, within)
    .replace(/^command = "node (.+)"$/m, (_, script: string) => `command = "node ${below(script)}"`)
    .replace(/^FEDCAR_REGIONS = .*$/gm, (line) => {
      const own = names === undefined ? line : `FEDCAR_REGIONS = "${names.join(',')}"`;
      return [
        own,
        ...(jurisdiction === undefined ? [] : [`FEDCAR_JURISDICTION = "${jurisdiction}"`]),
        ...(others === null ? [] : [`FEDCAR_MODEL = "${OTHER_ENCODER}"`]),
      ].join('\n');
    });
}
