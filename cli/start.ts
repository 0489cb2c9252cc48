/**
 * `npm start`: the whole system on this machine, at the defaults. Regions get their documents and their query logs,
 * remember them, train the retriever together, and the same questions are asked of each. Everything goes through the
 * HTTP API.
 */

import { basename, join, resolve } from 'node:path';
import { Client } from '../client/client.ts';
import { entryOf } from '../shared/protocol/names.ts';
import type { CollectionSettings } from '../shared/protocol/settings.ts';
import { openBeir } from './beir.ts';
import { askersOf } from './bench/stream-log.ts';
import { pc } from './colours.ts';
import { type Deployment, startDeployment } from './deployment.ts';
import { type AnsweredQuery, type Asking, askAll, type TestQuery, testQueries } from './evaluation.ts';
import {
  createCollection,
  documentsOf,
  giveFeedback,
  OtherSettingsError,
  recordsOf,
  TrainingError,
  train,
  uploadAll,
} from './experiment.ts';
import { simulateLog } from './noise-model.ts';
import { progress } from './progress.ts';
import { surviveBrokenStreams } from './standard-streams.ts';
import { comparison } from './start/comparison.ts';
import { hashOfData, type KeptState, openState, saveState } from './start/kept-state.ts';
import { showMemory } from './start/memory-shown.ts';
import { parseStartOptions, type StartOptions } from './start/options.ts';
import { askSome } from './start/questions.ts';
import { startSettings } from './start/settings.ts';
import { verdict } from './start/verdict.ts';
import { PROJECT } from './worker-bundle.ts';

const LOG_SEED = 1;
/** Questions of the simulated log: noise hides the single one among many. */
const LOGGED = 9_000;
const CRON_MS = 60_000;

async function main(options: StartOptions): Promise<void> {
  surviveBrokenStreams();
  const samples = options.dataset === undefined;
  const directory = samples ? join(PROJECT, 'samples') : resolve(options.dataset as string);
  // Documents that nobody asked about are the common case in a live corpus: the samples leave some out.
  const withhold = samples ? join(directory, 'unseen.txt') : options.withhold;
  const folder = await openBeir(directory, withhold === undefined ? {} : { withhold });
  const noise = options.noise ?? samples;
  const name = `${basename(directory)}${noise ? '' : '-no-noise'}`;
  const stateFolder = options.state ?? join(PROJECT, '.fedcar', 'start', name);
  const state = await openState(stateFolder, await hashOfData(folder));
  say(
    `${folder.counts.documents} documents, ${folder.counts.training} training questions, ${folder.counts.test} test questions, regions ${folder.regions.join(', ')}`,
  );
  const deployment = await startDeployment({ folder: stateFolder, port: options.port, say });
  try {
    await openCollection(deployment.url, startSettings(folder.regions, noise));
    const client = new Client(deployment.url);
    const queries = await testQueries(folder);
    const records = await recordsOf(folder);
    const keep = () => saveState(stateFolder, state);
    // Not before everything is uploaded: the cron handler starts a run when documents are there.
    if (state.placed !== null) await deployment.tick();
    if (state.placed === null) {
      const placed = await uploadAll(client, await documentsOf(folder));
      const shown = await showMemory(client, records);
      if (shown !== '') print(shown);
      await giveFeedback(client, samples ? simulated(records, LOGGED) : records);
      state.placed = Object.fromEntries(placed);
      await keep();
    }
    const askers = askersOf(queries, records, LOG_SEED);
    const answer = (name: string, version: number, asking: Asking = {}) =>
      answers({ client, queries, name, version, asking, state, keep });
    const plain = {
      vectors: await answer('vectors', 0, { type: 'vector' }),
      words: await answer('words', 0),
      memory: await answer('memory', 0, { askers }),
    };
    state.trained ??= await trainOrSay(client, deployment);
    await keep();
    const version = state.trained;
    const trained = version === null ? null : await answer('trained', version);
    const everything = version === null ? null : await answer('everything', version, { askers });
    const asked = new Set(records.map(({ record }) => record.item));
    print(comparison({ ...plain, trained, everything, asked }));
    print(await verdict(client, version));
    if (version !== null) print(await askSome(client, plain.words, trained!, version));
    if (!options.once) await stayUp(deployment);
    else if (version === null) process.exitCode = 1;
  } finally {
    await deployment.stop();
  }
}

/** One that an earlier start made goes on as it was made, but for where test questions are asked from. */
async function openCollection(url: string, settings: CollectionSettings): Promise<void> {
  try {
    await createCollection(url, 'default', settings);
  } catch (error) {
    if (!(error instanceof OtherSettingsError)) throw error;
    say('the kept collection goes on with the settings that it has, which are not those of this version');
    const body = { settings: { askersNameRegion: true } };
    await new Client(url).call('PATCH /collections/{name}', { params: { name: 'default' }, body });
  }
}

/** The version that the run made; null, with a line that says why, where the questions are too few for one. */
async function trainOrSay(client: Client, { tick }: Deployment): Promise<number | null> {
  try {
    return (await train(client, { tick })).version ?? 0;
  } catch (error) {
    if (!(error instanceof TrainingError)) throw error;
    say(pc.red(error.message));
    print('The regions learned nothing together: plain search answers, and the next start trains again.\n');
    return null;
  }
}

/** A log of `length` questions: the samples' wordings as people would have typed them. */
function simulated<T extends { record: { query: string; id?: string | undefined } }>(
  records: T[],
  length: number,
): T[] {
  const wordings = records.map((entry) => ({ entry, text: entry.record.query }));
  const log = simulateLog(wordings, { seed: LOG_SEED, records: length });
  return log.map(({ entry, text }, i) => ({
    ...entry,
    record: { ...entry.record, query: text, id: `${entry.record.id}~${i}` },
  }));
}

/** Asks every test question, or takes what an earlier start was answered. */
async function answers(given: {
  client: Client;
  queries: TestQuery[];
  name: string;
  version: number;
  asking: Asking;
  state: KeptState;
  keep: () => Promise<void>;
}): Promise<AnsweredQuery[]> {
  const { client, queries, name, version, asking, state, keep } = given;
  let kept = entryOf(state.answers, name);
  if (kept === undefined) {
    const bar = progress(`asking: ${name}`, queries.length);
    const asked = await askAll(client, queries, version, bar, asking);
    bar.end(`${queries.length} test questions`);
    kept = Object.fromEntries(asked.map(({ id, ranked }) => [id, ranked]));
    state.answers[name] = kept;
    await keep();
  }
  return queries.map((query) => ({ ...query, ranked: entryOf(kept, query.id) ?? [] }));
}

async function stayUp(deployment: Deployment): Promise<void> {
  print(`fedcar is up at ${pc.bold(deployment.url)} (Ctrl-C ends it; the next start goes on from here)

  ${deployment.url}/dashboard

  curl ${deployment.url}/v1/search -H 'content-type: application/json' -d '{"query": "when will my parcel arrive?"}'
`);
  const cron = setInterval(() => void deployment.tick().catch((error) => say(String(error))), CRON_MS);
  // Ctrl-C ends the process with its deployment.
  const failure = await deployment.failed;
  clearInterval(cron);
  throw failure;
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

try {
  await main(parseStartOptions(process.argv.slice(2)));
} catch (error) {
  const { name, message, stack } = error as Error;
  const expected = ['StartError', 'DatasetError', 'ApiError', 'RangeError'].includes(name);
  say(pc.red(expected ? message : (stack ?? message)));
  process.exitCode = 1;
}
