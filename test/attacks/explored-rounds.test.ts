/**
 * All that a coordinator can do in small rounds: every list for every member, rounds begun again, members that collude
 * and operators, against the shipped guard, roster rules and member's step (docs/protocol.md, "Explored"). Each rule is
 * also taken out, to see that the exploration finds what it prevents.
 */
import { describe, vi } from 'vitest';
import type { Roster } from '../../shared/protocol/secagg.ts';
import { ROSTER_VERSION } from '../../shared/protocol/secagg.ts';
import { clientStep } from '../../shared/secagg/client-step.ts';
import { operatorsOf } from '../../shared/secagg/operators.ts';
import { checkRoster } from '../../shared/secagg/roster.ts';
import { type Exploration, type Explored, explore } from './exploration/explore.ts';
import { lost, repeatedVector } from './exploration/knowledge.ts';
import { type Keeping, Members, type Size, type Step, shippedStep } from './exploration/members.ts';
import { attack } from './outcome.ts';

const BINDING = '../../shared/secagg/binding.ts';

/** Members whose masks and shares name no attempt; modules that other tests have loaded are not theirs. */
async function withoutAttempts(
  work: (members: typeof import('./exploration/members.ts')) => Promise<string>,
) {
  vi.resetModules();
  vi.doMock(BINDING, async (original) => ({
    ...(await original<typeof import('../../shared/secagg/binding.ts')>()),
    attemptOf: () => 'A'.repeat(43),
  }));
  try {
    return await work(await import('./exploration/members.ts'));
  } finally {
    vi.doUnmock(BINDING);
    vi.resetModules();
  }
}

const FOUR: Size = { members: 4, threshold: 3, colluders: 1 };
/** What was joined is not kept, as it is for whoever is put back to a backup of before. */
const forgets: Keeping = () => null;
/** Answers every list of survivors, from the shares that it held before the first. */
const signsAgain: Step = (before, message, env) => {
  const { kind } = message as { kind: string };
  const masked = before?.replies.findIndex((reply) => reply.kind === 'masked') ?? -1;
  let from = before;
  if (kind === 'survivors' && masked >= 0) while (from!.replies.length > masked + 1) from = from!.before;
  const signed = before?.replies.filter((reply) => reply.kind === 'consistency').length ?? 0;
  return clientStep((signed < 2 ? from : before)?.state ?? null, message, env);
};

/** Charges when its shares are asked for, as one might who takes the vector for safe under its masks. */
const chargesLate: Step = async (before, message, env) => {
  const { trust } = env;
  if ((message as { kind: string }).kind === 'signatures') await trust.charge();
  return clientStep(before?.state ?? null, message, { ...env, trust: { ...trust, charge: () => {} } });
};

const told = ({ found, trace }: Explored) =>
  found === null ? 'nothing' : `${found}, after ${trace.length} messages`;

async function exploring(members: Members, how: Exploration): Promise<string> {
  const seen = await explore(members, how);
  const { members: n, threshold: t, colluders: m } = members.size;
  console.log(`n = ${n}, t = ${t}, m = ${m}: ${seen.states} states; ${told(seen)}`);
  for (const line of seen.trace) console.log(`  ${line}`);
  return told(seen);
}

/** Five take half a minute: the short form goes up to four. */
const LARGEST = process.env.FEDCAR_FULL === '1' ? 5 : 4;

/** Rosters that differ in n, t, m or in how many members each operator has. */
function rosters(): Roster[] {
  const shares = (n: number, most: number): number[][] =>
    n === 0
      ? [[]]
      : Array.from({ length: Math.min(n, most) }, (_, i) => i + 1).flatMap((first) =>
          shares(n - first, first).map((rest) => [first, ...rest]),
        );
  const all: Roster[] = [];
  for (let n = 2; n <= LARGEST; n++)
    for (const share of shares(n, n))
      for (let threshold = 1; threshold <= n; threshold++)
        for (let colluders = 0; colluders < n; colluders++) {
          const operators = share.flatMap((members, i) => Array<string>(members).fill(`operator-${i}`));
          const members = operators.map((operator, i) => ({ id: `${i}`, key: `${i}`, operator }));
          const base = { version: ROSTER_VERSION, collection: 'help', epoch: 0, previous: null } as const;
          all.push({ ...base, members, threshold, colluders });
        }
  return all;
}

