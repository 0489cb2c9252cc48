/**
 * A hub that trains with regions of its own beside participants from outside, and plays the coordinator too: it tells one
 * honest member that another lives and a second one that it dropped, and its own regions sign both.
 */
import { describe } from 'vitest';
import { rosterWanted } from '../../durable-objects/directory/rosters.ts';
import { DEPLOYMENT, ROSTER_VERSION, SECAGG_PROTOCOL } from '../../shared/protocol/secagg.ts';
import { CollectionSettings } from '../../shared/protocol/settings.ts';
import { operatorsOf, spelledProtection } from '../../shared/secagg/operators.ts';
import { checkRoster } from '../../shared/secagg/roster.ts';
import { cohort } from '../unit/shared/secagg/cohort.ts';
import { Driver } from '../unit/shared/secagg/driver.ts';
import { attack, refusalOf } from './outcome.ts';

/** Four regions of the deployment, as by default, and guests that are each their own operator. */
const membersWith = (guests: number) =>
  Array.from({ length: 4 + guests }, (_, i) => ({
    id: `region-${String(i).padStart(3, '0')}`,
    key: `${'A'.repeat(42)}${'AEIMQUYcgk'[i]}`,
    operator: i < 4 ? DEPLOYMENT : `clinic-${i}`,
  }));

const wantedWith = (guests: number) =>
  rosterWanted('help', CollectionSettings.parse({}), membersWith(guests), null);

describe('four regions of the hub', () => {
  attack(
    'beside three clinics, two lists of survivors of which each gets enough signatures',
    'n = 7, t = 7, m = 5; refused, below-threshold: survivors: 6 is below 7',
    async () => {
      const wanted = wantedWith(3);
      if (wanted.kind !== 'roster') return wanted.kind;
      const { threshold, colluders } = wanted.roster;
      const members = membersWith(3);
      const group = await cohort(7, { threshold, colluders });
      const driver = await Driver.open(group).until('consistency');
      const all = driver.ids;
      const victim = all[4]!;
      const { parametersHash } = driver.context;
      const lists = { survivors: all.filter((id) => id !== victim), dropped: [victim] };
      const lie = { kind: 'survivors', protocol: SECAGG_PROTOCOL, parametersHash, ...lists };
      const told = await refusalOf(driver.answer(all[5]!, lie));
      return `n = ${members.length}, t = ${threshold}, m = ${colluders}; ${told}`;
    },
  );

  attack(
    'beside one clinic, which nothing would protect',
    /^no roster: participants: no threshold protects .* at least 2 of other operators, and there are 1\. Invite more .*regionsTrain: false\); one made with privacy\.colluders: 0 /,
    async () => {
      const wanted = wantedWith(1);
      return wanted.kind === 'problem' ? `no roster: ${wanted.problem}` : wanted.kind;
    },
  );

  attack(
    'in a roster that a careless admin signed with m = 1',
    'refused, roster: colluders: 1 is below the 4 members of @deployment, which all may collude',
    async () => {
      const roster = { version: ROSTER_VERSION, collection: 'help', epoch: 0, previous: null } as const;
      const members = membersWith(3);
      return refusalOf((async () => checkRoster({ ...roster, members, threshold: 5, colluders: 1 }))());
    },
  );

  attack('alone', /^1 operator, m = 1; .* and nobody from the operator\.$/, async () => {
    const wanted = wantedWith(0);
    if (wanted.kind !== 'roster') return wanted.kind;
    const { roster } = wanted;
    return `${operatorsOf(roster).length} operator, m = ${roster.colluders}; ${spelledProtection(roster)}`;
  });
});
