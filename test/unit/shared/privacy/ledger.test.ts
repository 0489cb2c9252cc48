import { describe, expect, it } from 'vitest';
import { rdpEpsilon } from '../../../../shared/privacy/conversion.ts';
import {
  charge,
  deltaShares,
  type LedgerEntry,
  mainFilter,
  mainOrder,
  type PrivacyPolicy,
  project,
  runsLeft,
  spent,
} from '../../../../shared/privacy/ledger.ts';
import { mergeLedgers } from '../../../../shared/privacy/ledger-merge.ts';
import { reportLedger } from '../../../../shared/privacy/ledger-report.ts';
import { pldEpsilon } from '../../../../shared/privacy/pld.ts';
import { INTEGER_ORDERS } from '../../../../shared/privacy/rdp.ts';

const DAY = 86_400_000;
const policy: PrivacyPolicy = {
  epsilon: 2.1,
  delta: 1e-5,
  retentionMs: 90 * DAY,
  unit: 'record',
  order: mainOrder(2.1, 1e-5),
};

function entry(round: number, more: Partial<LedgerEntry> = {}): LedgerEntry {
  return { round, kind: 'train', atMs: round, samplingRate: 0.2, noiseMultiplier: 6, steps: 1, ...more };
}

/** Charges rounds 1, 2, … until refused. */
function fill(atMs: (round: number) => number, limit: number): LedgerEntry[] {
  const entries: LedgerEntry[] = [];
  for (let round = 1; round <= limit; round++) {
    const next = entry(round, { atMs: atMs(round) });
    if (!charge(policy, entries, next).ok) break;
    entries.push(next);
  }
  return entries;
}

