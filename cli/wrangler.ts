/** Wrangler as a program of its own, the version that the lockfile names: it bundles, deploys and sets secrets. */
import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

export interface WranglerRun {
  code: number | null;
  /** Standard output alone: what is asked for as JSON. */
  stdout: string;
  /** Both streams, in the order in which they came. */
  said: string;
}

export interface WranglerOptions {
  cwd: string;
  env?: Record<string, string | undefined>;
  /** Goes to standard input: secrets never stand on a command line, where other users of a machine can read them. */
  input?: string;
  /** Hears what it says while it says it. */
  onOutput?(text: string): void;
}

/** Runs wrangler to its end, without a banner, without colours, without telemetry. */
export async function runWrangler(args: readonly string[], options: WranglerOptions): Promise<WranglerRun> {
  const manifest = createRequire(import.meta.url).resolve('wrangler/package.json');
  const program = join(dirname(manifest), 'bin', 'wrangler.js');
  const quiet = { WRANGLER_SEND_METRICS: 'false', WRANGLER_HIDE_BANNER: 'true', NO_COLOR: '1' };
  const child = spawn(process.execPath, [program, ...args], {
    cwd: options.cwd,
    env: { ...process.env, ...options.env, ...quiet },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let stdout = '';
  let said = '';
  child.stdout.on('data', (chunk) => (stdout += String(chunk)));
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      said += String(chunk);
      options.onOutput?.(String(chunk));
    });
  }
  // It may have ended before it read anything.
  child.stdin.on('error', () => {});
  child.stdin.end(options.input ?? '');
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  return { code, stdout, said };
}
