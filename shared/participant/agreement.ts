/**
 * What a participant from outside holds every round against: the terms that it agreed to when it enrolled. A
 * coordinator that asks for anything else, be it more or less, is not answered.
 */
import { clipNorms } from '../privacy/clipping.ts';
import { mainFilter, type PrivacyPolicy } from '../privacy/ledger.ts';
import type { Agreement } from '../protocol/enrolment.ts';
import type { RoundSpec } from '../protocol/rounds.ts';
import { GATE_NORM } from '../round/gate-figures.ts';
import { countsShares, type NoisePlan, planNoise, rateOf } from '../round/noise-plan.ts';
import { samplingRateOf } from '../round/secure-round.ts';
import { COUNT_NORM } from '../round/unit-norms.ts';
import { refusalOf } from './refusals.ts';

/** Two computations of one multiplier may differ in their last digits. */
const SAME = 1e-6;

/** What a participant promises its own users; at most what the collection does. */
export interface OwnBudget {
  epsilon: number;
  delta: number;
}

/** Holds rounds against an agreement. Makes the noise plan once. */
export class AgreedRounds {
  readonly #agreement: Agreement;
  readonly #policy: PrivacyPolicy;
  #plans: NoisePlan[] | null = null;

  constructor(agreement: Agreement, budget: OwnBudget) {
    this.#agreement = agreement;
    const { epsilon, delta } = budget;
    const retentionMs = agreement.terms.retentionDays * 86_400_000;
    const order = mainFilter(epsilon, delta, rateOf(agreement.terms.privacy).value);
    const { unit } = agreement.terms.privacy;
    this.#policy = { epsilon, delta, unit, retentionMs, order };
  }

  get policy(): PrivacyPolicy {
    return this.#policy;
  }

  /** Why the round is not as agreed, or null. */
  refuses(spec: RoundSpec): string | null {
    const other = this.#otherThanAgreed(spec);
    return other === null ? null : `round ${spec.id}: ${other}`;
  }

  #otherThanAgreed(spec: RoundSpec): string | null {
    const { collection, terms } = this.#agreement;
    const { privacy } = terms;
    if (spec.aggregation !== privacy.aggregation) {
      return `aggregation: ${spec.aggregation} where ${privacy.aggregation} was agreed`;
    }
    const general = refusalOf(spec, collection, { privacy, regions: [] });
    if (general !== null) return general.slice(general.indexOf(': ') + 2);
    if (privacy.noise === 'off') {
      return spec.noiseMultiplier === 0
        ? null
        : `noiseMultiplier: ${spec.noiseMultiplier} where 0 was agreed`;
    }
    // Which share the counts take of a run follows from its census; the run costs the same whatever it is.
    this.#plans ??= countsShares(privacy).map((share) => planNoise(privacy, terms.retentionDays, share));
    const [plan] = this.#plans as [NoisePlan];
    const kind = spec.kind === 'count' ? 'counts' : spec.kind;
    const census = spec.kind === 'count' && spec.manifest === null;
    if (census && plan.census === null) return 'manifest: null where no census was agreed';
    const agreed = census ? [plan.census!] : this.#plans.map((one) => one[kind]);
    const train = clipNorms(privacy.training.clipNorm, privacy.training.statisticsShare);
    const norm = { counts: COUNT_NORM, gate: GATE_NORM, train: train.total }[kind];
    // A norm that follows a quantile moves; that units keep to it was checked above.
    const fixed = spec.kind !== 'train' || privacy.training.adaptiveClip === null;
    const rate = spec.kind === 'train' ? rateOf(privacy).value : 1;
    return (
      (agreed.some((one) => differs('noiseMultiplier', spec.noiseMultiplier, one) === null)
        ? null
        : differs('noiseMultiplier', spec.noiseMultiplier, agreed[0]!)) ??
      differs('sampling rate', samplingRateOf(spec), rate) ??
      (fixed ? differs('clipNorm', spec.clipNorm, norm) : null) ??
      (fixed && spec.kind === 'train' ? differs('gradientNorm', spec.gradientNorm, train.gradient) : null) ??
      (spec.kind === 'train' && JSON.stringify(spec.adapter) !== JSON.stringify(terms.adapter)
        ? `adapter: ${spec.adapter.kind} is not the one agreed on`
        : null)
    );
  }
}

function differs(what: string, asked: number, agreed: number): string | null {
  return Math.abs(asked - agreed) <= SAME * agreed ? null : `${what}: ${asked} where ${agreed} was agreed`;
}
