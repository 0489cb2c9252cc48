/** The Worker as `wrangler deploy` would upload it, built into a folder without uploading anything. */
import { spawn } from 'node:child_process';
import { readdir, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The project's folder: the one that has wrangler.toml. */
export const PROJECT = dirname(dirname(fileURLToPath(import.meta.url)));

export interface WorkerModule {
  type: 'ESModule' | 'CompiledWasm';
  path: string;
}

/**
 * Bundles workers/index.ts into `folder`, which is emptied before. The entry comes first.
 * @throws Error with what wrangler said when the Worker does not build.
 */
export async function bundleWorker(folder: string): Promise<WorkerModule[]> {
  await rm(folder, { recursive: true, force: true });
  const manifest = createRequire(import.meta.url).resolve('wrangler/package.json');
  const wrangler = join(dirname(manifest), 'bin', 'wrangler.js');
  const args = [wrangler, 'deploy', '--dry-run', '--outdir', folder];
  await run(args, { WRANGLER_SEND_METRICS: 'false', WRANGLER_HIDE_BANNER: 'true', NO_COLOR: '1' });
  const files = await readdir(folder);
  const wasm = files.filter((name) => name.endsWith('.wasm')).map((name) => join(folder, name));
  return [
    { type: 'ESModule', path: join(folder, 'index.js') },
    ...wasm.map((path): WorkerModule => ({ type: 'CompiledWasm', path })),
  ];
}

async function run(args: string[], env: Record<string, string>): Promise<void> {
  const child = spawn(process.execPath, args, {
    cwd: PROJECT,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (said += String(chunk)));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  if (code !== 0) throw new Error(`the Worker does not build:\n${said.trim()}`);
}
