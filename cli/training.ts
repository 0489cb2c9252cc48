/** A training run as its operator sees it: start it, watch its rounds, get its outcome. */
import { setTimeout as sleep } from 'node:timers/promises';
import { ApiError, type Client } from '../client/client.ts';
import type { Round, Run } from '../shared/protocol/api/run.ts';
import type { Progress } from './progress.ts';

/** Between two looks. */
const LOOK_MS = 500;
/** So many regions are named one by one. */
const FEW = 4;

/** Starts a run, or joins the one that is on: after a restart the old one goes on. */
export async function startRun(client: Client): Promise<Run> {
  try {
    return await client.call('POST /rounds');
  } catch (error) {
    if (!(error instanceof ApiError) || error.code !== 'run_in_progress') throw error;
    const { runs } = await client.call('GET /rounds', { query: { limit: 1 } });
    return runs[0]!;
  }
}

/**
 * Watches until the run has ended, with a look every `lookMs` milliseconds.
 * @param onPoll called between looks, for whoever has a cron to keep going
 */
export async function watchRun(
  client: Client,
  id: string,
  progress: Progress,
  onPoll: (report: Run) => Promise<void> = async () => {},
  lookMs = LOOK_MS,
): Promise<Run> {
  for (;;) {
    const report = await client.call('GET /rounds/{run}', { params: { run: id } });
    if (report.planned !== null) progress.total(report.planned);
    progress.update(report.finished, describe(report));
    await onPoll(report);
    if (report.state !== 'running') return report;
    await sleep(lookMs);
  }
}

/** The present round in a few words: how far the regions are, and the loss so far. */
export function describe(report: Run): string {
  const now = report.rounds.findLast((round) => round.ended_at === null);
  const measured = report.rounds.findLast((round) => round.loss !== null);
  const words: string[] = [];
  if (measured?.loss != null) words.push(`loss ${measured.loss.toFixed(3)}`);
  if (now !== undefined) words.push(`${now.kind} round: ${regionsOf(now)}`);
  return words.join(' · ');
}

/** Each region where they are few; else how many are ready. */
function regionsOf({ participants }: Round): string {
  const all = Object.entries(participants);
  if (all.length > FEW) {
    return `${all.filter(([, { phase }]) => phase === 'ready').length} of ${all.length} regions ready`;
  }
  return all.map(([name, { phase }]) => `${name} ${phase === 'working' ? 'at work' : phase}`).join(', ');
}
