/** Which records pay which charges, held against the rule itself: every arrival, one by one. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  charge,
  filterEpsilon,
  type LedgerEntry,
  mainFilter,
  type PrivacyPolicy,
  spent,
  spentBy,
} from '../../../../shared/privacy/ledger.ts';
import { payersOf, readBy } from '../../../../shared/privacy/ledger-arrivals.ts';
import { mergeLedgers } from '../../../../shared/privacy/ledger-merge.ts';
import { reportLedger } from '../../../../shared/privacy/ledger-report.ts';
import { roomFor } from '../../../../shared/privacy/ledger-room.ts';

const policy: PrivacyPolicy = {
  ...{ epsilon: 2, delta: 1e-5, retentionMs: 100, unit: 'record' },
  order: mainFilter(2, 1e-5, 1),
};
const entry = (round: number, from: number | undefined, atMs: number, z = 4): LedgerEntry => ({
  ...{ round, kind: 'train', samplingRate: 1, noiseMultiplier: z, steps: 1, atMs, from },
});
const plan = (noiseMultiplier: number) =>
  [{ kind: 'train', samplingRate: 1, noiseMultiplier, steps: 1 }] as const;

/** What a record that arrived at a moment pays, by the rule alone. */
const paidBy = (entries: readonly LedgerEntry[], arrival: number, of = policy) =>
  entries.filter((each) => {
    const { from, to } = readBy(of, each);
    return from < arrival && arrival <= to;
  });

const anEntry = fc
  .tuple(fc.integer({ min: 0, max: 60 }), fc.integer({ min: 0, max: 60 }), fc.integer({ min: 1, max: 3 }))
  .map(([a, b, z]) => entry(0, Math.min(a, b), Math.max(a, b) + 1, 3 + z));
const someEntries = fc
  .array(anEntry, { maxLength: 8 })
  .map((entries) => entries.map((each, round) => ({ ...each, round })));

describe('a record pays the charges that read it', () => {
  it('and no others: two runs on two windows cost nobody twice', () => {
    const first = entry(1, 0, 50);
    const second = entry(2, 50, 90);
    const one = spent(policy, [first], 90).epsilon;
    expect(spent(policy, [first, second], 90).epsilon).toBe(one);
    expect(spent(policy, [first, { ...second, from: 49 }], 90).epsilon).toBeGreaterThan(1.3 * one);
  });

  it('whatever the intervals are: the largest sets bound every arrival, and are paid by one', () => {
    fc.assert(
      fc.property(
        someEntries,
        fc.integer({ min: 0, max: 60 }),
        fc.integer({ min: 1, max: 61 }),
        (entries, a, b) => {
          const arrivals = { from: Math.min(a, b), to: Math.max(a, b) };
          const sets = [...payersOf(policy, entries, arrivals)].map((set) =>
            set.map(({ round }) => round).sort(),
          );
          const paid: number[][] = [];
          for (let at = arrivals.from + 1; at <= arrivals.to; at++) {
            paid.push(
              paidBy(entries, at)
                .map(({ round }) => round)
                .sort(),
            );
          }
          for (const each of paid.filter((set) => set.length > 0)) {
            expect(sets.some((set) => each.every((round) => set.includes(round)))).toBe(true);
          }
          for (const set of sets) expect(paid).toContainEqual(set);
        },
      ),
    );
  });

  it('so that no arrival ever pays more than the budget, whatever is charged when', () => {
    fc.assert(
      fc.property(fc.array(anEntry, { maxLength: 30 }), (asked) => {
        const ledger: LedgerEntry[] = [];
        for (const [round, each] of asked.entries()) {
          const next = { ...each, round };
          if (charge(policy, ledger, next).ok) ledger.push(next);
        }
        for (let at = 0; at <= 62; at++) {
          expect(filterEpsilon(policy, paidBy(ledger, at))).toBeLessThanOrEqual(policy.epsilon);
        }
      }),
    );
  });

  it('while training and held-out units stay apart, arrival by arrival', () => {
    const gate = { ...entry(2, 0, 50, 3), kind: 'gate' as const };
    const { training, heldOut } = spentBy(policy, [entry(1, 0, 50), gate], { from: 0, to: 50 });
    expect(training).toBe(filterEpsilon(policy, [entry(1, 0, 50)]));
    expect(heldOut).toBe(filterEpsilon(policy, [gate]));
  });
});

