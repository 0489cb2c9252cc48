/** What `fedcar doctor` looks at: this machine, the configuration, and the service as it answers. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ApiError, type Client } from '../../client/client.ts';
import { SnapshotHeader } from '../../shared/protocol/snapshot.ts';
import { percent } from '../table.ts';
import { visible } from '../terminal-text.ts';
import { planDeployment } from './deploy-plan.ts';
import { bytes, moment } from './format.ts';
import { knownWords } from './known-words.ts';
import { isLoopback } from './target.ts';
import { VERSION } from './version.ts';

export interface Finding {
  name: string;
  state: 'ok' | 'warning' | 'wrong';
  detail: string;
}

const ok = (name: string, detail: string): Finding => ({ name, state: 'ok', detail });
const warning = (name: string, detail: string): Finding => ({ name, state: 'warning', detail });
const wrong = (name: string, detail: string): Finding => ({ name, state: 'wrong', detail });

/** Participants' signatures are refused beyond five minutes. */
const SKEW_S = 60;
/** The edge loads no larger snapshot. */
const MOST_SNAPSHOT_BYTES = 32 << 20;

/** The configuration of one environment: bindings, cron, sizes. */
export async function examineConfig(
  config: string,
  environment: string | undefined,
): Promise<{ findings: Finding[]; encoder: string }> {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const node = major > 20 || (major === 20 && minor >= 19);
  const plan = await planDeployment(config, environment, false);
  const places = plan.regions.map(({ name, place }) => (name === place ? name : `${name} (${place})`));
  const findings = [
    (node ? ok : wrong)('node', `${process.versions.node}${node ? '' : ', 20.19 or newer is needed'}`),
    ...plan.problems.map((problem) => wrong('configuration', problem)),
    ...(plan.problems.length > 0 ? [] : [ok('configuration', `${config}: ${plan.worker}`)]),
    ok('regions', places.join(', ')),
    ok('assets', `${plan.assets.files} files, the largest ${bytes(plan.assets.largest)} of 25 MiB`),
  ];
  return { findings, encoder: plan.encoder };
}

/**
 * The service: reachable, ready, of this version, with the right clock and model, and what holds it up.
 * @param encoder folder of the encoder that the configuration deploys
 */
export async function examineService(client: Client, now: () => number, encoder: string): Promise<Finding[]> {
  const found: Finding[] = [];
  try {
    const before = now();
    const health = await client.response('GET', '/healthz');
    found.push(ok('service', client.url), clockOf(health, client.url, (before + now()) / 2));
  } catch (error) {
    return [wrong('service', (error as Error).message)];
  }
  for (const look of [readiness, versionOf, access, model, schedule, regions, languages]) {
    try {
      found.push(await look(client, encoder));
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      found.push(wrong(look.name, `${error.message} [${error.code}]`));
      // Everything behind the token says the same.
      if (error.code === 'secret_missing' || error.status === 401) break;
    }
  }
  return found;
}

function clockOf(response: Response, url: string, here: number): Finding {
  const there = Date.parse(response.headers.get('date') ?? '');
  if (Number.isNaN(there) && isLoopback(url)) return ok('clock', 'the one of this machine');
  if (Number.isNaN(there)) return warning('clock', 'the service does not say what time it is');
  // The header has whole seconds.
  const apart = Math.max(0, Math.round(Math.abs(there - here) / 1000) - 1);
  return (apart > SKEW_S ? wrong : ok)('clock', `${apart} s apart`);
}

async function readiness(client: Client): Promise<Finding> {
  await client.response('GET', '/readyz');
  return ok('readiness', 'objects, encoder and secret are there');
}

async function versionOf(client: Client): Promise<Finding> {
  const document = (await (await client.response('GET', '/openapi.json')).json()) as {
    info: { version: string };
  };
  const { version } = document.info;
  const same = version === VERSION;
  return (same ? ok : warning)(
    'version',
    same ? VERSION : `the service is ${version}, this command ${VERSION}`,
  );
}

async function access(client: Client): Promise<Finding> {
  await client.call('GET /models');
  try {
    await client.call('GET /tokens');
    return ok('token', 'may do everything');
  } catch (error) {
    if (error instanceof ApiError && error.status === 403)
      return ok('token', 'may read; it is no admin token');
    throw error;
  }
}

