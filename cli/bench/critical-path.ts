/** How long a training run would take if every region had a machine of its own. */
import type { Round, Run } from '../../shared/protocol/api/run.ts';
import { entryOf } from '../../shared/protocol/names.ts';

/**
 * Here all regions share one thread, so that a round takes as long as all of their work together. Alone, the region with
 * most units would need its share of that, and the others would be done before:
 *
 *     Σ over rounds of  wall · max_r(units_r) / Σ_r units_r   +   time of the run outside of its rounds
 *
 * `units_r` is what the bench itself gave region r, over the regions that took part in the round; a round's wall goes from its
 * opening to the use of its sum, so that the coordinator's part of the secure sum is scaled down with it, and the time
 * between rounds is the coordinator's alone. Seconds; null when the run or a round of it has not ended.
 */
export function criticalPathS(
  run: Pick<Run, 'started_at' | 'ended_at' | 'rounds'>,
  units: Readonly<Record<string, number>>,
): number | null {
  if (run.ended_at === null) return null;
  let inside = 0;
  let slowest = 0;
  for (const round of run.rounds) {
    if (round.ended_at === null) return null;
    const wall = round.ended_at - round.started_at;
    inside += wall;
    slowest += wall * largestShare(round, units);
  }
  const outside = Math.max(0, run.ended_at - run.started_at - inside);
  return (slowest + outside) / 1000;
}

function largestShare({ participants }: Round, units: Readonly<Record<string, number>>): number {
  const present = Object.entries(participants)
    .filter(([, { phase }]) => phase === 'ready')
    .map(([name]) => entryOf(units, name) ?? 0);
  const all = present.reduce((sum, each) => sum + each, 0);
  return all === 0 ? 1 : Math.max(...present) / all;
}