describe('charges of earlier versions', () => {
  it('read all that the retention time left', () => {
    expect(readBy(policy, entry(1, undefined, 500))).toEqual({ from: 399, to: 500 });
    const old = entry(1, undefined, 500);
    expect(spentBy(policy, [old], { from: 0, to: 399 }).epsilon).toBe(0);
    expect(spentBy(policy, [old], { from: 0, to: 400 }).epsilon).toBeGreaterThan(0);
  });

  it('stand beside ones that say what they read, and neither covers the other unless it must', () => {
    const [old, named] = [entry(1, undefined, 50), entry(1, 10, 50)];
    expect(mergeLedgers([old], [named])).toEqual([old]);
    expect(mergeLedgers([named], [old])).toEqual([old]);
    expect(mergeLedgers([named], [entry(1, 20, 50)])).toEqual([named]);
    expect(mergeLedgers([entry(1, 20, 50)], [named])).toEqual([named]);
    expect(mergeLedgers([entry(1, 20, 50)], [entry(1, 10, 50, 5)])).toHaveLength(2);
    expect(mergeLedgers([named], [entry(1, undefined, 49)])).toHaveLength(2);
  });
});

it('a contributor, whose id may keep coming, pays for the whole window whatever was read', () => {
  const window = { ...policy, unit: 'contributor' as const };
  const runs = [entry(1, 0, 50), entry(2, 50, 90)];
  expect(spent(window, runs, 90).epsilon).toBe(filterEpsilon(policy, runs));
  expect(spent(policy, runs, 90).epsilon).toBeLessThan(filterEpsilon(policy, runs));
  expect(roomFor(window, runs, plan(4), 95)).toEqual({ from: -6, to: 95 });
  expect(roomFor(window, [...runs, entry(3, 90, 95, 1.9)], plan(4), 96)).toBeNull();
});

it('a charge that says it read what arrived after it is malformed', () => {
  expect(() => charge(policy, [], entry(1, 51, 50))).toThrow('from must be ≤ 50, got 51');
});

it('a charge that changes what it read is another charge', () => {
  expect(charge(policy, [entry(1, 0, 50)], entry(1, 1, 50))).toMatchObject({
    code: 'privacy_charge_conflict',
  });
});

it('the report is of the record that pays most', () => {
  const entries = [entry(1, 0, 50), entry(2, 40, 60), entry(3, 60, 70, 3)];
  const { epsilon, training } = reportLedger(policy, entries, 80);
  expect(epsilon).toBe(training);
  expect(epsilon).toBe(filterEpsilon(policy, [entry(1, 0, 50), entry(2, 40, 60)]));
});

describe('room', () => {
  it('is where old records have not paid too much, back to the retention time', () => {
    expect(roomFor(policy, [], plan(3), 200)).toEqual({ from: 99, to: 200 });
    const spentFirst = [entry(1, 0, 120, 2.2)];
    expect(roomFor(policy, spentFirst, plan(3), 200)).toEqual({ from: 120, to: 200 });
    expect(roomFor(policy, spentFirst, plan(30), 200)).toEqual({ from: 99, to: 200 });
    expect(roomFor(policy, [], plan(0.5), 200)).toBeNull();
  });

  it('is all that may be charged, and one record more may not', () => {
    fc.assert(
      fc.property(someEntries, fc.integer({ min: 61, max: 140 }), (entries, now) => {
        const room = roomFor(policy, entries, plan(3), now)!;
        const fits = (from: number) => charge(policy, entries, entry(99, from, now, 3)).ok;
        // What was charged beyond the budget before stays so.
        fc.pre(entries.every((_, i) => charge(policy, entries.slice(0, i), entries[i]!).ok));
        expect(fits(room.from)).toBe(true);
        if (room.from > now - policy.retentionMs - 1) expect(fits(room.from - 1)).toBe(false);
      }),
    );
  });
});
