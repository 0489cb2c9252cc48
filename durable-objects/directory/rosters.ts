/**
 * Which roster a collection should have, and what settings must fit for it. Pure: who signs and where rosters are kept
 * is the business of federations.ts.
 */

import {
  type AnyRoster,
  DEPLOYMENT,
  type EarlierRoster,
  MemberId,
  ROSTER_VERSION,
  type Roster,
} from '../../shared/protocol/secagg.ts';
import type { CollectionSettings } from '../../shared/protocol/settings.ts';
import { settingsConflicts } from '../../shared/protocol/settings-conflicts.ts';
import { planNoise } from '../../shared/round/noise-plan.ts';
import { isSecure } from '../../shared/round/secure-round.ts';
import { ProtocolError } from '../../shared/secagg/errors.ts';
import { leastColluders, operatorsOf } from '../../shared/secagg/operators.ts';
import { checkRoster, defaultThreshold, isPresent, rosterHash } from '../../shared/secagg/roster.ts';

export interface Member {
  id: string;
  /** Ed25519, base64url. */
  key: string;
}

export interface OperatedMember extends Member {
  operator: string;
}

export type Wanted =
  /** Sums are plain: by the settings, or because one region alone has nobody to hide among. */
  | { kind: 'none' }
  /** No roster can be made of these members. */
  | { kind: 'problem'; problem: string }
  | { kind: 'roster'; roster: Roster };

/** The roster that should follow `last`; `last` itself when nothing has changed, its form included. */
export function rosterWanted(
  collection: string,
  settings: CollectionSettings,
  members: readonly OperatedMember[],
  last: AnyRoster | null,
): Wanted {
  const { privacy, regions, regionsTrain } = settings;
  const alone = regionsTrain && regions.length === 1 && members.length === 1;
  if (members.length === 0) return { kind: 'problem', problem: 'participants: nobody trains here yet' };
  if (privacy.aggregation === 'plain' || alone) return { kind: 'none' };
  if (members.length === 1) {
    return { kind: 'problem', problem: 'participants: 1 has nobody to hide among, at least 2 are needed' };
  }
  const colluders = leastColluders({ members: [...members] }, privacy.colluders);
  const roster: Roster = {
    version: ROSTER_VERSION,
    collection,
    epoch: last === null ? 0 : last.epoch + 1,
    previous: last === null ? null : rosterHash(last),
    members: [...members].sort((a, b) => (a.id < b.id ? -1 : 1)),
    // More members than the settings were made for need a higher threshold.
    threshold: Math.max(privacy.threshold ?? 0, defaultThreshold(members.length, colluders)),
    colluders,
  };
  if (last !== null && isPresent(last) && sameContent(last, roster)) return { kind: 'roster', roster: last };
  const problem = rosterProblem(roster);
  return problem === null ? { kind: 'roster', roster } : { kind: 'problem', problem };
}

/** Epoch 0 by the rules of the time when it was not kept. */
export function unkeptRoster(
  { collection, members }: Roster,
  { privacy }: CollectionSettings,
): EarlierRoster {
  const { threshold, colluders } = privacy;
  return {
    collection,
    epoch: 0,
    previous: null,
    members: members.map(({ id, key }) => ({ id, key })),
    threshold: threshold ?? Math.floor((2 * members.length) / 3) + 1,
    colluders,
  };
}

function sameContent(a: Roster, b: Roster): boolean {
  const content = ({ members, threshold, colluders }: Roster) =>
    JSON.stringify([members.map(({ id, key, operator }) => [id, key, operator]), threshold, colluders]);
  return content(a) === content(b);
}

function rosterProblem(roster: Roster): string | null {
  const [largest, ...others] = operatorsOf(roster);
  const { members, colluders } = roster;
  if (colluders >= members.length && others.length > 0) {
    const agreed = colluders - largest!.members;
    const beside = members.length - largest!.members;
    const fewer = `one made with privacy.colluders: ${beside - 1} trusts that no more collude`;
    return (
      `participants: no threshold protects the members beside the ${largest!.members} of ${largest!.operator}, who may ` +
      `all collude, and ${agreed} more as agreed: there have to be at least ${agreed + 1} of other operators, and there ` +
      `are ${beside}. Invite more participants, or make a collection whose own regions do not train (regionsTrain: false)` +
      `; ${fewer}`
    );
  }
  try {
    checkRoster(roster);
    return null;
  } catch (error) {
    if (error instanceof ProtocolError) return error.detail;
    throw error;
  }
}

/**
 * Why no collection can have these settings although each of them is well formed; null when one can.
 * @param before those that it has, whose contradictions may stay: there were times when nobody looked
 */
export function settingsProblem(
  settings: CollectionSettings,
  before: CollectionSettings | null,
): string | null {
  const { regions, regionsTrain, privacy, retentionDays } = settings;
  const twice = regions.find((name, index) => regions.indexOf(name) !== index);
  if (twice !== undefined) return `settings.regions: ${twice} is there twice`;
  const foreign = regions.find((name) => !MemberId.safeParse(name).success);
  if (foreign !== undefined) return `settings.regions: ${foreign} is no name of a member`;
  const known = before === null ? [] : settingsConflicts(before);
  const conflict = settingsConflicts(settings).find((each) => !known.includes(each));
  if (conflict !== undefined) return `settings.${conflict}`;
  try {
    if (regionsTrain && isSecure(settings)) {
      const ids = [...regions].sort();
      checkRoster({
        version: ROSTER_VERSION,
        collection: 'any',
        epoch: 0,
        previous: null,
        members: ids.map((id) => ({ id, key: id, operator: DEPLOYMENT })),
        threshold: privacy.threshold ?? defaultThreshold(ids.length),
        colluders: privacy.colluders,
      });
    }
    if (privacy.noise === 'on') planNoise(privacy, retentionDays);
    return null;
  } catch (error) {
    if (error instanceof ProtocolError || error instanceof RangeError)
      return `settings.privacy: ${error.message}`;
    throw error;
  }
}
