/** A participant from outside holds every round against its terms, its budget and what it has charged. */
import { describe, expect, it } from 'vitest';
import { AgreedRounds } from '../../../../shared/participant/agreement.ts';
import { clipNorms } from '../../../../shared/privacy/clipping.ts';
import type { LedgerEntry } from '../../../../shared/privacy/ledger.ts';
import type { Agreement } from '../../../../shared/protocol/enrolment.ts';
import type { RoundSpec } from '../../../../shared/protocol/rounds.ts';
import { CollectionSettings } from '../../../../shared/protocol/settings.ts';
import { planNoise, rateOf } from '../../../../shared/round/noise-plan.ts';
import { chargeOf } from '../../../../shared/round/noised-release.ts';
import { COUNT_NORM, GATE_NORM } from '../../../../shared/round/unit-norms.ts';

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
const gate = { ...all, kind: 'gate', clipNorm: GATE_NORM, noiseMultiplier: plan.gate };
const rounds = new AgreedRounds(agreement, { epsilon: privacy.epsilon, delta: privacy.delta });
const refused = (more: object, entries: LedgerEntry[] = []) => rounds.refuses(round(more), entries, null);

describe('a participant from outside', () => {
  it.each([
    ['train', {}],
    ['count', count],
    ['gate', gate],
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
    expect(other.refuses(round({ ...half, noiseMultiplier }), [], null)).toBeNull();
    expect(other.refuses(round({ ...half, gradientNorm: 1, noiseMultiplier }), [], null)).toContain(
      'may add',
    );
  });

  it('keeps to its own budget, and to serials that were not used', () => {
    const small = new AgreedRounds(agreement, { epsilon: 0.05, delta: privacy.delta });
    expect(small.refuses(round(count), [], null)).toContain('privacy_budget_exceeded at this participant');
    const last = { serial: 5, id: 'r.0' };
    expect(rounds.refuses(round(), [], last)).toContain('serial 5 is not above 5');
    expect(rounds.refuses(round({ serial: 6 }), [], last)).toBeNull();
    // The round that was charged may be asked about again.
    const entry = chargeOf(round()) as LedgerEntry;
    expect(rounds.refuses(round(), [entry], { serial: 5, id: 'r.1' })).toBeNull();
    expect(refused({ startedAt: 1_000_001 }, [{ ...entry, samplingRate: 0.1 }])).toContain('charge_conflict');
  });

  it('has nothing to charge where no noise was agreed, and refuses noise there', () => {
    const quiet = structuredClone(agreement);
    quiet.terms.privacy = { ...privacy, noise: 'off' };
    const other = new AgreedRounds(quiet, { epsilon: 1, delta: 1e-5 });
    expect(other.refuses(round({ noiseMultiplier: 0 }), [], null)).toBeNull();
    expect(other.refuses(round(), [], null)).toContain('where 0 was agreed');
  });
});