/** What is to be explored of the rosters that a rule lets pass: n, t, m and how many collude at most. */
function sizesOf(rule: (roster: Roster) => void): [Size, number][] {
  const sizes = new Map<string, [Size, number]>();
  for (const roster of rosters()) {
    try {
      rule(roster);
    } catch {
      continue;
    }
    const { members, threshold, colluders } = roster;
    const [largest, second] = operatorsOf(roster);
    // One operator that has all members has nobody to hide from: then those agreed alone collude.
    const colluding = second === undefined ? colluders : Math.max(colluders, largest!.members);
    const size = { members: members.length, threshold, colluders };
    sizes.set(JSON.stringify([size, colluding]), [size, colluding]);
  }
  return [...sizes.values()];
}

describe('every list for every member', () => {
  attack(
    `in all rosters of two to ${LARGEST} that members accept`,
    /^\d+ kinds of roster: nothing$/,
    async () => {
      const sizes = sizesOf(checkRoster);
      for (const [size, colluding] of sizes) {
        const seen = await exploring(await Members.of(size), { colluding });
        if (seen !== 'nothing') return seen;
      }
      return `${sizes.length} kinds of roster: nothing`;
    },
  );

  attack('with the rule of operators taken out', /^a sum of 1 honest vectors where 2 are due, /, async () => {
    const apart = (roster: Roster) =>
      checkRoster({ ...roster, members: roster.members.map((each) => ({ ...each, operator: each.id })) });
    const shipped = new Set(sizesOf(checkRoster).map((size) => JSON.stringify(size)));
    for (const each of sizesOf(apart)) {
      if (shipped.has(JSON.stringify(each)) || each[0].members !== 4) continue;
      const seen = await exploring(await Members.of(each[0]), { colluding: each[1] });
      if (seen !== 'nothing') return seen;
    }
    return 'nothing';
  });

  attack('of members that sign twice: never both, taken out', /^both secrets of region-00\d, /, async () =>
    exploring(await Members.of(FOUR, signsAgain), { colluding: 1 }),
  );
  attack(
    'of members that charge when shares are asked for: the charge before the vector, taken out',
    /^a sum that the ledger of region-00\d does not hold, /,
    async () => exploring(await Members.of(FOUR, chargesLate), { colluding: 1 }),
  );
});

describe('a round that is begun again', () => {
  const PHASES = [1, 2, 3, 4, 5, 6];
  const overAll = async (judge: typeof lost, members: Members) => {
    for (const earlier of PHASES) {
      const seen = await exploring(members, { colluding: 1, earlier, judge });
      if (seen !== 'nothing') return `${seen} of the second run, ${earlier} of the first`;
    }
    return 'nothing';
  };
  const either: typeof lost = (members, nodes) => repeatedVector(members, nodes) ?? lost(members, nodes);

  /** What both attacks on the same members learn of them is learned once. */
  const forgetful = Members.of(FOUR, shippedStep, forgets);

  attack('at any step', 'nothing', async () => overAll(either, await Members.of(FOUR)));
  attack('where serials are not kept', /^two vectors of region-00\d under one charge, /, async () =>
    overAll(either, await forgetful),
  );
  // As long as the one above, and nothing is found: with FEDCAR_FULL=1 only.
  if (process.env.FEDCAR_FULL === '1') {
    attack('where serials are not kept: what the attempt still keeps apart', 'nothing', async () =>
      overAll(lost, await forgetful),
    );
  }
  attack('where serials are not kept and nothing names the attempt', /^both secrets of region-00\d, /, () =>
    withoutAttempts(async ({ Members, shippedStep }) =>
      overAll(lost, await Members.of(FOUR, shippedStep, forgets)),
    ),
  );
});
