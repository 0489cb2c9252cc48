/**
 * The coordinator's methods as a participant's port: RPC carries numbers, JSON and byte strings as they are. A stub whose
 * object was reset stays broken for ever, so every call gets a new one; and a call that never returns would end all
 * alarms.
 */
import type { CoordinatorPort, Hub } from '../../shared/participant/coordinator-port.ts';
import type { coordinator } from '../names.ts';
import { inTime } from '../object-calls.ts';

/** How long the coordinator may take to answer. */
export const ANSWER_MS = 20_000;
/** How long an answer is held for the next instruction: what is not there by then comes with a call to wake up. */
const HOLD_MS = 2_000;

export function rpcPort(stub: () => ReturnType<typeof coordinator>): CoordinatorPort {
  // The stub's own types lose what RPC cannot describe.
  const call = <T>(method: (hub: Hub) => Promise<T>): Promise<T> =>
    inTime(() => method(stub() as unknown as Hub), ANSWER_MS);
  const held = (andNext = false) => (andNext ? HOLD_MS : undefined);
  return {
    poll: (participant) => call((hub) => hub.poll(participant)),
    report: (message, andNext) => call((hub) => hub.report(message, held(andNext))),
    putChunk: (header, bytes) => call((hub) => hub.putChunk(header, bytes)),
    arrived: (participant, round) => call((hub) => hub.arrived(participant, round)),
    putFrame: (participant, round, bytes, andNext) =>
      call((hub) => hub.putFrame(participant, round, bytes, held(andNext))),
    statePart: (key, part) => call((hub) => hub.statePart(key, part)),
    rowsSince: (after, limit) => call((hub) => hub.rowsSince(after, limit)),
    rowEmbeddings: (rows) => call((hub) => hub.rowEmbeddings(rows)),
  };
}
