/** The Worker as `wrangler deploy` would upload it, built into a folder without uploading anything. */
import { readdir, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runWrangler } from './wrangler.ts';

/** The project's folder: the one that has wrangler.toml. */
export const PROJECT = dirname(dirname(fileURLToPath(import.meta.url)));

export interface WorkerModule {
  type: 'ESModule' | 'CompiledWasm';
  path: string;
}

/**
 * Bundles workers/index.ts into `folder`, which is emptied before. The entry comes first.
 * @param config the wrangler configuration; the project's own unless given
 * @param entry a file instead of the configuration's, for benches
 * @throws Error with what wrangler said when the Worker does not build.
 */
export async function bundleWorker(
  folder: string,
  config = join(PROJECT, 'wrangler.toml'),
  entry?: string,
): Promise<WorkerModule[]> {
  await rm(folder, { recursive: true, force: true });
  const script = entry === undefined ? [] : [entry];
  const args = ['deploy', ...script, '--dry-run', '--outdir', folder, '--config', config, '--env', ''];
  const { code, said } = await runWrangler(args, { cwd: dirname(config) });
  if (code !== 0) throw new Error(`the Worker does not build:\n${said.trim()}`);
  const files = await readdir(folder);
  const wasm = files.filter((name) => name.endsWith('.wasm')).map((name) => join(folder, name));
  const main = entry === undefined ? 'index.js' : `${basename(entry, '.ts')}.js`;
  return [
    { type: 'ESModule', path: join(folder, main) },
    ...wasm.map((path): WorkerModule => ({ type: 'CompiledWasm', path })),
  ];
}
