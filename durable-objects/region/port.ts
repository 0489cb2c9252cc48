/**
 * The coordinator's methods as a participant's port: RPC carries numbers, JSON and byte strings as they are. A stub whose
 * object was reset stays broken for ever, so every call gets a new one; and a call that never returns would end all
 * alarms.
 */
import type { CoordinatorPort } from '../../shared/participant/coordinator-port.ts';
import type { coordinator } from '../names.ts';
import { inTime } from '../reach.ts';

/** How long the coordinator may take to answer. */
export const ANSWER_MS = 20_000;

export function rpcPort(stub: () => ReturnType<typeof coordinator>): CoordinatorPort {
  // The stub's own types lose what RPC cannot describe.
  const call = <T>(method: (port: CoordinatorPort) => Promise<T>): Promise<T> =>
    inTime(() => method(stub() as unknown as CoordinatorPort), ANSWER_MS);
  return {
    poll: (participant) => call((port) => port.poll(participant)),
    report: (message) => call((port) => port.report(message)),
    putChunk: (header, bytes) => call((port) => port.putChunk(header, bytes)),
    arrived: (participant, round) => call((port) => port.arrived(participant, round)),
    putFrame: (participant, round, bytes) => call((port) => port.putFrame(participant, round, bytes)),
    statePart: (key, part) => call((port) => port.statePart(key, part)),
    rowsSince: (after, limit) => call((port) => port.rowsSince(after, limit)),
    rowEmbeddings: (rows) => call((port) => port.rowEmbeddings(rows)),
  };
}
