/** `npm run bench -- NAME [flags]`, and `fedcar bench`: every bench in its own file, loaded when it is asked for. */

import { pathToFileURL } from 'node:url';
import { CommanderError } from 'commander';
import { entryOf } from '../../shared/protocol/names.ts';

type Bench = (args: string[]) => Promise<void>;

const BENCHES: Record<string, { what: string; load: () => Promise<Bench> }> = {
  accuracy: {
    what: 'ingest, federated training and evaluation of a BEIR folder, through HTTP',
    load: async () => (await import('./accuracy.ts')).benchAccuracy,
  },
  serve: {
    what: 'latency, cost, cold start and memory of /v1/search at 150 to 50,000 rows',
    load: async () => (await import('./serve.ts')).benchServe,
  },
  scale: {
    what: 'a collection of many made-up passages: ingest, cost and recall of searches, sizes, one upload',
    load: async () => (await import('./scale.ts')).benchScale,
  },
  peers: {
    what: 'Orama, transformers.js, faiss and usearch beside this service: time, recall, memory',
    load: async () => (await import('./peers/peers.ts')).benchPeers,
  },
  'search-during-training': {
    what: 'latency of /v1/search while regions train',
    load: async () => (await import('./search-during-training.ts')).benchSearchDuringTraining,
  },
  read: {
    what: 'reading 10,000 pages of five formats and splitting them into passages',
    load: async () => (await import('./read.ts')).benchRead,
  },
  engine: {
    what: 'tokens/s, latency and memory of the engine in workerd and Node',
    load: async () => (await import('./engine.ts')).benchEngine,
  },
  secagg: {
    what: 'time and bytes of a secure aggregation round',
    load: async () => (await import('./secagg.ts')).benchSecagg,
  },
  federation: {
    what: 'the same training in one place and over several participants: time, protocol, bytes',
    load: async () => (await import('./federation.ts')).benchFederation,
  },
  convergence: {
    what: 'a picture of the curves that accuracy benches printed',
    load: async () => (await import('./convergence.ts')).benchConvergence,
  },
  audit: {
    what: 'what an attacker learns about one unit, against the privacy claimed',
    load: async () => (await import('./audit/audit.ts')).benchAudit,
  },
};

/** @param command how the user called it. @returns the exit status: 1 when the bench failed, 2 for a wrong flag */
export async function runBench([name, ...args]: string[], command = 'npm run bench --'): Promise<number> {
  const bench = name === undefined ? undefined : entryOf(BENCHES, name);
  if (bench === undefined) {
    const list = Object.entries(BENCHES).map(([key, { what }]) => `  ${key.padEnd(24)}${what}`);
    const asked =
      name === undefined || name === '--help' || name === '-h' ? '' : `There is no bench ${name}.\n`;
    // Help that was asked for is what the command is for; after a mistake it goes with the error.
    const output = asked === '' ? process.stdout : process.stderr;
    output.write(`${asked}${command} NAME [flags]\n\n${list.join('\n')}\n`);
    return asked === '' ? 0 : 2;
  }
  try {
    await (await bench.load())(args);
    return Number(process.exitCode ?? 0);
  } catch (error) {
    // It has written what is wrong, or the help that was asked for.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    const missing = /^Cannot find package '([^']+)'/.exec((error as Error).message)?.[1];
    if (missing !== undefined) {
      process.stderr.write(`bench ${name}: needs the package ${missing}; npm install ${missing}\n`);
      return 1;
    }
    const expected = ['DatasetError', 'StartError', 'ApiError', 'RangeError', 'TrainingError'];
    const { name: kind, message, stack } = error as Error;
    process.stderr.write(`bench ${name}: ${expected.includes(kind) ? message : (stack ?? message)}\n`);
    return 1;
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  process.exitCode = await runBench(process.argv.slice(2));
}
