/**
 * The participant's loop: one bounded step after the other, waits as it is told, goes on after lost connections. What
 * a step has not saved is done again, so that the process may end at any line.
 */
import { ConnectionError, HubError } from '../../shared/participant/http-port.ts';
import type { Participant } from '../../shared/participant/participant.ts';
import type { Job } from '../../shared/participant/shard-store.ts';
import { ProtocolError } from '../../shared/secagg/errors.ts';
import type { FileShard } from './file-shard.ts';

export interface ServiceOptions {
  participant: Pick<Participant, 'step'>;
  /** Takes over the rosters since; called at the start and every few minutes. */
  follow: () => Promise<void>;
  now: () => number;
  shard: Pick<FileShard, 'job' | 'rounds'>;
  /** Ends after so many rounds of this process. */
  rounds?: number | undefined;
  /** Ends with the run that is on, or the next one. */
  once: boolean;
  /** Milliseconds between questions while no run is on. */
  idleMs: number;
  pause: (ms: number) => Promise<void>;
  /** True when the process should end; the step under way is finished first. */
  stopping: () => boolean;
  /** Told after every step. */
  onStep?: (job: Job | null) => void;
  /** Told of what went wrong and will be tried again. */
  onTrouble?: (message: string, waitMs: number) => void;
}

export type Ended = 'stopped' | 'rounds' | 'run over';

/** Invites carry a few rosters: more are not signed in this time. */
const FOLLOW_MS = 600_000;
const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 60_000;

/**
 * @throws HubError when the service refuses for good: the membership is over, or the clock is wrong
 */
export async function serve(options: ServiceOptions): Promise<Ended> {
  const { participant, shard, follow, now, rounds, once, idleMs, pause } = options;
  const before = shard.rounds;
  let wait = FIRST_WAIT_MS;
  let worked = false;
  let followedAt = Number.NEGATIVE_INFINITY;
  while (!options.stopping()) {
    let after: number | null;
    try {
      if (now() - followedAt >= FOLLOW_MS) {
        await follow();
        followedAt = now();
      }
      after = await participant.step();
      wait = FIRST_WAIT_MS;
    } catch (error) {
      if (!passes(error)) throw error;
      options.onTrouble?.((error as Error).message, wait);
      await pause(wait);
      wait = Math.min(2 * wait, LONGEST_WAIT_MS);
      continue;
    }
    const job = shard.job();
    options.onStep?.(job);
    worked ||= job !== null;
    if (rounds !== undefined && job === null && shard.rounds - before >= rounds) return 'rounds';
    if (after === null && once && worked) return 'run over';
    if (after !== 0) await pause(after ?? idleMs);
  }
  return 'stopped';
}

/** What the service or the network may do better next time. */
function passes(error: unknown): boolean {
  if (error instanceof ConnectionError || error instanceof ProtocolError) return true;
  return error instanceof HubError && error.status !== 401 && error.status !== 403;
}
