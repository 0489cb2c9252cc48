/**
 * Members that broke the protocol of a secure sum, as far as that is known: a dealer of bad parcels, a false accuser, one
 * whose messages were wrong. They are left out of the run's further rounds, and the collection's operator is told.
 */
import type { ParticipantFault } from '../../shared/protocol/api/participant.ts';
import { entryOf } from '../../shared/protocol/names.ts';
import type { PrivacySettings } from '../../shared/protocol/privacy-settings.ts';
import { DEPLOYMENT, type Roster } from '../../shared/protocol/secagg.ts';
import type { SecaggCode } from '../../shared/secagg/errors.ts';
import { leastColluders } from '../../shared/secagg/operators.ts';
import { defaultThreshold } from '../../shared/secagg/roster.ts';
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

/**
 * What an operator has to do where those who are left are too few for this roster: whether a roster without the blamed
 * keeps the rules, and what else it takes.
 * @param agreed of the collection's settings
 */
export function remedyFor(
  { members, epoch }: Pick<Roster, 'members' | 'epoch'>,
  agreed: Pick<PrivacySettings, 'threshold' | 'colluders'>,
  blamed: Blamed,
): string {
  const out = members.filter(({ id }) => blamed[id] !== undefined);
  const own = out.filter(({ operator }) => operator === DEPLOYMENT).map(({ id }) => id);
  if (own.length > 0) {
    return `${own.join(', ')} of this deployment broke the protocol: see its log and restart it, then start another run`;
  }
  const names = out.map(({ id }) => id).join(' ');
  const left = members.filter(({ id }) => blamed[id] === undefined);
  const colluders = leastColluders({ members: left }, agreed.colluders);
  const threshold = Math.max(agreed.threshold ?? 0, defaultThreshold(left.length, colluders));
  const remove = `remove who was left out (fedcar participants remove ${names}), sign roster ${epoch + 1}, and start another run`;
  if (left.length >= 2 && threshold <= left.length)
    return `${remove}: of those left ${threshold} of ${left.length} are needed`;
  const more = missing(left, agreed);
  return `no sum protects the ${left.length} that are left, of whom ${colluders} may collude: invite ${more} more, then ${remove}`;
}

/** How many participants, each an operator of its own, have to join these members before some threshold is valid. */
function missing(left: Roster['members'], agreed: Pick<PrivacySettings, 'threshold' | 'colluders'>): number {
  for (let more = 1; ; more++) {
    const joined = Array.from({ length: more }, (_, i) => ({ id: `${i}`, key: '', operator: `joined-${i}` }));
    const members = [...left, ...joined];
    const threshold = defaultThreshold(members.length, leastColluders({ members }, agreed.colluders));
    if (members.length >= 2 && Math.max(agreed.threshold ?? 0, threshold) <= members.length) return more;
  }
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

/** When participants last spoke, and what they did wrong, by name. */
export function standingOf(
  names: readonly string[],
  participants: { seenAt(name: string): number | null },
  storage: DurableObjectStorage,
) {
  const faults = new Values(storage).get<Record<string, ParticipantFault>>(FAULTS) ?? {};
  return Object.fromEntries(
    names.map((name) => [
      name,
      { last_seen_at: participants.seenAt(name), fault: entryOf(faults, name) ?? null },
    ]),
  );
}
