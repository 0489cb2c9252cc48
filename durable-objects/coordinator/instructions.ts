/**
 * Instructions that are waited for: the answer to a participant is held until there is something for it to do, or its
 * time is over. What it reported is stored before that, so an answer that never arrives loses nothing: the report may
 * be repeated, and a poll brings the same instruction.
 */
import type { Ack } from '../../shared/protocol/fl.ts';
import type { Instruction } from '../../shared/protocol/rounds.ts';
import type { CoordinatorWiring } from './wiring.ts';

type Deps = Pick<CoordinatorWiring, 'roundService' | 'participants'>;

/** What to do now, after up to `waitMs` milliseconds while a run is on. */
export async function instructionFor(deps: Deps, participant: string, waitMs: number): Promise<Instruction> {
  const first = await (await deps.roundService()).poll(participant);
  if (first.do !== 'wait' || first.ms === 0 || waitMs === 0) return first;
  await deps.participants.untilWoken(participant, waitMs);
  const then = await (await deps.roundService()).poll(participant);
  // A region is woken; whoever comes from outside has to ask, and was held long enough.
  const asksAgain = then.do === 'wait' && then.ms > 0 && deps.participants.isOutside(participant);
  return asksAgain ? { ...then, ms: 1 } : then;
}

/** The answer to what a participant sent in, with its next instruction where it asked for that. */
export async function withInstruction(
  deps: Deps,
  ack: Ack,
  participant: string,
  waitMs: number | undefined,
): Promise<Ack> {
  if (!ack.current || waitMs === undefined) return ack;
  return { ...ack, next: await instructionFor(deps, participant, waitMs) };
}
