#!/usr/bin/env node
/**
 * `npm create fedcar FOLDER`: a folder that depends on the package, installed, with the configuration that
 * `fedcar init` writes. Plain Node without dependencies; all that is fedcar's own is left to the package's command.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';

const USAGE = 'usage: npm create fedcar FOLDER [-- [--from VERSION|TARBALL] [flags of fedcar init]]';
const { version } = JSON.parse(readFileSync(join(import.meta.dirname, 'package.json'), 'utf8'));

/** What is wrong with the command line; it ends with status 2. */
class Refused extends Error {}

function read(args) {
  const [folder, ...rest] = args;
  if (folder === undefined || folder.startsWith('-')) throw new Refused(USAGE);
  const at = rest.indexOf('--from');
  if (at === -1) return { folder, from: version, flags: rest };
  const from = rest[at + 1];
  if (from === undefined || from.startsWith('-'))
    throw new Refused(`--from: a version or a tarball\n${USAGE}`);
  return { folder, from, flags: rest.toSpliced(at, 2) };
}

/** As a dependency: a path is read from where the command was called. */
const specOf = (from) => (existsSync(from) ? `file:${resolve(from)}` : from);

/** A Worker is called as the folder, as far as its name can be one. */
function nameOf(folder) {
  const name = basename(folder)
    .toLowerCase()
    .replace(/[^a-z0-9-]+/g, '-')
    .replace(/^-+|-+$/g, '');
  return name || 'fedcar';
}

function run(program, args, cwd) {
  // On Windows npm is a script, which only a shell starts.
  const { status, error } = spawnSync(program, args, {
    cwd,
    stdio: 'inherit',
    shell: process.platform === 'win32',
  });
  if (error !== undefined) throw error;
  return status ?? 1;
}

function main(args) {
  const { folder: given, from, flags } = read(args);
  const folder = resolve(given);
  if (existsSync(folder) && readdirSync(folder).length > 0) throw new Refused(`${folder} is not empty`);
  mkdirSync(folder, { recursive: true });
  const name = nameOf(folder);
  const manifest = {
    name,
    private: true,
    type: 'module',
    scripts: { start: 'fedcar dev', deploy: 'fedcar deploy' },
    dependencies: { fedcar: specOf(from) },
  };
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  const installed = run('npm', ['install', '--no-fund', '--no-audit', '--loglevel=error'], folder);
  if (installed !== 0) throw new Error(`npm install failed in ${folder} (see above)`);
  const named = flags.some((flag) => /^--name(=|$)/.test(flag)) ? [] : ['--name', name];
  const command = join(folder, 'node_modules', 'fedcar', 'cli', 'fedcar.mjs');
  const status = run(process.execPath, [command, 'init', '.', ...named, ...flags], folder);
  if (status === 0 && given !== '.') console.log(`\nThey run in ${given}.`);
  return status;
}

try {
  process.exitCode = main(process.argv.slice(2));
} catch (error) {
  console.error(`create-fedcar: ${error.message}`);
  process.exitCode = error instanceof Refused ? 2 : 1;
}
