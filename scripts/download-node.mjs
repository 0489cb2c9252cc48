/**
 * Brings a pinned Node from the npm registry that npm is configured with: a plain package without scripts, which npm
 * checks against the integrity written down here. Plain Node without dependencies.
 */
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';

/** Begins the names of folders of downloads; one that began longer ago than this was interrupted. */
const INCOMING = 'incoming-';
const STALE_MS = 3_600_000;

/**
 * Puts the package's Node where `program` says. Each process downloads into a folder of its own in `cache` and renames
 * what is complete, so that an interrupted download leaves no half and concurrent ones do not meet.
 * @param pinned `{ name, version, integrity }` of the package
 */
export function downloadNode(pinned, cache, program) {
  mkdirSync(cache, { recursive: true });
  removeInterrupted(cache);
  const staging = mkdtempSync(join(cache, INCOMING));
  try {
    const brought = join(staging, 'brought');
    mkdirSync(brought);
    const unpacked = install(pinned, staging);
    const node = join(brought, basename(program));
    renameSync(join(unpacked, 'bin', basename(program)), node);
    const license = join(unpacked, 'LICENSE');
    if (existsSync(license)) renameSync(license, join(brought, 'LICENSE'));
    if (versionOf(node) === null) throw new Error('it does not run on this machine');
    rename(brought, program);
  } finally {
    rmSync(staging, { recursive: true, force: true });
  }
}

/** As in `process.versions.node`; null when `program` is no Node that runs here. */
export function versionOf(program) {
  const { status, stdout } = spawnSync(program, ['--version'], { encoding: 'utf8' });
  return status === 0 && /^v\d+\.\d+\.\d+/.test(stdout) ? stdout.trim().slice(1) : null;
}

/** Another process may have been faster, which is as good; a folder without its program is of no use. */
function rename(brought, program) {
  const folder = dirname(program);
  try {
    renameSync(brought, folder);
  } catch {
    if (existsSync(program)) return;
    rmSync(folder, { recursive: true, force: true });
    renameSync(brought, folder);
  }
}

function removeInterrupted(cache) {
  for (const name of readdirSync(cache).filter((entry) => entry.startsWith(INCOMING))) {
    const path = join(cache, name);
    const began = statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Number.POSITIVE_INFINITY;
    if (began < Date.now() - STALE_MS) rmSync(path, { recursive: true, force: true });
  }
}

/** The folder of the package, whose integrity npm has checked against the lockfile that is written here. */
function install({ name, version, integrity }, folder) {
  const dependencies = { [name]: version };
  const packages = { '': { dependencies }, [`node_modules/${name}`]: { version, integrity } };
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ dependencies }));
  writeFileSync(
    join(folder, 'package-lock.json'),
    JSON.stringify({ lockfileVersion: 3, requires: true, packages }),
  );
  // The folder has no .npmrc; the one of the folder where the command was given may name another registry.
  const registry = npm(['config', 'get', 'registry'], process.cwd()).stdout.trim();
  const flags = [
    '--ignore-scripts',
    '--no-global',
    '--no-dry-run',
    '--no-fund',
    '--no-audit',
    '--loglevel=error',
  ];
  const { status, stderr } = npm(['ci', `--registry=${registry}`, ...flags], folder);
  if (status !== 0) {
    const reason = stderr
      .split('\n')
      .filter((line) => /^npm (error|ERR!) (?!code|A complete log)/.test(line));
    throw new Error(reason[0]?.replace(/^npm \S+ /, '') ?? `npm ended with ${status}`);
  }
  return join(folder, 'node_modules', name);
}

function npm(args, cwd) {
  const result = spawnSync('npm', args, { cwd, encoding: 'utf8', shell: process.platform === 'win32' });
  if (result.error) throw new Error(`npm does not start (${result.error.code})`);
  return result;
}
