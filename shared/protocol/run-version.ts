/**
 * Which code a run under way belongs to. What is stored of a run, its round, and each participant's part in it is read
 * by the code that wrote it and by no other: a run that an upgrade came upon ends with a sentence that says so, what
 * participants had done for it is dropped, and the next run starts afresh. Nothing of a round that was not finished has
 * been released, and its serial is not used again.
 */
import { ROSTER_VERSION, SECAGG_PROTOCOL } from './secagg.ts';

/** Raised by every change of what stands in rounds.ts, `ActiveRun`, `RoundState`, `Job`, or the steps between them. */
const RUN_STATE = 9;

export const RUN_VERSION = `${SECAGG_PROTOCOL} roster/${ROSTER_VERSION} run/${RUN_STATE}`;

/** Why a run ended that an earlier or later release began. */
export const UPGRADED =
  'the service was upgraded while the run was on; nothing of it was released, and the next run starts afresh';
