/**
 * `fedcar/client` as the package exports it: one module without dependencies, with its types, in dist/client. Run before
 * the package is packed; a checkout's own code imports the sources.
 */
import { spawnSync } from 'node:child_process';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));

/** @throws Error with what the compiler said */
export async function buildClient(target = join(ROOT, 'dist', 'client')) {
  await rm(target, { recursive: true, force: true });
  await mkdir(target, { recursive: true });
  await build({
    absWorkingDir: ROOT,
    entryPoints: ['client/client.ts'],
    bundle: true,
    format: 'esm',
    platform: 'neutral',
    target: 'es2022',
    outfile: join(target, 'client.js'),
    logLevel: 'silent',
  });
  const declared = join(target, 'declared');
  const options = [
    '--ignoreConfig',
    '--declaration',
    '--emitDeclarationOnly',
    '--rewriteRelativeImportExtensions',
  ];
  const language = ['--target', 'es2022', '--module', 'esnext', '--moduleResolution', 'bundler', '--strict'];
  const platform = ['--lib', 'es2024,dom,dom.iterable,dom.asynciterable', '--types', ''];
  const compiler = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
  const { status, stdout } = spawnSync(
    process.execPath,
    [compiler, 'client/client.ts', ...options, ...language, ...platform, '--outDir', declared],
    { cwd: ROOT, encoding: 'utf8' },
  );
  if (status !== 0) throw new Error(`the client's types do not build:\n${stdout}`);
  for (const name of await readdir(join(declared, 'client'))) {
    const text = await readFile(join(declared, 'client', name), 'utf8');
    await writeFile(join(target, name), text.replace(/(from '\.\/\w+)\.ts'/g, "$1.js'"));
  }
  await rm(declared, { recursive: true });
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await buildClient();
