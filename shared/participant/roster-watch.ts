/**
 * Who is in the rosters that a participant is asked to work under: every change is told with fingerprints, and limits of
 * the participant's own are held. The admin key says who the members are; whether they are as many people as names is for
 * the participant's operator to judge.
 */
import { fromBase64Url } from '../crypto/bytes.ts';
import { fingerprint } from '../crypto/fingerprint.ts';
import { DEPLOYMENT, type Roster } from '../protocol/secagg.ts';
import { spelledProtection } from '../secagg/operators.ts';
import { rosterChanges } from '../secagg/roster.ts';
import type { Kept } from './round-guard.ts';

export interface RosterLimits {
  maxMembers?: number | undefined;
  /** Names or fingerprints of those who may be in it, beside oneself; undefined: anybody. */
  only?: readonly string[] | undefined;
}

export interface RosterWatchDeps {
  self: string;
  limits: RosterLimits;
  /** The last one that was told. */
  told: Kept<Roster>;
  tell: (line: string) => void;
}

const NOBODY = { epoch: -1, members: [] };

export class RosterWatch {
  readonly #deps: RosterWatchDeps;

  constructor(deps: RosterWatchDeps) {
    this.#deps = deps;
  }

  /** Tells what changed since the last one. @returns why the participant does not work under this roster, or null */
  meet(roster: Roster): string | null {
    const { told, tell } = this.#deps;
    const before = told.get();
    const problem = this.#problem(roster);
    if (before !== null && before.epoch >= roster.epoch) return problem;
    for (const line of changes(before ?? { ...roster, ...NOBODY }, roster)) tell(line);
    tell(spelledProtection(roster));
    if (problem !== null) tell(problem);
    told.set(roster);
    return problem;
  }

  #problem({ epoch, members }: Roster): string | null {
    const { self, limits } = this.#deps;
    const { maxMembers = Number.POSITIVE_INFINITY, only } = limits;
    if (members.length > maxMembers)
      return `roster of epoch ${epoch}: ${members.length} members where at most ${maxMembers} are taken (max-members)`;
    const stranger = members.find(
      ({ id, key }) =>
        id !== self && only !== undefined && !only.includes(id) && !only.includes(printOf(key)),
    );
    if (stranger === undefined) return null;
    return `roster of epoch ${epoch}: ${stranger.id}, ${printOf(stranger.key)}, is not among those taken (only)`;
  }
}

const printOf = (key: string): string => fingerprint(fromBase64Url(key, 32));

function changes(before: Roster, after: Roster): string[] {
  const { added, removed } = rosterChanges(before, after);
  const named = (sign: string, ids: string[], members: Roster['members']) =>
    members
      .filter(({ id }) => ids.includes(id))
      .map(({ id, key, operator }) => {
        const by = operator === id ? '' : ` of ${operator === DEPLOYMENT ? 'the deployment' : operator}`;
        return `  ${sign} ${id}${by} ${printOf(key)}`;
      });
  const { epoch, members, threshold, colluders } = after;
  return [
    `roster of epoch ${epoch}: ${members.length} members, sums of at least ${threshold}, ${colluders} may collude`,
    ...named('+', added, members),
    ...named('-', removed, before.members),
  ];
}
