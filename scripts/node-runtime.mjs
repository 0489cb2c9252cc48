/**
 * The Node that everything runs on. The platform's tools need Node 22; where the Node at hand is older, the one that
 * node-runtime.json names for the platform is brought, once for each user.
 * Plain Node without dependencies: it runs before anything is installed.
 */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { downloadNode, versionOf } from './download-node.mjs';

const OLDEST_ENTRY = [20, 19];
const OLDEST_TOOLS = [22, 12];
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/** Whether a Node can start the project, which may then go on with another: `version` as in `process.versions.node`. */
export const nodeIsNewEnough = (version) => atLeast(version, OLDEST_ENTRY);

/** Whether a Node can run the platform's tools. */
export const nodeRunsTools = (version) => atLeast(version, OLDEST_TOOLS);

function atLeast(version, [wantedMajor, wantedMinor]) {
  const [major, minor] = version.split('.').map(Number);
  return major > wantedMajor || (major === wantedMajor && minor >= wantedMinor);
}

/** Where this user's programs keep what can be made again. */
export function cacheFolder(env = process.env, platform = process.platform) {
  if (platform === 'win32')
    return join(env.LOCALAPPDATA ?? join(homedir(), 'AppData', 'Local'), 'fedcar', 'Cache');
  if (platform === 'darwin') return join(homedir(), 'Library', 'Caches', 'fedcar');
  const cache = env.XDG_CACHE_HOME ?? '';
  return join(isAbsolute(cache) ? cache : join(homedir(), '.cache'), 'fedcar');
}

/**
 * Path of the Node to run on instead of `host`; null when `host` itself will do. Downloads it when it is not there.
 * @param host version of the Node at hand
 * @param say hears one line before a download
 * @throws Error with one sentence when there is none to be had
 */
export function otherNode(host, say, options = {}) {
  const {
    env = process.env,
    platform = process.platform,
    arch = process.arch,
    cache = cacheFolder(env, platform),
  } = options;
  if (!nodeIsNewEnough(host)) {
    throw new Error(`fedcar needs Node ${OLDEST_ENTRY.join('.')} or newer; this is ${host}.`);
  }
  if (env.FEDCAR_NODE) return namedNode(env.FEDCAR_NODE);
  if (nodeRunsTools(host)) return null;
  const pinned = options.pinned ?? pinnedNode(`${platform}-${arch}`);
  const needs = `fedcar needs Node ${OLDEST_TOOLS.join('.')} or newer; this is ${host}`;
  if (pinned === undefined) {
    throw new Error(
      `${needs}, and the npm registry has none for ${platform}-${arch}: install it, or name one in FEDCAR_NODE.`,
    );
  }
  const folder = join(cache, `${pinned.name}-${pinned.version}`);
  const program = join(folder, platform === 'win32' ? 'node.exe' : 'node');
  if (existsSync(program)) return program;
  say(
    `${needs}. Node ${pinned.version} is brought from the npm registry into ${folder} (once, about 50 MB).`,
  );
  try {
    downloadNode(pinned, cache, program);
  } catch (error) {
    const instead = 'Install a newer one, or name one in FEDCAR_NODE.';
    throw new Error(
      `${needs}, and Node ${pinned.version} could not be brought: ${error.message}. ${instead}`,
    );
  }
  return program;
}

/** musl has no build there. */
function pinnedNode(name) {
  if (name.startsWith('linux-') && process.report.getReport().header.glibcVersionRuntime === undefined)
    return undefined;
  return JSON.parse(readFileSync(new URL('node-runtime.json', import.meta.url), 'utf8'))[name];
}

function namedNode(path) {
  const version = versionOf(path);
  if (version === null)
    throw new Error(`FEDCAR_NODE names "${path}", which does not answer to --version as Node does.`);
  if (!nodeRunsTools(version)) {
    throw new Error(`FEDCAR_NODE names Node ${version}; fedcar needs ${OLDEST_TOOLS.join('.')} or newer.`);
  }
  return path;
}

/** Runs the command that this process was started with on `node`, with its streams, and ends as it ends. */
export async function runOn(node) {
  // The child is that Node, and has not to look for another.
  const env = { ...process.env, FEDCAR_NODE: '' };
  const child = spawn(node, [...process.execArgv, ...process.argv.slice(1)], { stdio: 'inherit', env });
  for (const signal of SIGNALS) process.on(signal, () => child.kill(signal));
  const { code, signal } = await new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code, signal) => resolve({ code, signal }));
  });
  if (signal === null) {
    process.exitCode = code;
    return;
  }
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
}
