import { describe, expect, it } from 'vitest';
import { refusalOf, rosterRefusal } from '../../../../shared/participant/refusals.ts';
import { clipNorms } from '../../../../shared/privacy/clipping.ts';
import type { RoundSpec, TrainRound } from '../../../../shared/protocol/rounds.ts';
import { CollectionSettings } from '../../../../shared/protocol/settings.ts';
import { GATE_NORM } from '../../../../shared/round/gate-figures.ts';
import { COUNT_NORM } from '../../../../shared/round/unit-norms.ts';

const agreed = CollectionSettings.parse({ regions: ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'] });
const clip = clipNorms(1, 0.01);
const round = (more: object): RoundSpec =>
  ({
    id: 'r.1',
    collection: 'c',
    kind: 'train',
    sample: { kind: 'poisson', numerator: 1, denominator: 4 },
    local: null,
    clipNorm: clip.total,
    gradientNorm: clip.gradient,
    statScale: clip.statistics / Math.sqrt(3),
    noiseMultiplier: 4,
    cohort: { members: 8, threshold: 6, colluders: 1 },
    aggregation: 'secure',
    ...more,
  }) as unknown as TrainRound;

describe('a participant', () => {
  it.each([
    ['a train round', {}],
    ['a counting round', { kind: 'count', clipNorm: COUNT_NORM }],
    [
      'a train round whose clip norm adapts',
      { adaptiveClip: true, statScale: clip.statistics / Math.sqrt(3.25) },
    ],
    ['a gate', { kind: 'gate', clipNorm: GATE_NORM, tried: [] }],
  ])('works on %s as agreed', (_, more) => {
    expect(refusalOf(round(more), 'c', agreed)).toBeNull();
  });

  it.each([
    ['another collection', { collection: 'd' }, 'collection: d is not c'],
    ['a plain sum', { aggregation: 'plain' }, 'plain where secure was agreed'],
    ['no noise', { noiseMultiplier: 0 }, '0 where noise was agreed'],
    ['a gradient above the norm', { gradientNorm: 2 }, 'where a unit may add'],
    ['figures above the norm', { statScale: 0.5 }, 'where a unit may add'],
    ['a fourth figure without room for it', { adaptiveClip: true }, 'where a unit may add'],
    [
      'units that count for several',
      { sample: { kind: 'part', seed: 1, part: 0, parts: 9, leastChance: 0.5 } },
      'where a unit may add 2',
    ],
    ['local steps', { local: { rate: 0.1, momentum: 0, batch: 8 } }, 'a unit may add Infinity'],
    ['a narrow count', { kind: 'count', clipNorm: 0.9 }, 'where a unit may add'],
    [
      'a gate that units which train are asked in',
      { kind: 'gate', clipNorm: GATE_NORM, tried: [{ everyone: false }, { everyone: true }] },
      'tried: units that train',
    ],
    ['a narrow gate', { kind: 'gate', clipNorm: 1.99, tried: [] }, 'where a unit may add'],
  ])('refuses %s', (_, more, detail) => {
    expect(refusalOf(round(more), 'c', agreed)).toMatch(/^round r\.1: /);
    expect(refusalOf(round(more), 'c', agreed)).toContain(detail);
  });

  it('trains the adapter alone only where rows outnumber the units of a round', () => {
    const plain = CollectionSettings.parse({ regions: ['a'], privacy: { noise: 'off' } });
    const alone = (more: object) =>
      refusalOf(round({ train: 'adapter', activeRows: 300, ...more }), 'c', plain);
    expect(alone({ batch: 256 })).toBeNull();
    expect(alone({ batch: 300 })).toContain(
      'train: the adapter alone, with 300 rows and rounds of 300 units',
    );
    expect(alone({ batch: null })).toContain('rounds of all units');
  });

  const members = Array.from({ length: 8 }, (_, i) => ({ id: `r${i}`, key: 'k', operator: '@deployment' }));
  const cohort = { members: 8, threshold: 6, colluders: 1 };

  it.each(['members', 'threshold', 'colluders'] as const)(
    'refuses noise that is split for other %s than the roster has',
    (field) => {
      const roster = { members, threshold: 6, colluders: 1 };
      expect(rosterRefusal(round({}), roster, agreed.privacy)).toBeNull();
      const other = { cohort: { ...cohort, [field]: cohort[field] + 1 } };
      expect(rosterRefusal(round(other), roster, agreed.privacy)).toContain(
        `cohort: noise for ${cohort[field] + 1} ${field} where the roster has ${cohort[field]}`,
      );
      expect(rosterRefusal(round({ ...other, noiseMultiplier: 0 }), roster, agreed.privacy)).toBeNull();
    },
  );

  it('refuses a part of the noise where the sum is plain', () => {
    const alone = CollectionSettings.parse({ regions: ['a'] });
    const two = { members: 2, threshold: 2, colluders: 0 };
    expect(refusalOf(round({ aggregation: 'plain', cohort: two }), 'c', alone)).toContain('sum is plain');
    const one = { members: 1, threshold: 1, colluders: 0 };
    expect(refusalOf(round({ aggregation: 'plain', cohort: one }), 'c', alone)).toBeNull();
  });

  it.each([
    ['fewer colluders', { threshold: 6, colluders: 0 }, 'bears 0 where 1 were agreed'],
    ['a lower threshold', { threshold: 5, colluders: 1 }, 'has 5 where 6 was agreed'],
  ])('refuses a roster with %s than agreed', (_, roster, detail) => {
    const signed = { members, ...roster };
    expect(rosterRefusal(round({}), signed, { threshold: 6, colluders: 1 })).toContain(detail);
  });

  it('refuses a roster whose largest operator could collude with more than it bears', () => {
    const own = members.map((member, i) => ({ ...member, operator: i < 5 ? '@deployment' : member.id }));
    const refusal = (colluders: number) =>
      rosterRefusal(round({ noiseMultiplier: 0 }), { members: own, threshold: 8, colluders }, agreed.privacy);
    expect(refusal(5)).toContain('bears 5 where 6 are due');
    expect(refusal(6)).toBeNull();
  });

  it('asks for no noise where none was agreed', () => {
    const plain = CollectionSettings.parse({ regions: ['a'], privacy: { noise: 'off' } });
    expect(refusalOf(round({ aggregation: 'plain', noiseMultiplier: 0 }), 'c', plain)).toBeNull();
  });
});