describe('the filter', () => {
  it('admits 200 rounds at q = 0.2 and z = 6 under ε = 2.1, and stops there about', () => {
    const plan = { kind: 'train', samplingRate: 0.2, noiseMultiplier: 6 } as const;
    expect(project(policy, [], [{ ...plan, steps: 200 }], 0)).toMatchObject({ fits: true });
    const left = runsLeft(policy, [], [{ ...plan, steps: 1 }], 0, { limit: 1000 });
    expect(left).toBeGreaterThanOrEqual(200);
    expect(left).toBeLessThan(206);
    expect(project(policy, [], [{ ...plan, steps: left + 1 }], 0).fits).toBe(false);
  });

  it('counts the runs that it has room for as it would admit them one after the other', () => {
    const run = [
      { kind: 'counts', samplingRate: 1, noiseMultiplier: 20, steps: 1 },
      { kind: 'train', samplingRate: 0.2, noiseMultiplier: 12, steps: 100 },
    ] as const;
    const entries: LedgerEntry[] = [];
    let runs = 0;
    while (project(policy, entries, run, 0).fits) {
      entries.push(...run.map((release) => ({ ...release, round: entries.length, atMs: 0 })));
      runs += 1;
    }
    expect(runs).toBeGreaterThan(2);
    expect(runsLeft(policy, [], run, 0)).toBe(runs);
    expect(runsLeft(policy, entries, run, 0)).toBe(0);
    expect(runsLeft(policy, [], run, 0, { limit: 2 })).toBe(2);
  });

  it('costs little more than the best order of a fixed schedule, never less', () => {
    for (const steps of [1, 20, 200]) {
      const { epsilon } = spent(policy, [entry(1, { steps })], 1);
      const fixed = rdpEpsilon([entry(1, { steps })], policy.delta, INTEGER_ORDERS).epsilon;
      expect(epsilon).toBeGreaterThan(fixed);
      if (steps === 200) expect(epsilon).toBeLessThan(fixed * 1.005);
    }
  });

  it('is exact where every release reads all units, whatever order they come in', () => {
    const exact: PrivacyPolicy = { ...policy, order: mainFilter(policy.epsilon, policy.delta, 1) };
    expect(exact.order).toBe('gaussian');
    const releases = [4, 9, 6, 12].map((noiseMultiplier, i) =>
      entry(i + 1, { samplingRate: 1, noiseMultiplier }),
    );
    const { epsilon } = spent(exact, releases, 4);
    const squared = 1 / 16 + 1 / 81 + 1 / 36 + 1 / 144;
    const once = entry(1, { samplingRate: 1, noiseMultiplier: 1 / Math.sqrt(squared) });
    expect(spent(exact, [once], 1).epsilon).toBeCloseTo(epsilon, 3);
    expect(spent(exact, [...releases].reverse(), 4).epsilon).toBeCloseTo(epsilon, 12);
    expect(epsilon).toBeLessThan(0.94 * spent(policy, releases, 4).epsilon);
    expect(epsilon).toBeGreaterThan(pldEpsilon(releases, policy.delta) * 0.999);
  });

  it('counts a sample as everything in the exact filter, and has the orders beside it', () => {
    const exact: PrivacyPolicy = { ...policy, order: 'gaussian' };
    const sampled = entry(1, { samplingRate: 0.9, noiseMultiplier: 6 });
    expect(spent(exact, [sampled], 1)).toEqual(spent(exact, [{ ...sampled, samplingRate: 1 }], 1));
    const rare = entry(1, { samplingRate: 0.001, noiseMultiplier: 1, steps: 100 });
    const { epsilon } = spent(exact, [rare], 1);
    expect(epsilon).toBeLessThan(3);
    // The orders have a smaller part of δ there than where one of them is the main filter.
    expect(epsilon).toBeGreaterThan(spent(policy, [rare], 1).epsilon);
  });

  it('divides no more than δ over its filters, whichever is the main one', () => {
    for (const order of ['gaussian', ...INTEGER_ORDERS] as const) {
      const total = [...deltaShares(order)].reduce((sum, [, share]) => sum + share, 0);
      expect(total).toBeLessThanOrEqual(1 + 1e-12);
      expect([...deltaShares(order)].some(([filter]) => filter === 'gaussian')).toBe(order === 'gaussian');
    }
  });

  it('falls back to another order where the main one explodes', () => {
    const wild = entry(1, { samplingRate: 0.01, noiseMultiplier: 1.1, steps: 1000 });
    expect(spent({ ...policy, order: 64 }, [wild], 1).epsilon).toBeLessThan(4);
  });

  it('has spent nothing at first', () => {
    expect(spent(policy, [], 0)).toEqual({ epsilon: 0, training: 0, heldOut: 0 });
  });

  it('refuses what passes the budget, and what cost infinitely much', () => {
    const refused = charge(policy, [], entry(1, { noiseMultiplier: 0.5, samplingRate: 1 }));
    expect(refused).toMatchObject({ ok: false, code: 'privacy_budget_exceeded' });
    expect(charge(policy, [], entry(1, { noiseMultiplier: 0 })).ok).toBe(false);
    expect(spent(policy, [entry(1, { noiseMultiplier: 0 })], 1).epsilon).toBe(Number.POSITIVE_INFINITY);
  });

  it('pays the larger of training and held-out units, not their sum', () => {
    const training = entry(1, { steps: 150 });
    const gate = entry(1, { kind: 'gate', samplingRate: 1, noiseMultiplier: 6 });
    const both = spent(policy, [training, gate], 1);
    expect(both.training).toBe(spent(policy, [training], 1).epsilon);
    expect(both.heldOut).toBe(spent(policy, [gate], 1).epsilon);
    expect(both.epsilon).toBe(Math.max(both.training, both.heldOut));
    const counts = entry(1, { kind: 'counts' });
    expect(spent(policy, [training, counts], 1).training).toBeGreaterThan(both.training);
  });

  it('refuses a gate beyond the budget of held-out units', () => {
    const gate = (round: number) => entry(round, { kind: 'gate', samplingRate: 1, noiseMultiplier: 3 });
    const entries = [gate(1)];
    expect(charge(policy, entries, gate(2)).ok).toBe(true);
    expect(charge(policy, [...entries, gate(2)], gate(3)).ok).toBe(false);
  });
});

