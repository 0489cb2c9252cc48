/** A serial is joined once, and only the round under way may repeat its own charge. */
import { describe, expect, it } from 'vitest';
import { type Joined, type Ledger, RoundGuard } from '../../../../shared/participant/round-guard.ts';
import { charge, type LedgerEntry, mainFilter } from '../../../../shared/privacy/ledger.ts';
import type { CountRound } from '../../../../shared/protocol/rounds.ts';

const ROUND: CountRound = {
  id: 'r.1',
  collection: 'health',
  kind: 'count',
  sample: { kind: 'all' },
  dimension: 3,
  clipNorm: 1,
  gridStep: 0.01,
  bits: 32,
  noiseMultiplier: 8,
  cohort: { members: 3, threshold: 3, colluders: 1 },
  aggregation: 'secure',
  lineage: 'first',
  rowsAt: 3,
  manifest: { key: 'manifest:r', hash: '0'.repeat(64), bytes: 0, parts: 0 },
  passages: null,
  serial: 5,
  startedAt: 1_000_000,
  from: 0,
};
const round = (more: Partial<CountRound> = {}): CountRound => ({ ...ROUND, ...more });

/** What outlives a participant, and a guard over it. */
function member(epsilon = 2) {
  const policy = {
    epsilon,
    delta: 1e-5,
    unit: 'record' as const,
    retentionMs: 1e9,
    order: mainFilter(epsilon, 1e-5, 0.5),
  };
  const entries: LedgerEntry[] = [];
  const kept: { joined: Joined | null } = { joined: null };
  const asked = (entry: LedgerEntry) => {
    const result = charge(policy, entries, entry);
    return result.ok ? null : result.code;
  };
  const ledger: Ledger = {
    refuses: asked,
    charge(entry) {
      const refusal = asked(entry);
      if (refusal === null && !entries.some((known) => known.round === entry.round)) entries.push(entry);
      return refusal;
    },
  };
  const joined = {
    get: () => kept.joined,
    set: (last: Joined) => {
      kept.joined = last;
    },
  };
  const deps = {
    rules: ({ collection }: { collection: string }) =>
      collection === 'health' ? null : `collection: ${collection}`,
    ...{ ledger, joined, now: () => 1_000_000, retentionMs: 1e6 },
  };
  return { open: () => new RoundGuard(deps), deps, entries, kept };
}

describe('a serial', () => {
  it.each([
    ['the very same round', {}],
    ['another name', { id: 'r.2' }],
    ['another moment', { startedAt: 1_000_001 }],
    ['an older serial', { serial: 4, id: 'r.2' }],
    ['a plain sum', { aggregation: 'plain' as const, cohort: { members: 1, threshold: 1, colluders: 0 } }],
    ['a round without noise', { noiseMultiplier: 0 }],
  ])('is not joined a second time: %s', (_, more) => {
    const { open, kept } = member();
    expect(open().join(round())).toBeNull();
    expect(open().refuses(round(more))?.message).toContain('is not above 5, which was joined');
    expect(open().join(round(more))).toMatchObject({ code: 'serial_used' });
    expect(kept.joined?.serial).toBe(5);
    expect(open().join(round({ serial: 6 }))).toBeNull();
  });

  it('is spent by joining, whether or not the round was charged', () => {
    const { open, entries } = member();
    open().join(round());
    expect(entries).toEqual([]);
    expect(open().refuses(round())).not.toBeNull();
  });
});

describe('the round under way', () => {
  it('goes on and may repeat its own charge, over restarts', () => {
    const { open, entries } = member();
    open().join(round());
    for (let time = 0; time < 3; time++) {
      expect(open().stops(round())).toBeNull();
      expect(open().charge(round())).toBeNull();
    }
    expect(entries).toHaveLength(1);
    expect(entries[0]?.task).toMatch(/^[0-9a-f]{64}$/);
  });

  it.each([
    ['another moment', { startedAt: 1_000_001 }],
    ['another name', { id: 'r.2' }],
    ['another state', { lineage: 'second' }],
    ['another serial', { serial: 6 }],
  ])('is the one that was joined and no other: %s', (_, more) => {
    const { open, entries } = member();
    open().join(round());
    expect(open().stops(round(more))?.message).toContain('not the round of serial 5 that was joined');
    expect(open().charge(round(more))?.message).toContain('not the round of serial 5 that was joined');
    expect(entries).toEqual([]);
  });

  it('is none before the first was joined', () => {
    expect(member().open().charge(round())?.message).toContain('serial none');
  });

  it('goes by what an earlier version kept: a serial without a task is over', () => {
    const { open, kept } = member();
    kept.joined = { serial: 5, task: null };
    expect(open().refuses(round())).toMatchObject({ code: 'serial_used' });
    expect(open().stops(round())).not.toBeNull();
    open().adopt(round());
    expect(open().stops(round())).toBeNull();
  });
});

it.each([
  ['further ahead than clocks may differ', 1_000_000 + 300_001],
  ['twenty years ahead', 1_000_000 + 20 * 365 * 86_400_000],
  ['behind the retention time', -1],
])('a round dated %s is not joined, and its serial not spent', (_, startedAt) => {
  const { open, kept } = member();
  expect(open().join(round({ startedAt }))).toMatchObject({
    code: 'not_as_agreed',
    message: expect.stringContaining('s from the clock here'),
  });
  expect(kept.joined).toBeNull();
  expect(open().join(round({ startedAt: 1_300_000 }))).toBeNull();
});

it('is joined within a day of its beginning, and may go on for twelve', () => {
  const DAY = 86_400_000;
  const { deps } = member();
  const at = (now: number) => new RoundGuard({ ...deps, now: () => now, retentionMs: 365 * DAY });
  const { startedAt } = round();
  expect(at(startedAt + DAY + 1).refuses(round())).toMatchObject({ code: 'not_as_agreed' });
  expect(at(startedAt + DAY).join(round())).toBeNull();
  expect(at(startedAt + 12 * DAY).charge(round())).toBeNull();
  expect(at(startedAt + 12 * DAY + 1).charge(round())).toMatchObject({ code: 'not_as_agreed' });
});

it('a round that is not as agreed or has no room is not joined, and its serial not spent', () => {
  const { open, kept } = member();
  expect(open().join(round({ collection: 'other' }))).toMatchObject({
    code: 'not_as_agreed',
    message: 'collection: other',
  });
  expect(member(0.05).open().join(round())).toMatchObject({
    code: 'ledger',
    message: 'round r.1: privacy_budget_exceeded at this participant',
  });
  expect(kept.joined).toBeNull();
  expect(open().join(round())).toBeNull();
});
