/**
 * The `fedcar` command as JavaScript: its TypeScript bundled once for each state of the sources, so that it starts at
 * once. The bundle lies in dist/, or in the user's cache folder where the package's folder cannot be written. Its name
 * is a hash of all that goes into it, so that no bundle of other sources is ever run.
 */
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { cacheFolder } from './node-runtime.mjs';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
/** Folders of the sources; a file anywhere below counts. */
const SOURCES = ['cli', 'client', 'shared', 'models', 'scripts', 'workers', 'durable-objects'];
/** Programs of their own: the command, and what its benches start as processes. */
const ENTRIES = {
  main: 'cli/fedcar/main.ts',
  'engine-node': 'cli/bench/subjects/engine-node.ts',
  'federation-participant': 'cli/bench/federation-participant.ts',
};
const BUNDLE = 'command-';
const BUILDING = 'building-';
/** Bundles of other sources go after this time; a process may still be running from one. */
const OLD_MS = 86_400_000;

/**
 * The folder of the bundle, with `main.mjs` and the other entries in it; built when it is not there.
 * @throws Error when there is no folder to write it to, or the sources do not build
 */
export async function bundledCommand(root = ROOT, cache = cacheFolder()) {
  const name = `${BUNDLE}${sourceHash(root)}`;
  const places = [join(root, 'dist'), join(cache, 'command')];
  const known = places.map((place) => join(place, name)).find((folder) => existsSync(folder));
  if (known !== undefined) return known;
  const place = places.find(isWritable);
  if (place === undefined) throw new Error(`neither ${places.join(' nor ')} can be written to`);
  const staging = mkdtempSync(join(place, BUILDING));
  try {
    await buildCommand(root, staging);
    removeOld(place);
    return rename(staging, join(place, name));
  } finally {
    rmSync(staging, { recursive: true, force: true });
  }
}

/** Of the sources' names and texts, the package's description, and where it and the packages that it uses lie. */
function sourceHash(root) {
  const hash = createHash('sha256').update(root);
  const manifest = readFileSync(join(root, 'package.json'), 'utf8');
  hash.update(manifest);
  for (const name of Object.keys(JSON.parse(manifest).dependencies ?? {}))
    hash.update(`${name}\0${placeOf(name, root)}\0`);
  for (const file of SOURCES.flatMap((folder) => sourcesBelow(join(root, folder)))) {
    hash
      .update(`${relative(root, file)}\0`)
      .update(readFileSync(file))
      .update('\0');
  }
  return hash.digest('hex').slice(0, 32);
}

function sourcesBelow(folder) {
  if (!existsSync(folder)) return [];
  const entries = readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  return entries.flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return sourcesBelow(path);
    return /\.(tsx?|mjs)$/.test(entry.name) ? [path] : [];
  });
}

/** As Node looks for a package: the nearest node_modules that has it. */
function placeOf(name, from) {
  const folder = join(from, 'node_modules', name);
  if (existsSync(folder)) return folder;
  const above = dirname(from);
  return above === from ? 'nowhere' : placeOf(name, above);
}

function isWritable(place) {
  try {
    mkdirSync(place, { recursive: true });
    rmSync(mkdtempSync(join(place, BUILDING)), { recursive: true });
    return true;
  } catch {
    return false;
  }
}

/** Packages stay outside: they are plain JavaScript, and wrangler and esbuild have to be where they are. */
async function buildCommand(root, outdir) {
  const { build } = await import('esbuild');
  await build({
    absWorkingDir: root,
    entryPoints: ENTRIES,
    bundle: true,
    splitting: true,
    platform: 'node',
    format: 'esm',
    target: 'node22',
    // Those that Node knows, without esbuild's own `module`.
    conditions: [],
    outdir,
    outExtension: { '.js': '.mjs' },
    logLevel: 'silent',
    plugins: [packagesOutside(root), ownAddresses],
  });
}

/** Imports of packages by their full address: the bundle may lie elsewhere. */
const packagesOutside = (root) => ({
  name: 'packages-outside',
  setup(builder) {
    builder.onResolve({ filter: /^[^./]/ }, async ({ path, kind, pluginData }) => {
      if (kind === 'entry-point' || pluginData === 'asked' || path.startsWith('node:')) return undefined;
      const found = await builder.resolve(path, { resolveDir: root, kind, pluginData: 'asked' });
      // What only a bench uses may be missing; who starts that bench is told.
      const known = found.errors.length === 0 && !found.external;
      return { path: known ? pathToFileURL(found.path).href : path, external: true };
    });
  },
});

/** `import.meta.url` is the address of the source, from which paths of samples, models and documents are computed. */
const ownAddresses = {
  name: 'own-addresses',
  setup(builder) {
    builder.onLoad({ filter: /\.(ts|mjs)$/ }, async ({ path }) => {
      const text = await readFile(path, 'utf8');
      const address = JSON.stringify(pathToFileURL(resolve(path)).href);
      return {
        contents: text.replaceAll('import.meta.url', address),
        loader: path.endsWith('.ts') ? 'ts' : 'js',
      };
    });
  },
};

/** Another process may have been faster with the same bundle. */
function rename(from, to) {
  try {
    renameSync(from, to);
  } catch (error) {
    if (!existsSync(to)) throw error;
  }
  return to;
}

function removeOld(place) {
  for (const name of readdirSync(place).filter(
    (entry) => entry.startsWith(BUNDLE) || entry.startsWith(BUILDING),
  )) {
    const made = statSync(join(place, name), { throwIfNoEntry: false })?.mtimeMs ?? Number.POSITIVE_INFINITY;
    if (made < Date.now() - OLD_MS) rmSync(join(place, name), { recursive: true, force: true });
  }
}
