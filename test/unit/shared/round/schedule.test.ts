import { describe, expect, it } from 'vitest';
import { type LedgerEntry, project } from '../../../../shared/privacy/ledger.ts';
import { CollectionSettings, QuietHours } from '../../../../shared/protocol/settings.ts';
import { planNoise, policyOf } from '../../../../shared/round/noise-plan.ts';
import { afterQuietHours, budgetAllowsAt } from '../../../../shared/round/schedule.ts';

const at = (text: string): number => Date.parse(text);

describe('quiet hours', () => {
  const quiet = (from: string, to: string, timeZone = 'UTC') => QuietHours.parse({ from, to, timeZone });
  const next = (hours: QuietHours, moment: string) =>
    new Date(afterQuietHours(hours, at(moment))).toISOString();

  it('end at their end, and begin at their beginning', () => {
    const day = quiet('08:00', '18:30');
    expect(next(day, '2026-05-01T07:59:00Z')).toBe('2026-05-01T07:59:00.000Z');
    expect(next(day, '2026-05-01T08:00:00Z')).toBe('2026-05-01T18:30:00.000Z');
    expect(next(day, '2026-05-01T18:29:59Z')).toBe('2026-05-01T18:30:00.000Z');
    expect(next(day, '2026-05-01T18:30:00Z')).toBe('2026-05-01T18:30:00.000Z');
  });

  it('go over midnight', () => {
    const night = quiet('22:00', '06:00');
    expect(next(night, '2026-05-01T23:15:00Z')).toBe('2026-05-02T06:00:00.000Z');
    expect(next(night, '2026-05-01T03:00:00Z')).toBe('2026-05-01T06:00:00.000Z');
    expect(next(night, '2026-05-01T12:00:00Z')).toBe('2026-05-01T12:00:00.000Z');
  });

  it('follow their time zone, also on the days when clocks change', () => {
    const berlin = quiet('08:00', '18:00', 'Europe/Berlin');
    expect(next(berlin, '2026-07-01T07:00:00Z')).toBe('2026-07-01T16:00:00.000Z');
    expect(next(berlin, '2026-01-01T07:30:00Z')).toBe('2026-01-01T17:00:00.000Z');
    // 2026-03-29: 02:00 becomes 03:00; 2026-10-25: 03:00 becomes 02:00.
    const night = quiet('00:30', '04:00', 'Europe/Berlin');
    expect(afterQuietHours(night, at('2026-03-29T00:00:00Z'))).toBeLessThanOrEqual(
      at('2026-03-29T03:00:00Z'),
    );
    expect(next(night, '2026-10-24T23:30:00Z')).toBe('2026-10-25T03:00:00.000Z');
  });

  it('have to be times of day in a zone that exists', () => {
    const settings = (quietHours: object) =>
      CollectionSettings.safeParse({ schedule: { quietHours } }).success;
    expect(settings({ from: '08:00', to: '18:00', timeZone: 'America/Sao_Paulo' })).toBe(true);
    expect(settings({ from: '8:00', to: '18:00' })).toBe(false);
    expect(settings({ from: '08:00', to: '24:00' })).toBe(false);
    expect(settings({ from: '08:00', to: '08:00' })).toBe(false);
    expect(settings({ from: '08:00', to: '18:00', timeZone: 'Mars/Olympus' })).toBe(false);
  });
});

describe('the budget', () => {
  const { privacy, retentionDays } = CollectionSettings.parse({
    privacy: { epsilon: 4, runEpsilon: 4, censusEpsilon: 0 },
  });
  const policy = policyOf(privacy, retentionDays);
  const { releases } = planNoise(privacy, retentionDays);
  const charged = (atMs: number, from: number): LedgerEntry[] =>
    releases.map((release, i) => ({ ...release, round: from + i, atMs }));

  it('allows a run at once when nothing is spent', () => {
    expect(budgetAllowsAt(policy, [], releases, 7)).toBe(7);
  });

  it('allows it again when enough charges have left the window, and not a moment sooner', () => {
    const entries = charged(1000, 0);
    const allowed = budgetAllowsAt(policy, entries, releases, 2000) as number;
    expect(allowed).toBe(1000 + policy.retentionMs + 1);
    expect(project(policy, entries, releases, allowed).fits).toBe(true);
    expect(project(policy, entries, releases, allowed - 1).fits).toBe(false);
  });

  it('waits for as many charges as it must, not for all', () => {
    const half = planNoise({ ...privacy, runEpsilon: 2 }, retentionDays).releases;
    const entries = Array.from({ length: 6 }, (_, run) =>
      half.map((release, i) => ({ ...release, round: 10 * run + i, atMs: 1000 * run })),
    ).flat();
    const allowed = budgetAllowsAt(policy, entries, half, 9000) as number;
    expect(project(policy, entries, half, allowed).fits).toBe(true);
    expect(project(policy, entries, half, allowed - 1).fits).toBe(false);
    expect(allowed).toBeLessThan(5000 + policy.retentionMs);
  });

  it('never allows what alone is more than all of it', () => {
    const much = releases.map((release) => ({ ...release, noiseMultiplier: release.noiseMultiplier / 10 }));
    expect(budgetAllowsAt(policy, charged(1000, 0), much, 2000)).toBeNull();
  });
});
