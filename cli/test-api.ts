/**
 * `npm run test:api`: schemathesis against the whole system in workerd; `-- --requests N` sends as many of our own making
 * (api-fuzz.ts). It makes requests from the OpenAPI document,
 * sound and unsound ones, and every answer has to be one that the document speaks of: no 5xx, no undeclared status,
 * no body that does not fit its schema. Standard output is schemathesis' own; it ends with its exit code, or with 2
 * when it cannot run.
 */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fuzz, type OpenApiDocument } from './api-fuzz.ts';
import { type Deployment, startDeployment } from './deployment.ts';
import { progress } from './progress.ts';
import { seeded } from './seeded.ts';
import { PROJECT } from './worker-bundle.ts';

const VERSION = '4.32.5';
const CHECKED_BY = `schemathesis ${VERSION}`;
/** Requests made up for each operation, beside those that cover its schema. */
const EXAMPLES = 10;

/** Says in one line why the check cannot run. */
class CannotRun extends Error {}

/** Runs a program to its end. @returns its exit code; null when there is no such program. */
async function run(program: string, args: string[], stdio: 'inherit' | 'ignore'): Promise<number | null> {
  const child = spawn(program, args, {
    stdio: ['ignore', stdio, stdio === 'inherit' ? 'inherit' : 'ignore'],
  });
  return await new Promise((resolve) => {
    child.on('error', () => resolve(null));
    child.on('close', (code) => resolve(code ?? 1));
  });
}

/** The program, installed into a virtual environment beside the other dependencies when it is not there yet. */
async function schemathesis(): Promise<string> {
  const environment = join(PROJECT, 'node_modules', '.cache', `schemathesis-${VERSION}`);
  const bin = join(environment, process.platform === 'win32' ? 'Scripts' : 'bin');
  const program = join(bin, 'st');
  if (existsSync(program)) return program;
  process.stderr.write(`test:api: installing ${CHECKED_BY} from PyPI (once)\n`);
  const python = process.platform === 'win32' ? 'python' : 'python3';
  const made = await run(python, ['-m', 'venv', environment], 'ignore');
  if (made === null)
    throw new CannotRun('Python 3.10 or newer is needed for schemathesis, and none was found');
  if (made !== 0)
    throw new CannotRun(`${python} -m venv failed; on Debian it needs the package python3-venv`);
  const pip = ['install', '--quiet', '--disable-pip-version-check', `schemathesis==${VERSION}`];
  if ((await run(join(bin, 'pip'), pip, 'ignore')) !== 0) {
    await rm(environment, { recursive: true, force: true });
    throw new CannotRun(
      `${CHECKED_BY} could not be installed: PyPI cannot be reached, or has no such version`,
    );
  }
  return program;
}

/** A collection small enough for a laptop, with a document to be found under a key that requests can name. */
async function prepare({ url }: Deployment, token: string): Promise<void> {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const item = { key: '0', title: 'Parcels', text: 'A parcel arrives within three days.' };
  const response = await fetch(`${url}/v1/items`, { method: 'POST', headers, body: JSON.stringify(item) });
  if (!response.ok) throw new CannotRun(`the first document was refused: ${await response.text()}`);
}

/** @returns how many of `--requests` are asked for; null: schemathesis is run, with its own flags */
function requestsOf(args: readonly string[]): number | null {
  const at = args.indexOf('--requests');
  if (at < 0) return null;
  const requests = Number(args[at + 1]);
  if (Number.isSafeInteger(requests) && requests > 0) return requests;
  throw new CannotRun(`--requests: a whole number from 1 on, not ${args[at + 1]}`);
}

/** The long form: so many requests of our own making. @returns 1 when an answer was wrong */
async function fuzzed(
  deployment: Deployment,
  token: string,
  requests: number,
  seed: number,
): Promise<number> {
  const document = (await (await fetch(`${deployment.url}/openapi.json`)).json()) as OpenApiDocument;
  const bar = progress(`requests, seed ${seed}`, requests);
  const began = Date.now();
  const { wrong, statuses } = await fuzz(document, {
    url: deployment.url,
    token,
    requests,
    random: seeded(seed),
    progress: (done) => bar.update(done),
    found: ({ request, status, why }) => process.stdout.write(`${status} ${request}: ${why}\n`),
  });
  const seconds = (Date.now() - began) / 1000;
  bar.end(`${requests} requests, ${(requests / seconds).toFixed(0)} a second, ${wrong} wrong answers`);
  const counted = [...statuses].sort(([a], [b]) => a - b).map(([status, count]) => `${status}: ${count}`);
  process.stdout.write(`${counted.join(', ')}\n`);
  return wrong === 0 ? 0 : 1;
}

async function main(args: string[]): Promise<number> {
  const requests = requestsOf(args);
  const program = requests === null ? await schemathesis() : '';
  const folder = await mkdtemp(join(tmpdir(), 'fedcar-test-api-'));
  const token = randomBytes(32).toString('base64url');
  const deployment = await startDeployment({
    folder,
    // Development: local workerd knows no jurisdictions. With the secret set tokens are asked for all the same.
    variables: { FEDCAR_ADMIN_TOKEN: token, FEDCAR_REGIONS: 'weur' },
  });
  try {
    await prepare(deployment, token);
    if (requests !== null) {
      const at = args.indexOf('--seed');
      return await fuzzed(deployment, token, requests, at < 0 ? Date.now() % 2 ** 32 : Number(args[at + 1]));
    }
    const given = ['--header', `Authorization: Bearer ${token}`, '--max-examples', String(EXAMPLES)];
    const config = ['--config-file', join(PROJECT, 'cli', 'test-api.toml')];
    const code = await run(
      program,
      [...config, 'run', `${deployment.url}/openapi.json`, ...given, ...args],
      'inherit',
    );
    if (code !== 0) {
      const log = await readFile(deployment.logFile, 'utf8');
      const failures = log.split('\n').filter((line) => line.includes('"level":"error"'));
      process.stderr.write(`${failures.slice(-20).join('\n')}\n`);
    }
    return code ?? 2;
  } finally {
    await deployment.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof CannotRun)) throw error;
  process.stderr.write(`test:api: ${error.message}\n`);
  process.exitCode = 2;
}
