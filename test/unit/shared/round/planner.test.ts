/** The planner, played over days and years against the ledger itself. */
import { describe, expect, it } from 'vitest';
import { charge, type LedgerEntry, project, spent } from '../../../../shared/privacy/ledger.ts';
import { roomFor } from '../../../../shared/privacy/ledger-room.ts';
import { CollectionSettings } from '../../../../shared/protocol/settings.ts';
import { countsShares, planNoise, policyOf } from '../../../../shared/round/noise-plan.ts';
import {
  type Census,
  countedSince,
  countsShareFor,
  nextAttemptAt,
  questionsNeeded,
  tooFewQuestions,
} from '../../../../shared/round/planner.ts';
import { seededSource } from '../privacy/seeded-source.ts';

const DAY = 86_400_000;

/** A collection whose questions come at an even rate, under the planner, day by day. */
function play(days: number, questionsADay: number, documents: number, privacy: object = {}) {
  const settings = CollectionSettings.parse({ privacy });
  const plan = planNoise(settings.privacy, settings.retentionDays);
  const policy = policyOf(settings.privacy, settings.retentionDays);
  const ledger: LedgerEntry[] = [];
  const censuses: Census[] = [];
  const runs: { at: number; from: number }[] = [];
  let lastAt: number | null = null;
  let most = 0;
  const pay = (kind: LedgerEntry['kind'], noiseMultiplier: number, from: number, atMs: number) => {
    const entry = { kind, noiseMultiplier, from, atMs, round: ledger.length, samplingRate: 1, steps: 1 };
    expect(charge(policy, ledger, entry).ok).toBe(true);
    ledger.push(entry);
  };
  for (let day = 0; day <= days; day++) {
    const now = day * DAY;
    const trainedAt = runs.at(-1)?.at ?? null;
    const next = nextAttemptAt(settings, plan, { readyAt: 0, lastAt, trainedAt });
    expect(next).not.toBeNull();
    if (next! > now) continue;
    const room = roomFor(policy, ledger, plan.releases, now);
    if (room === null) continue;
    lastAt = now;
    const from = Math.max(censuses.at(-1)?.at ?? 0, now - policy.retentionMs - 1);
    pay('counts', plan.census!, from, now);
    const total = (questionsADay * (now - from)) / DAY;
    censuses.push({ from, at: now, total, variance: plan.census! ** 2 });
    const asked = { plan, documents, censuses, from: room.from, readUntil: trainedAt };
    if (tooFewQuestions(asked) === null) {
      for (const { kind, noiseMultiplier, steps } of plan.releases) {
        for (let step = 0; step < steps; step++) pay(kind, noiseMultiplier, room.from, now + step);
      }
      runs.push({ at: now, from: Math.max(0, room.from) });
    }
    most = Math.max(most, spent(policy, ledger, now).epsilon);
  }
  return { runs, censuses, most, plan, ledger };
}

describe('a collection without questions', () => {
  it('spends at most ε 0.1 in 60 days, and is asked about less and less often', () => {
    for (const unit of ['record', 'contributor']) {
      const { runs, censuses, most } = play(60, 0, 150, { unit });
      expect(runs).toEqual([]);
      expect(most).toBeLessThanOrEqual(0.1);
      expect(censuses.length).toBeGreaterThan(5);
      expect(censuses.length).toBeLessThan(14);
    }
  });
});

it('hardly ever begins a run for the noise of its censuses, however few documents there are', () => {
  const plan = planNoise(CollectionSettings.parse({}).privacy, 365);
  const random = seededSource(7);
  const uniform = () => (random.nextWord() + 0.5) / 2 ** 32;
  const gaussian = () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
  let begun = 0;
  for (let tries = 0; tries < 500; tries++) {
    const censuses: Census[] = [];
    for (let at = 1; at <= 11; at++) {
      const variance = plan.census! ** 2;
      censuses.push({ from: at - 1, at, total: gaussian() * plan.census!, variance });
      const asked = { plan, documents: 2, censuses, from: 0, readUntil: null };
      if (tooFewQuestions(asked) !== null) continue;
      begun += 1;
      break;
    }
  }
  // Of 500 collections without questions, in 60 days.
  expect(begun).toBeLessThan(20);
});

describe('a collection with questions', () => {
  const year = play(3 * 365, 41, 150);

  it('trains once there are enough for its documents, not before', () => {
    const { needed } = questionsNeeded(year.plan, 150, { total: 0, deviation: 0 });
    const first = year.runs[0]!;
    expect(41 * (first.at / DAY)).toBeGreaterThanOrEqual(needed);
    expect(41 * (first.at / DAY)).toBeLessThan(2 * needed);
  });

  it('goes on for years, within the budget, never longer than a retention time over its uses apart', () => {
    expect(year.most).toBeLessThanOrEqual(4);
    const longest = Math.ceil(365 / year.plan.uses) + 1;
    year.runs.slice(1).forEach(({ at }, i) => {
      expect((at - year.runs[i]!.at) / DAY).toBeLessThanOrEqual(longest);
    });
    expect(year.runs.at(-1)!.at).toBeGreaterThan((3 * 365 - longest) * DAY);
  });

  it('has every question read by as many runs as may read it, before it is gone', () => {
    for (let day = 1; day < 2 * 365; day += 7) {
      const readers = year.runs.filter(({ at, from }) => from < day * DAY && day * DAY <= at);
      expect(readers).toHaveLength(year.plan.uses);
    }
  });
});

