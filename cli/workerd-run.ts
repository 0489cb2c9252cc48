/**
 * One life of workerd under Miniflare, from its start to its end. Whoever starts it hears when it dies by itself, and
 * lets it go with its requests: on SIGTERM workerd takes no more and ends when the last one has its answer.
 */
import { Miniflare } from 'miniflare';
import type { LogFile } from './log-file.ts';
import { rememberListeners } from './signals.ts';
import { isAlive, workerdProcesses } from './workerd-processes.ts';

type MiniflareOptions = ConstructorParameters<typeof Miniflare>[0];
type HandleLogs = NonNullable<MiniflareOptions['handleStructuredLogs']>;

export interface WorkerdOptions {
  /** Miniflare's options, given what takes the lines that workerd and the Worker write. */
  options(handleStructuredLogs: HandleLogs): MiniflareOptions;
  log: LogFile;
  /** Straight to the Worker, past Miniflare's HTTP front. */
  direct: boolean;
}

export interface WorkerdRun {
  url: string;
  tick(at?: number): Promise<void>;
  inspector(): Promise<URL>;
  /** Resolves when the process has ended, by itself or by `stop`. */
  ended: Promise<void>;
  /** Lets requests in flight end, for up to `drainMs`; 0: ends at once. */
  stop(drainMs: number): Promise<void>;
}

/** Between looks whether it still runs. */
const WATCH_MS = 500;
/** Between looks at a process that is ending. */
const LOOK_MS = 50;

export async function startWorkerd({ options, log, direct }: WorkerdOptions): Promise<WorkerdRun> {
  const known = new Set(workerdProcesses());
  let noteEnd = () => {};
  const ended = new Promise<void>((resolve) => {
    noteEnd = resolve;
  });
  // Miniflare ends the process at a signal, and workerd with it: whoever runs it decides.
  const forgetAdded = rememberListeners();
  const miniflare = new Miniflare(options(({ message }) => log.write(`${message}\n`)));
  const dispose = async () => {
    await miniflare.dispose().catch(() => {});
    noteEnd();
  };
  try {
    const front = await miniflare.ready;
    forgetAdded();
    const url = (direct ? await miniflare.unsafeGetDirectURL() : front).origin;
    const worker = await miniflare.getWorker();
    const own = workerdProcesses().filter((pid) => !known.has(pid));
    watchProcesses(own, noteEnd);
    return {
      url,
      tick: async (at) => {
        const time = at === undefined ? {} : { scheduledTime: new Date(at) };
        await worker.scheduled({ cron: '*/15 * * * *', ...time });
      },
      inspector: () => miniflare.getInspectorURL(),
      ended,
      async stop(drainMs) {
        if (drainMs > 0) await drain(own, drainMs);
        await dispose();
      },
    };
  } catch (error) {
    await dispose();
    throw error;
  }
}

/** Calls `gone` once none of the processes is there; the streams of one that was killed may stay open. */
function watchProcesses(processes: readonly number[], gone: () => void): void {
  if (processes.length === 0) return;
  const timer = setInterval(() => {
    if (processes.some(isAlive)) return;
    clearInterval(timer);
    gone();
  }, WATCH_MS);
  timer.unref();
}

async function drain(processes: readonly number[], ms: number): Promise<void> {
  for (const pid of processes) {
    try {
      process.kill(pid, 'SIGTERM');
    } catch {
      // It has ended meanwhile.
    }
  }
  const until = Date.now() + ms;
  while (processes.some(isAlive) && Date.now() < until) {
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}
