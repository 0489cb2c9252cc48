import { describe, expect, it } from 'vitest';
import { judge } from '../../../../shared/federated/release.ts';
import { GateSettings } from '../../../../shared/protocol/settings.ts';

const gate = (input: object = {}) => GateSettings.parse(input);
const sum = (wins: number, losses: number, units: number) =>
  Float64Array.of(wins, losses, units, 60 + wins, 60 + losses, 50);

describe('publish gate', () => {
  it('publishes what wins', () => {
    expect(judge(sum(30, 5, 100), [], gate())).toMatchObject({
      publish: true,
      heldOut: { units: 100, accuracy: 0.9, baseline: 0.65, mips: 0.5 },
    });
  });

  it('keeps the serving version on a draw, a loss, too small a win, or without a judge', () => {
    expect(judge(sum(5, 5, 100), [], gate()).publish).toBe(false);
    expect(judge(sum(4, 5, 100), [], gate()).publish).toBe(false);
    expect(judge(sum(9, 5, 100), [], gate({ margin: 0.05 })).publish).toBe(false);
    expect(judge(new Float64Array(6), [], gate())).toMatchObject({
      publish: false,
      reason: 'no held-out query could judge it',
    });
  });

  it('keeps it when documents that nobody asked about are lost', () => {
    const probes = [
      { titles: 50, found: 48, mips: 50 },
      { titles: 50, found: 40, mips: 50 },
    ];
    expect(judge(sum(30, 5, 100), probes, gate({ probeTolerance: 0.05 }))).toMatchObject({
      publish: false,
      probe: { titles: 100, found: 88, mips: 100 },
    });
    expect(judge(sum(30, 5, 100), probes, gate({ probeTolerance: 0.12 })).publish).toBe(true);
  });
});
