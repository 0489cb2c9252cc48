/** Scoring alone: every row of a snapshot with a query, in workerd, by the processor time of its thread. */

import { PROJECT } from '../worker-bundle.ts';
import { startWorkerdSubject } from './subject-process.ts';
import type { ScoreCommand } from './subjects/score-worker.ts';

export interface Scoring {
  /** One query's scores of all rows. */
  score_ms: number;
  /** With the choice of the fifteen best items. */
  rank_ms: number;
  /** The scores as plain JavaScript computes them. */
  score_plain_ms: number;
  score_clock: 'processor' | 'wall';
}

const ROUNDS = 15;
const TIMES = 4;

export async function measureScoring(rows: number, width: number): Promise<Scoring> {
  const nothing = { read: () => Promise.reject(new Error('there is no artifact')) };
  const subject = await startWorkerdSubject('cli/bench/subjects/score-worker.ts', {
    root: PROJECT,
    model: nothing,
  });
  try {
    const median = async (what: ScoreCommand['do']) => {
      const times: number[] = [];
      for (let round = 0; round < ROUNDS; round++) {
        const before = subject.now();
        await subject.call({ do: what, rows, width, times: TIMES } satisfies ScoreCommand);
        times.push((subject.now() - before) / TIMES);
      }
      times.sort((a, b) => a - b);
      return Math.round(100 * times[ROUNDS >> 1]!) / 100;
    };
    // The runtime compiles its loops.
    await median('rank');
    return {
      score_ms: await median('kernel'),
      rank_ms: await median('rank'),
      score_plain_ms: await median('plain'),
      score_clock: subject.clock,
    };
  } finally {
    await subject.stop();
  }
}
