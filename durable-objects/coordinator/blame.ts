/**
 * Members that broke the protocol of a secure sum, as far as that is known: a dealer of bad parcels, a false accuser, one
 * whose messages were wrong. They are left out of the run's further rounds, and the collection's operator is told.
 */
import type { ParticipantFault } from '../../shared/protocol/api/participant.ts';
import type { SecaggCode } from '../../shared/secagg/errors.ts';
import type { ServerState } from '../../shared/secagg/server-state.ts';
import { Values } from '../values.ts';
import type { ActiveRun } from './run-store.ts';

/** Why, by name. */
export type Blamed = Record<string, string>;

const FAULTS = 'faults';
const PROVED: readonly SecaggCode[] = ['bad-share', 'false-accusation'];

/** Who is to blame in a sum that was aborted or released. */
export function blameOf({ abort, convicted, faults }: ServerState): Blamed {
  const names = [...new Set([...(abort?.blamed ?? []), ...convicted])].sort();
  return Object.fromEntries(
    names.map((name) => {
      const own = faults.filter(({ member }) => member === name);
      // What was proved says more than what went wrong in its wake.
      const fault = own.find(({ code }) => PROVED.includes(code)) ?? own.at(-1);
      return [name, fault === undefined ? (abort?.detail ?? 'unknown') : `${fault.code}, ${fault.detail}`];
    }),
  );
}

/** A sentence's end that names them; empty when there is nobody. */
export function spelled(blamed: Blamed): string {
  const each = Object.entries(blamed).map(([name, why]) => `${name} (${why})`);
  return each.length === 0 ? '' : `; left out from here on: ${each.join(', ')}`;
}

/** Keeps the last fault of each member for as long as the collection lives. */
export function noteFaults(storage: DurableObjectStorage, run: ActiveRun, blamed: Blamed, now: number): void {
  if (Object.keys(blamed).length === 0) return;
  const values = new Values(storage);
  const known = values.get<Record<string, ParticipantFault>>(FAULTS) ?? {};
  for (const [name, detail] of Object.entries(blamed)) {
    known[name] = { at: now, round: run.spec?.id ?? run.run, detail };
  }
  values.set(FAULTS, known);
}

export function faultOf(storage: DurableObjectStorage, name: string): ParticipantFault | null {
  return new Values(storage).get<Record<string, ParticipantFault>>(FAULTS)?.[name] ?? null;
}