describe('the retention window', () => {
  it('lets learning go on for ever, every window within the budget', () => {
    // 60 rounds stay in a window of 60 days; without a window, 250 would cost more than the budget.
    const short = { ...policy, retentionMs: 60 * DAY };
    const entries: LedgerEntry[] = [];
    for (let round = 1; round <= 250; round++) {
      const next = entry(round, { atMs: round * DAY });
      expect(charge(short, entries, next).ok).toBe(true);
      entries.push(next);
    }
    expect(spent({ ...policy, retentionMs: 1e6 * DAY }, entries, 250 * DAY).epsilon).toBeGreaterThan(2.1);
  });

  it('stops when rounds come too fast and resumes as they leave', () => {
    const entries = fill(() => DAY, 1000);
    expect(entries.length).toBeLessThan(210);
    expect(charge(policy, entries, entry(1000, { atMs: 91 * DAY })).ok).toBe(false);
    expect(charge(policy, entries, entry(1000, { atMs: 91 * DAY + 1 })).ok).toBe(true);
  });

  it('counts later entries too when a charge comes late', () => {
    const entries = fill(() => 10 * DAY, 1000);
    expect(charge(policy, entries, entry(1000, { atMs: 9 * DAY })).ok).toBe(false);
  });
});

describe('a charge', () => {
  it('is made once when repeated, and never changed', () => {
    const entries = [entry(1)];
    const repeated = charge(policy, entries, entry(1));
    expect(repeated).toMatchObject({ ok: true, repeated: true });
    expect(charge(policy, entries, entry(1, { noiseMultiplier: 5 }))).toMatchObject({
      ok: false,
      code: 'privacy_charge_conflict',
    });
    expect(charge(policy, entries, entry(1, { kind: 'gate' }))).toMatchObject({ ok: true, repeated: false });
  });

  it('must be well formed', () => {
    for (const bad of [
      { samplingRate: 0 },
      { samplingRate: 1.1 },
      { noiseMultiplier: Number.NaN },
      { steps: 0 },
      { atMs: Number.NaN },
    ]) {
      expect(() => charge(policy, [], entry(1, bad))).toThrow(RangeError);
    }
    for (const bad of [{ epsilon: 0 }, { delta: 1 }, { retentionMs: 0 }, { order: 2.5 }]) {
      expect(() => charge({ ...policy, ...bad }, [], entry(1))).toThrow(RangeError);
    }
  });

  it('survives JSON', () => {
    const entries = [entry(1, { noiseMultiplier: 6.123456789 })];
    expect(spent(policy, JSON.parse(JSON.stringify(entries)), 1)).toEqual(spent(policy, entries, 1));
  });
});

describe('merging', () => {
  const restored = [entry(1), entry(2)];
  const regional = [entry(1), entry(2, { noiseMultiplier: 3 }), entry(3)];

  it('keeps the larger of two charges and all that only one side has', () => {
    expect(mergeLedgers(restored, regional)).toEqual(regional);
    expect(mergeLedgers(regional, restored)).toEqual(regional);
    expect(mergeLedgers([], regional)).toEqual(regional);
    const again = mergeLedgers(mergeLedgers(restored, regional), regional);
    expect(again).toEqual(regional);
  });

  it('keeps both when neither is larger', () => {
    const ours = [entry(1, { samplingRate: 0.5 })];
    const theirs = [entry(1, { noiseMultiplier: 2 })];
    expect(mergeLedgers(ours, theirs)).toHaveLength(2);
  });

  it('gives nothing back', () => {
    const before = fill(() => 1, 1000);
    expect(charge(policy, mergeLedgers([], before), entry(5000, { atMs: 1 })).ok).toBe(false);
  });
});

describe('the report', () => {
  it('shows both accountants beside the filter', () => {
    const entries = [
      entry(1, { steps: 200 }),
      entry(2, { kind: 'gate', samplingRate: 1, noiseMultiplier: 4 }),
    ];
    const report = reportLedger(policy, entries, 2);
    expect(report.epsilonPld).toBeCloseTo(1.9128, 2);
    expect(report.epsilonRdp).toBeCloseTo(2.0867, 2);
    expect(report.epsilonPld).toBeLessThan(report.epsilonRdp);
    expect(report.epsilonRdp).toBeLessThan(report.epsilon);
    expect(report).toMatchObject({ delta: 1e-5, budget: 2.1 });
    expect(reportLedger(policy, [], 0)).toMatchObject({ epsilon: 0, epsilonRdp: 0, epsilonPld: 0 });
  });
});
