/**
 * Installs the dependencies when they are missing or do not belong to the lockfile, so that `npm start` and
 * `npm test` work from a fresh clone. Plain Node without dependencies: it runs before anything is installed.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const OLDEST_NODE = [20, 19];

/** Whether this Node can run the project: `version` as in `process.versions.node`. */
export function nodeIsNewEnough(version) {
  const [major, minor] = version.split('.').map(Number);
  return major > OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor >= OLDEST_NODE[1]);
}

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

function main(root) {
  if (!nodeIsNewEnough(process.versions.node)) {
    console.error(`fedcar needs Node ${OLDEST_NODE.join('.')} or newer; this is ${process.versions.node}.`);
    return 1;
  }
  const reason = reasonToInstall(root);
  if (reason === null) return 0;
  console.error(`fedcar: ${reason}; running npm ci (once, about a minute).`);
  const result = spawnSync('npm', ['ci', '--include=dev', '--no-fund', '--no-audit', '--loglevel=error'], {
    cwd: root,
    // Standard output belongs to the command that follows.
    stdio: ['ignore', 2, 2],
    shell: process.platform === 'win32',
  });
  if (result.status !== 0) {
    console.error(
      'fedcar: npm ci failed (see above). It needs the npm registry once; afterwards no network.',
    );
    return 1;
  }
  writeFileSync(join(root, 'node_modules', '.fedcar-lock'), lockHash(join(root, 'package-lock.json')));
  return 0;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  process.exitCode = main(dirname(dirname(fileURLToPath(import.meta.url))));
}
