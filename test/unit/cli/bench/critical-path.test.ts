import { describe, expect, it } from 'vitest';
import { criticalPathS } from '../../../../cli/bench/critical-path.ts';
import type { Round } from '../../../../shared/protocol/api/run.ts';

const round = (started_at: number, ended_at: number | null, phases: Record<string, string>): Round => ({
  round: 0,
  kind: 'train',
  phase: 'released',
  started_at,
  ended_at,
  participants: Object.fromEntries(
    Object.entries(phases).map(([name, phase]) => [name, { phase, progress: 1 }]),
  ),
  contributors: 2,
  noise_in_effect: null,
  loss: null,
  accuracy: null,
  error: null,
});
const both = { east: 'ready', west: 'ready' };
const units = { east: 300, west: 100 };

describe('the critical path', () => {
  it('is each round by the share of its largest region, and what lies between rounds as it was', () => {
    const rounds = [round(1_000, 9_000, both), round(10_000, 14_000, both)];
    expect(criticalPathS({ started_at: 0, ended_at: 16_000, rounds }, units)).toBe(
      (8 * 300) / 400 + (4 * 300) / 400 + 4,
    );
  });

  it('counts a round for those who took part in it', () => {
    const rounds = [round(0, 8_000, { ...both, east: 'missed' })];
    expect(criticalPathS({ started_at: 0, ended_at: 8_000, rounds }, units)).toBe(8);
    // Regions without a record share nothing out.
    expect(criticalPathS({ started_at: 0, ended_at: 8_000, rounds }, {})).toBe(8);
  });

  it('is not known of a run that goes on', () => {
    expect(criticalPathS({ started_at: 0, ended_at: null, rounds: [] }, units)).toBeNull();
    const open = { started_at: 0, ended_at: 9_000, rounds: [round(0, null, both)] };
    expect(criticalPathS(open, units)).toBeNull();
  });
});
