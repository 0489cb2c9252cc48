/**
 * Who runs the members of a roster, and against whom its sums protect. The members of one operator may all collude, also
 * with the coordinator, which is one operator's too: m has to bear the largest.
 */
import { DEPLOYMENT, type Roster } from '../protocol/secagg.ts';

/** How many members each operator has, the largest first. */
export function operatorsOf({ members }: Pick<Roster, 'members'>): { operator: string; members: number }[] {
  const counts = new Map<string, number>();
  for (const { operator } of members) counts.set(operator, (counts.get(operator) ?? 0) + 1);
  return [...counts]
    .map(([operator, count]) => ({ operator, members: count }))
    .sort((a, b) => b.members - a.members || (a.operator < b.operator ? -1 : 1));
}

/**
 * The least m: as agreed while one operator has all members, who has nobody to hide from; as soon as there is a second
 * one, all members of the largest operator may collude, and as many beside them as were agreed.
 */
export function leastColluders(roster: Pick<Roster, 'members'>, agreed: number): number {
  const [largest, second] = operatorsOf(roster);
  return second === undefined ? agreed : largest!.members + agreed;
}

export type Protection =
  /** One operator has all members: a sum guards the coordinator's storage, and nobody from the operator. */
  | 'storage'
  /** The members of each operator are protected from all others. */
  | 'operators';

export function protectionOf(roster: Pick<Roster, 'members'>): Protection {
  return operatorsOf(roster).length === 1 ? 'storage' : 'operators';
}

/** The same as a sentence. */
export function spelledProtection(roster: Pick<Roster, 'members' | 'colluders'>): string {
  const each = operatorsOf(roster).map(({ operator, members }) => {
    const name = operator === DEPLOYMENT ? 'the deployment' : operator;
    return members === 1 ? name : `${name} (${members} members)`;
  });
  if (each.length === 1) {
    return `All members are of ${each[0]}: the secure sum protects its storage, and nobody from the operator.`;
  }
  return (
    `Members are ${each.join(', ')}: the secure sum protects each operator's from the coordinator and from ` +
    `${roster.colluders} members that may collude with it, as many as the largest operator has and those agreed.`
  );
}
