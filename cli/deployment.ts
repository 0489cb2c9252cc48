/**
 * The whole system on this machine: workerd with the bundled Worker, its Durable Objects and its assets, kept in a
 * folder. Nothing here knows what the Worker does; everything else talks to it over HTTP as any user would.
 */
import { existsSync } from 'node:fs';
import { mkdir, rename } from 'node:fs/promises';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import {
  convertV4MiniflareOptions,
  Log,
  LogLevel,
  type V4WorkerOptions,
  type V4WorkerOptionsShape,
} from 'miniflare';
import { unstable_getMiniflareWorkerOptions } from 'wrangler';
import { keepRunning } from './keep-running.ts';
import { LogFile } from './log-file.ts';
import { endAtSignals } from './signals.ts';
import { StartError } from './start-error.ts';
import { lockState } from './state-lock.ts';
import { bundleWorker, PROJECT, type WorkerModule } from './worker-bundle.ts';
import { startWorkerd } from './workerd-run.ts';

/** How long requests in flight may take to end. */
const DRAIN_MS = 60_000;

export interface DeploymentOptions {
  /** Folder of the objects' storage, the bundle and the log; made when it is not there. */
  folder: string;
  /** Where it listens; this machine alone unless given. */
  host?: string;
  /** 0: any free port. */
  port?: number;
  /** The wrangler configuration; the project's own unless given. */
  config?: string;
  /** Variables and secrets beside those of wrangler.toml; development without a secret unless they say otherwise. */
  variables?: Record<string, string>;
  /** What a bench changes. */
  bench?: BenchOptions;
  /** Hears what a person should know: that workerd died, that the log is full. Standard error unless given. */
  say?(line: string): void;
  /** False where the caller ends it at SIGINT and SIGTERM; else it ends, and the process with it. */
  endsOnSignals?: boolean;
}

export interface BenchOptions {
  /** A bundle that was made before; its entry comes first. */
  modules?: WorkerModule[];
  /** Straight to the Worker: without the HTTP front that Miniflare puts before it, on any free port. */
  direct?: boolean;
  /** Opens the runtime's inspector. */
  inspect?: boolean;
}

export interface Deployment {
  /** Without a slash at the end. */
  readonly url: string;
  /** Where workerd and the Worker write what they log. */
  readonly logFile: string;
  /**
   * Runs the cron handler, as the platform does. Alarms live in memory here: after a restart it sets those of a run
   * that was on again.
   * @param at the time that the handler is given, milliseconds since 1970; now unless given
   */
  tick(at?: number): Promise<void>;
  /** Where the inspector listens. */
  inspector(): Promise<URL>;
  /** Resolves if workerd died over and over and is not started again; the folder is free by then. */
  failed: Promise<StartError>;
  /** Lets requests in flight end. May be called again. */
  stop(): Promise<void>;
}

/** Resolves when `port` can be listened on. @throws StartError when another process has it. */
export async function requireFreePort(port: number, host = '127.0.0.1'): Promise<void> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const busy = error.code === 'EADDRINUSE';
      const why = busy ? 'is in use by another program' : `cannot be used (${error.code ?? error.message})`;
      reject(new StartError(`port ${port} ${why}; choose one with --port`));
    });
    server.listen(port, host, () => resolve());
  });
  await new Promise<void>((resolve) => server.close(() => resolve()));
}

/** @throws StartError when another process has the folder or the port. */
export async function startDeployment(options: DeploymentOptions): Promise<Deployment> {
  await mkdir(options.folder, { recursive: true });
  const unlock = await lockState(options.folder);
  try {
    return await startLocked(options, unlock);
  } catch (error) {
    unlock();
    throw error;
  }
}

async function startLocked(options: DeploymentOptions, unlock: () => void): Promise<Deployment> {
  const { folder, port = 0, config = join(PROJECT, 'wrangler.toml'), variables = {}, bench = {} } = options;
  const { say = (line: string) => void process.stderr.write(`${line}\n`), endsOnSignals = true } = options;
  const { host = '127.0.0.1' } = options;
  if (port !== 0) await requireFreePort(port, host);
  await adoptObjects(folder);
  const modules = bench.modules ?? (await bundleWorker(join(folder, 'worker'), config));
  const log = new LogFile(join(folder, 'workerd.log'), { say });
  const onPort = (wanted: number) =>
    startWorkerd({
      options: (handleStructuredLogs) =>
        convertV4MiniflareOptions({
          ...workerOptions(config, modules, { FEDCAR_ENVIRONMENT: 'development', ...variables }),
          host,
          port: wanted,
          cf: false,
          ...(bench.inspect ? { inspectorPort: 0 } : {}),
          ...(bench.direct ? { unsafeDirectSockets: [{ host: '127.0.0.1', port: 0 }] } : {}),
          resourcePersistencePath: folder,
          log: new Log(LogLevel.NONE),
          handleStructuredLogs,
        }),
      log,
      direct: bench.direct === true,
    });
  const kept = await keepRunning(onPort, port, { say: (line) => say(`${line}; see ${log.path}`) });
  let stopping: Promise<void> | null = null;
  const stop = () => {
    stopping ??= (async () => {
      await kept.stop(DRAIN_MS);
      await log.close();
      unlock();
      letGo();
    })();
    return stopping;
  };
  const letGo = endsOnSignals ? endAtSignals(stop) : () => {};
  // The folder is free for whoever starts next.
  const failed = kept.failed.then(async (error) => {
    await stop();
    return error;
  });
  return {
    url: kept.url,
    logFile: log.path,
    tick: async (at) => (await kept.run()).tick(at),
    inspector: async () => (await kept.run()).inspector(),
    failed,
    stop,
  };
}

/** Objects lie in the folder `do`. Earlier versions kept them in `objects`, in the same form. */
async function adoptObjects(folder: string): Promise<void> {
  const [before, now] = [join(folder, 'objects'), join(folder, 'do')];
  if (existsSync(before) && !existsSync(now)) await rename(before, now);
}

/** Bindings and assets of the configuration, with the bundled modules instead of its entry. */
function workerOptions(
  config: string,
  modules: WorkerModule[],
  variables: Record<string, string>,
): V4WorkerOptions {
  // Variables are given here; those of .env are for wrangler dev and the tests, and wrangler would say that it uses them.
  process.env.CLOUDFLARE_LOAD_DEV_VARS_FROM_DOT_ENV ??= 'false';
  const { workerOptions }: { workerOptions: V4WorkerOptionsShape } =
    unstable_getMiniflareWorkerOptions(config);
  const { modulesRules: _rules, ...rest } = workerOptions;
  return {
    ...rest,
    bindings: { ...rest.bindings, ...variables },
    modules: modules.map(({ type, path }) => ({ type, path })),
    modulesRoot: dirname((modules[0] as WorkerModule).path),
  };
}