describe('where contributors are the units', () => {
  it('runs are spread over the window, which has room for so many', () => {
    const { runs, plan, most } = play(3 * 365, 400, 20, { unit: 'contributor' });
    expect(most).toBeLessThanOrEqual(4);
    runs.slice(1).forEach(({ at }, i) => {
      expect((at - runs[i]!.at) / DAY).toBeGreaterThanOrEqual(365 / plan.uses);
    });
    expect(runs.length).toBeGreaterThanOrEqual(3 * plan.uses - 1);
  });
});

describe('without noise', () => {
  it('runs come by the clock alone', () => {
    const { schedule, privacy, retentionDays } = CollectionSettings.parse({ schedule: { everyHours: 6 } });
    const next = (lastAt: number | null) =>
      nextAttemptAt({ schedule, privacy, retentionDays }, null, { readyAt: 5, lastAt, trainedAt: null });
    expect(next(null)).toBe(5);
    expect(next(1000)).toBe(1000 + DAY / 4);
    const off = { schedule: { ...schedule, everyHours: 0 }, privacy, retentionDays };
    expect(nextAttemptAt(off, null, { readyAt: 5, lastAt: null, trainedAt: null })).toBeNull();
  });
});

describe('censuses', () => {
  const censuses = [
    { from: 0, at: 10, total: 100, variance: 4 },
    { from: 10, at: 20, total: 50, variance: 4 },
  ];

  it('add up, of one that began earlier its share', () => {
    expect(countedSince(censuses, -5)).toEqual({ total: 150, deviation: Math.sqrt(8) });
    expect(countedSince(censuses, 5)).toEqual({ total: 100, deviation: Math.sqrt(5) });
    expect(countedSince(censuses, 20)).toEqual({ total: 0, deviation: 0 });
  });

  it('say how many more it takes, for few documents and for many, and when nothing is new', () => {
    const plan = planNoise(CollectionSettings.parse({}).privacy, 365);
    const of = (documents: number, readUntil: number | null = null, all = censuses) =>
      tooFewQuestions({ plan, documents, censuses: all, from: 0, readUntil });
    expect(of(8)).toBeNull();
    expect(of(20)).toMatch(
      /^about 150 questions \(± 3, by noised totals\) for 20 documents, .* some \d+ more are needed$/,
    );
    const needed = (documents: number) => questionsNeeded(plan, documents, { total: 0, deviation: 0 }).needed;
    expect(needed(20_000)).toBeLessThan(11 * needed(200));
    expect(of(8, 20)).toContain('about 0 questions');
    expect(of(8, 10)).toBeNull();
  });
});

it('uses that are given divide the budget, whatever ε a run was given', () => {
  const { privacy, retentionDays } = CollectionSettings.parse({ privacy: { uses: 8 } });
  const plan = planNoise(privacy, retentionDays);
  expect(plan.uses).toBe(8);
  const policy = policyOf(privacy, retentionDays);
  const runs = (n: number) => [
    { kind: 'counts' as const, samplingRate: 1, noiseMultiplier: plan.census!, steps: 2 },
    ...plan.releases.map((release) => ({ ...release, steps: n * release.steps })),
  ];
  expect(roomFor(policy, [], runs(8), 0)).not.toBeNull();
  expect(roomFor(policy, [], runs(9), 0)).toBeNull();
});

describe('the share of a run that its counts take', () => {
  const { privacy, retentionDays } = CollectionSettings.parse({});
  const shareAt = (epsilon: number, perDocument: number, documents = 150) => {
    const runs = { ...privacy, epsilon, runEpsilon: epsilon };
    const countsOf = (share: number) => planNoise(runs, retentionDays, share).counts;
    return countsShareFor(countsShares(runs), countsOf, { documents, total: documents * perDocument });
  };

  it('follows from ε and from questions a document', () => {
    expect(shareAt(2.1, 90)).toBe(0.08);
    expect(shareAt(1.1, 90)).toBeLessThan(0.2);
    expect(shareAt(0.5, 90)).toBeGreaterThanOrEqual(0.35);
    expect(shareAt(0.5, 900)).toBe(0.08);
    expect(shareAt(2.1, 10)).toBeGreaterThan(shareAt(2.1, 30));
    expect(shareAt(2.1, 1)).toBe(0.5);
  });

  it('costs a run nothing more, and is never less than the settings say', () => {
    const policy = policyOf(privacy, retentionDays);
    const costs = countsShares(privacy).map((share) => {
      const releases = planNoise(privacy, retentionDays, share).releases.filter(
        ({ kind }) => kind !== 'gate',
      );
      return project(policy, [], releases, 0).epsilon;
    });
    for (const cost of costs) expect(Math.abs(cost - costs[0]!)).toBeLessThan(1e-3);
    const asked = { ...privacy, training: { ...privacy.training, countsShare: 0.2 } };
    expect(countsShares(asked)).toEqual([0.2, 0.25, 0.35, 0.5]);
  });
});
