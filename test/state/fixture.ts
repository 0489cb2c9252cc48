/**
 * `npm run fixture:state`: makes a fixture of the state that a commit's own code stores, with that commit's own
 * dependencies, and puts it beside the others. See README.md here.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const HERE = dirname(fileURLToPath(import.meta.url));
process.env.TZ = 'UTC';
const PROJECT = dirname(dirname(HERE));
const FIXTURES = join(HERE, 'fixtures');

function run(cwd: string, command: string, ...args: string[]): string {
  return execFileSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }).trim();
}

function main(commit: string): void {
  const folder = mkdtempSync(join(tmpdir(), 'fedcar-fixture-'));
  try {
    // In UTC, so that fixtures stand in order of age.
    const name = run(
      PROJECT,
      'git',
      'log',
      '-1',
      '--format=%cd-%h',
      '--date=format-local:%Y%m%dT%H%M',
      commit,
    );
    run(PROJECT, 'git', 'clone', '--quiet', '--no-checkout', PROJECT, folder);
    run(folder, 'git', 'checkout', '--quiet', run(PROJECT, 'git', 'rev-parse', commit));
    run(folder, 'npm', 'ci', '--ignore-scripts', '--silent');
    const maker = join(folder, 'state-maker');
    cpSync(HERE, maker, { recursive: true });
    run(folder, 'npx', 'tsx', join(maker, 'make.ts'), folder, join(FIXTURES, `${name}.br`));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

main(process.argv[2] ?? 'HEAD');
