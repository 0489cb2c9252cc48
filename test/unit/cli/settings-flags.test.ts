import { describe, expect, it } from 'vitest';
import { settingsFrom } from '../../../cli/settings-flags.ts';

describe('--set', () => {
  it('changes single settings and keeps the defaults', () => {
    const settings = settingsFrom(['training.temperature=10', 'adapter.kind=none', 'heldOutShare=0'], {
      regions: ['weur'],
    });
    expect(settings).toMatchObject({ adapter: { kind: 'none' }, heldOutShare: 0, regions: ['weur'] });
    expect(settings.training.temperature).toBe(10);
    expect(settings.training.clipNorm).toBe(settingsFrom([]).training.clipNorm);
  });

  it('leads into lists', () => {
    const [first, second] = settingsFrom(['training.phases.0.passes=3']).training.phases;
    expect(first?.passes).toBe(3);
    expect(second).toEqual(settingsFrom([]).training.phases[1]);
  });

  it('takes lists and objects as JSON', () => {
    const settings = settingsFrom(['regions=["a","b"]', 'adapter={"kind":"low-rank","rank":8}']);
    expect(settings.regions).toEqual(['a', 'b']);
    expect(settings.adapter).toEqual({ kind: 'low-rank', rank: 8 });
  });

  it.each([
    ['training.epocs=3', /training\.epocs/],
    ['heldOutShare=0.9', /heldOutShare.*0\.5/],
    ['regions=weur', /regions/],
    ['heldOutShare', /path=value/],
    ['=3', /path=value/],
  ])('refuses %s and says why', (assignment, why) => {
    expect(() => settingsFrom([assignment])).toThrow(why);
  });
});
