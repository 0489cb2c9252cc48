/**
 * Starts workerd again when it dies: at once the first time, then after ever longer pauses, and not for ever. A life of
 * a minute makes up for the deaths before it.
 */
import { StartError } from './start-error.ts';
import type { WorkerdRun } from './workerd-run.ts';

/** Pauses before the starts after the first, second, … death in a row; after the last one it stays down. */
const PAUSES_MS = [0, 1_000, 2_000, 4_000, 8_000];
const LONG_LIFE_MS = 60_000;

export interface KeptRunning {
  readonly url: string;
  /** The one that runs, or is being started. */
  run(): Promise<WorkerdRun>;
  /** Resolves when it is not started again any more. */
  failed: Promise<StartError>;
  stop(drainMs: number): Promise<void>;
}

export interface KeepRunningOptions {
  say(line: string): void;
  now?(): number;
  pause?(ms: number): Promise<void>;
}

/** @param start on a port; 0: any, and the same one from then on */
export async function keepRunning(
  start: (port: number) => Promise<WorkerdRun>,
  port: number,
  {
    say,
    now = () => Date.now(),
    pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
  }: KeepRunningOptions,
): Promise<KeptRunning> {
  let starting = start(port);
  let current: WorkerdRun | null = await starting;
  const { url } = current;
  const samePort = Number(new URL(url).port);
  let stopped = false;
  const watch = async (): Promise<StartError> => {
    for (let deaths = 0; ; ) {
      const began = now();
      await current?.ended;
      if (stopped) return await new Promise<never>(() => {});
      if (now() - began >= LONG_LIFE_MS) deaths = 0;
      await current?.stop(0);
      current = null;
      const wait = PAUSES_MS[deaths];
      deaths += 1;
      if (wait === undefined) {
        say(`workerd ended ${deaths} times in a row`);
        return new StartError(`workerd ended ${deaths} times in a row and is not started again`);
      }
      say(`workerd ended; it is started again${wait > 0 ? ` in ${wait / 1000} s` : ''}`);
      await pause(wait);
      if (stopped) return await new Promise<never>(() => {});
      try {
        starting = start(samePort);
        current = await starting;
        // Alarms lie in memory: the cron handler sets those of a run again.
        if (!stopped) await current.tick().catch(() => {});
      } catch (error) {
        say(`workerd did not start: ${(error as Error).message.split('\n')[0]}`);
      }
    }
  };
  const failed = watch();
  return {
    url,
    run: () => starting,
    failed,
    async stop(drainMs) {
      stopped = true;
      const last = await starting.catch(() => null);
      await last?.stop(drainMs);
      current = null;
    },
  };
}
