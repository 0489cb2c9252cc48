/**
 * Installs the dependencies when they are missing or do not belong to the lockfile, so that `npm start` and
 * `npm test` work from a fresh clone, and sees to it that npm scripts find a Node that the platform's tools run on.
 * Plain Node without dependencies: it runs before anything is installed.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  lstatSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { versionOf } from './download-node.mjs';
import { otherNode } from './node-runtime.mjs';

const NODE = process.platform === 'win32' ? 'node.exe' : 'node';

/**
 * Why an install is needed, or null. npm writes node_modules/.package-lock.json last, so an interrupted install has
 * none. The stamp holds the lockfile's hash: a copied or freshly checked out lockfile is newer without being different.
 */
export function reasonToInstall(root) {
  const lockfile = join(root, 'package-lock.json');
  const installed = join(root, 'node_modules', '.package-lock.json');
  if (!existsSync(join(root, 'node_modules'))) return 'dependencies are not installed yet';
  if (!existsSync(installed)) return 'an earlier install did not finish';
  const stamp = join(root, 'node_modules', '.fedcar-lock');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lockHash(lockfile)) return null;
  if (statSync(installed).mtimeMs >= statSync(lockfile).mtimeMs) return null;
  return 'the lockfile is newer than the installed dependencies';
}

function lockHash(lockfile) {
  return createHash('sha256').update(readFileSync(lockfile)).digest('hex');
}

/**
 * Version of the Node that the user has. Once node_modules/.bin holds another one, scripts run on that, also after the
 * user's own has become newer.
 */
export function hostVersion(link, path = process.env.PATH ?? '') {
  if (lstatSync(link, { throwIfNoEntry: false }) === undefined) return process.versions.node;
  const own = path.split(delimiter).filter((folder) => !folder.endsWith(join('node_modules', '.bin')));
  const host = own.map((folder) => join(folder, NODE)).find((program) => existsSync(program));
  return (host === undefined ? null : versionOf(host)) ?? process.versions.node;
}

/** Makes `link` be `node`, for npm scripts, which look into node_modules/.bin first; null: there is none. */
export function linkNode(link, node) {
  if (node === null) return rmSync(link, { force: true });
  if (process.platform === 'win32') {
    if (!existsSync(link) || versionOf(link) !== versionOf(node)) copyFileSync(node, link);
    return;
  }
  if (lstatSync(link, { throwIfNoEntry: false })?.isSymbolicLink() && readlinkSync(link) === node) return;
  // Scripts that run at the same time find the one or the other.
  const fresh = `${link}.${process.pid}`;
  symlinkSync(node, fresh);
  renameSync(fresh, link);
}

function main(root) {
  const link = join(root, 'node_modules', '.bin', NODE);
  const node = otherNode(hostVersion(link), (line) => console.error(line));
  const installed = install(root, node);
  if (installed) linkNode(link, node);
  return installed ? 0 : 1;
}

/** @param node the Node to install with; null: this one */
function install(root, node) {
  const reason = reasonToInstall(root);
  if (reason === null) return true;
  console.error(`fedcar: ${reason}; running npm ci (once, about a minute).`);
  const path = process.env.PATH ?? '';
  const result = spawnSync('npm', ['ci', '--include=dev', '--no-fund', '--no-audit', '--loglevel=error'], {
    cwd: root,
    env: { ...process.env, PATH: node === null ? path : [dirname(node), path].join(delimiter) },
    // Standard output belongs to the command that follows.
    stdio: ['ignore', 2, 2],
    shell: process.platform === 'win32',
  });
  if (result.status !== 0) {
    console.error(
      'fedcar: npm ci failed (see above). It needs the npm registry once; afterwards no network.',
    );
    return false;
  }
  writeFileSync(join(root, 'node_modules', '.fedcar-lock'), lockHash(join(root, 'package-lock.json')));
  return true;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  try {
    process.exitCode = main(dirname(dirname(fileURLToPath(import.meta.url))));
  } catch (error) {
    console.error(error.message);
    process.exitCode = 1;
  }
}