/** The encoder that the serving version was made with against the one that is deployed, and the version's size. */
async function model(client: Client, encoder: string): Promise<Finding> {
  const serving = await servingOf(client);
  if (serving === null) return wrong('model', 'no version serves');
  const size = `version ${serving.version}, ${serving.rows} passages, ${bytes(serving.bytes)} of ${bytes(MOST_SNAPSHOT_BYTES)}`;
  const ours = await encoderIn(encoder);
  if (serving.model.sha256 !== ours?.sha256) {
    return warning('model', `${serving.model.name} with another hash than ${encoder} has; ${size}`);
  }
  return (serving.bytes > 0.8 * MOST_SNAPSHOT_BYTES ? warning : ok)(
    'model',
    `${serving.model.name}, the same as here, which reads ${ours.reads}; ${size}`,
  );
}

async function servingOf(client: Client) {
  const { versions } = await client.call('GET /models');
  const serving = versions.find(({ state }) => state === 'serving');
  if (serving === undefined) return null;
  const { model: of } = await headerOf(client, serving.version);
  return { version: serving.version, rows: serving.rows, bytes: serving.bytes, model: of };
}

/** Null where the folder holds none. */
async function encoderIn(folder: string): Promise<{ sha256: string; reads: string } | null> {
  const manifest = await readFile(join(folder, 'manifest.json')).catch(() => null);
  if (manifest === null) return null;
  const { name, languages } = JSON.parse(manifest.toString()) as { name: string; languages?: string[] };
  const reads =
    languages?.join(', ') ?? (name === SHIPPED ? 'English' : 'the languages that it was trained on');
  return { sha256: createHash('sha256').update(manifest).digest('hex'), reads };
}

const SHIPPED = 'all-MiniLM-L6-v2';
/** Share of documents that are not read from which on it is said as a warning. */
const MANY_UNKNOWN = 0.05;
const KEYS_SHOWN = 3;

/** Whether the encoder knows the words of the documents that are stored. */
async function languages(client: Client, encoder: string): Promise<Finding> {
  const serving = await servingOf(client);
  if (serving === null || serving.model.sha256 !== (await encoderIn(encoder))?.sha256)
    return ok('languages', 'not looked at: the encoder of the documents is not at hand');
  const { documents, unknown, unknownTokens } = await knownWords(client, encoder);
  const said = `${serving.model.name} knows the words of ${documents - unknown.length} of ${documents} documents looked at, and ${percent(unknownTokens)} of their tokens are unknown to it`;
  if (unknown.length <= MANY_UNKNOWN * documents) return ok('languages', said);
  const more = unknown.length > KEYS_SHOWN ? ', …' : '';
  return warning(
    'languages',
    `${said}; the others are found by words alone, and never with confidence: ${unknown.slice(0, KEYS_SHOWN).map(visible).join(', ')}${more}. ` +
      'fedcar init --language and docs/languages.md say how to have another encoder',
  );
}

/** A snapshot begins with its header: the rest is not read. */
async function headerOf(client: Client, version: number): Promise<SnapshotHeader> {
  const response = await client.response('GET', `${client.path}/models/${version}/snapshot`);
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  let read = Buffer.alloc(0);
  for (;;) {
    const length = read.length < 8 ? Number.POSITIVE_INFINITY : read.readUInt32LE(4);
    if (read.length >= 8 + length) {
      await reader.cancel();
      return SnapshotHeader.parse(JSON.parse(read.subarray(8, 8 + length).toString('utf8')));
    }
    const { done, value } = await reader.read();
    if (done) throw new ApiError(200, 'unknown', 'the snapshot ends before its header does');
    read = Buffer.concat([read, value]);
  }
}

async function schedule(client: Client): Promise<Finding> {
  const { runs, schedule } = await client.call('GET /rounds', { query: { limit: 1 } });
  const [last] = runs;
  if (last?.state === 'failed') return warning('training', `run ${last.run} failed: ${last.error}`);
  if (schedule.waiting !== null) return warning('training', `waits: ${schedule.waiting.detail}`);
  return ok('training', schedule.next_at === null ? 'by hand only' : `next run ${moment(schedule.next_at)}`);
}

async function regions(client: Client): Promise<Finding> {
  const { regions: found, away } = await client.call('GET /regions');
  const items = found.map(({ region, items }) => `${region} ${items}`).join(', ');
  return away.length > 0
    ? wrong('documents', `no answer from ${away.join(', ')}; ${items}`)
    : ok('documents', items);
}
