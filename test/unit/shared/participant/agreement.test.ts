/** A participant from outside holds every round against its terms. */
import { describe, expect, it } from 'vitest';
import { AgreedRounds } from '../../../../shared/participant/agreement.ts';
import { clipNorms } from '../../../../shared/privacy/clipping.ts';
import type { Agreement } from '../../../../shared/protocol/enrolment.ts';
import type { RoundSpec } from '../../../../shared/protocol/rounds.ts';
import { CollectionSettings } from '../../../../shared/protocol/settings.ts';
import { GATE_NORM } from '../../../../shared/round/gate-figures.ts';
import { planNoise, rateOf } from '../../../../shared/round/noise-plan.ts';
import { COUNT_NORM } from '../../../../shared/round/unit-norms.ts';

const settings = CollectionSettings.parse({ privacy: { training: { samplingRate: 0.5, steps: 20 } } });
const { adapter, privacy, heldOutShare, retentionDays } = settings;
const agreement: Agreement = {
  collection: 'health',
  name: 'clinic-a',
  admin_key: 'A'.repeat(43),
  model: { name: 'tiny', sha256: '0'.repeat(64) },
  terms: { adapter, privacy, heldOutShare, retentionDays },
};
const plan = planNoise(privacy, retentionDays);
const clip = clipNorms(privacy.training.clipNorm, privacy.training.statisticsShare);
const { numerator, denominator } = rateOf(privacy);
const round = (more: object = {}): RoundSpec =>
  ({
    id: 'r.1',
    collection: 'health',
    kind: 'train',
    train: 'head',
    adapter,
    local: null,
    sample: { kind: 'poisson', numerator, denominator },
    clipNorm: clip.total,
    gradientNorm: clip.gradient,
    statScale: clip.statistics / Math.sqrt(3),
    adaptiveClip: false,
    noiseMultiplier: plan.train,
    cohort: { members: 3, threshold: 3, colluders: 1 },
    aggregation: 'secure',
    serial: 5,
    startedAt: 1_000_000,
    ...more,
  }) as unknown as RoundSpec;
const all = { sample: { kind: 'all' } };
const count = { ...all, kind: 'count', clipNorm: COUNT_NORM, noiseMultiplier: plan.counts };
const gate = { ...all, kind: 'gate', tried: [], clipNorm: GATE_NORM, noiseMultiplier: plan.gate };
const rounds = new AgreedRounds(agreement, { epsilon: privacy.epsilon, delta: privacy.delta });
const refused = (more: object) => rounds.refuses(round(more));

describe('a participant from outside', () => {
  it.each([
    ['train', {}],
    ['count', count],
    ['gate', gate],
    [
      'count that takes half of the run',
      { ...count, noiseMultiplier: planNoise(privacy, retentionDays, 0.5).counts },
    ],
    ['train after such a count', { noiseMultiplier: planNoise(privacy, retentionDays, 0.5).train }],
  ])('takes part in a %s round as agreed', (_, more) => {
    expect(refused(more)).toBeNull();
  });

  it.each([
    ['another collection', { collection: 'other' }, 'collection: other'],
    ['a plain sum', { aggregation: 'plain' }, 'aggregation: plain where secure'],
    ['no noise', { noiseMultiplier: 0 }, 'noiseMultiplier: 0'],
    ['less noise', { noiseMultiplier: plan.train * 0.99 }, 'noiseMultiplier'],
    ['more noise', { noiseMultiplier: plan.train * 1.01 }, 'noiseMultiplier'],
    ['less noise on counts', { ...count, noiseMultiplier: plan.train }, 'noiseMultiplier'],
    ['another clip norm', { clipNorm: 2 * clip.total }, 'clipNorm'],
    ['another gradient norm', { gradientNorm: clip.gradient / 2 }, 'gradientNorm'],
    ['a larger sample', { ...all }, 'sampling rate: 1 where 0.5'],
    ['local steps', { local: { rate: 0.1, momentum: 0, batch: 8 } }, 'a unit may add Infinity'],
    ['another adapter', { adapter: { kind: 'none' } }, 'adapter: none'],
  ])('stays out of a round with %s', (_, more, detail) => {
    expect(refused(more)).toMatch(/^round r\.1: /);
    expect(refused(more)).toContain(detail);
  });

  it('follows a clip norm that moves where that was agreed, never past what units keep to', () => {
    const moving = structuredClone(agreement);
    moving.terms.privacy = CollectionSettings.parse({
      privacy: { training: { samplingRate: 0.5, steps: 20, adaptiveClip: {} } },
    }).privacy;
    const other = new AgreedRounds(moving, { epsilon: privacy.epsilon, delta: privacy.delta });
    const half = { clipNorm: clip.total / 2, gradientNorm: clip.gradient / 2, statScale: 0.01 };
    const noiseMultiplier = planNoise(moving.terms.privacy, retentionDays).train;
    expect(other.refuses(round({ ...half, noiseMultiplier }))).toBeNull();
    expect(other.refuses(round({ ...half, gradientNorm: 1, noiseMultiplier }))).toContain('may add');
  });

  it('has nothing to charge where no noise was agreed, and refuses noise there', () => {
    const quiet = structuredClone(agreement);
    quiet.terms.privacy = { ...privacy, noise: 'off' };
    const other = new AgreedRounds(quiet, { epsilon: 1, delta: 1e-5 });
    expect(other.refuses(round({ noiseMultiplier: 0 }))).toBeNull();
    expect(other.refuses(round())).toContain('where 0 was agreed');
  });
});
