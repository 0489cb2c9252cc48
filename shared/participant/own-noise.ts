/**
 * A participant that does not rely on others' noise alone: what it draws has at least its own share, and a ledger of its
 * own holds what its units would have cost if nobody else had added any.
 */
import { roundGrid } from '../privacy/fixed-point.ts';
import { charge, type LedgerEntry, type PrivacyPolicy } from '../privacy/ledger.ts';
import { noiseParts } from '../privacy/noise-share.ts';
import { ownMultiplier, ownShareSquared, ownVariance } from '../privacy/own-noise.ts';
import type { RoundSpec } from '../protocol/rounds.ts';
import type { Kept, Ledger } from './round-guard.ts';

export class OwnNoise {
  readonly #shareSquared: number;
  readonly #policy: PrivacyPolicy;
  readonly #entries: Kept<LedgerEntry[]>;

  /**
   * @param policy of the participant's budget, whose rounds are charged with everybody's noise
   * @param ownEpsilon what its own noise alone keeps
   * @param entries as they were charged by its own noise alone
   * @throws RangeError for an ε below the budget
   */
  constructor(policy: PrivacyPolicy, ownEpsilon: number, entries: Kept<LedgerEntry[]>) {
    this.#shareSquared = ownShareSquared(policy, ownEpsilon);
    this.#policy = { ...policy, epsilon: ownEpsilon };
    this.#entries = entries;
  }

  /** The least variance of what this participant draws for good, in squared grid steps. */
  variance({ noiseMultiplier, dimension, clipNorm }: RoundSpec): bigint {
    if (noiseMultiplier === 0) return 0n;
    return ownVariance(ownMultiplier(noiseMultiplier, this.#shareSquared), roundGrid(dimension, clipNorm));
  }

  /** How much more than its part of the round's noise it adds, as a multiple of the variance that is charged; at most 1. */
  extra(spec: RoundSpec): number {
    const { noiseMultiplier, dimension, clipNorm, cohort } = spec;
    if (noiseMultiplier === 0) return 0;
    const grid = roundGrid(dimension, clipNorm);
    const [kept] = noiseParts(noiseMultiplier, grid, cohort);
    const more = Number(this.variance(spec)) - Number(kept.numerator) / Number(kept.denominator);
    return Math.min(1, Math.max(0, more / (noiseMultiplier ** 2 * grid.sensitivitySquared)));
  }

  /** A ledger that admits what both admit. */
  over(ledger: Ledger): Ledger {
    return {
      refuses: (entry) => ledger.refuses(entry) ?? this.#charge(entry, false),
      // What nobody else's noise protects is on record first: both were asked before.
      charge: (entry) => ledger.refuses(entry) ?? this.#charge(entry, true) ?? ledger.charge(entry),
    };
  }

  #charge(entry: LedgerEntry, keep: boolean): string | null {
    const alone = { ...entry, noiseMultiplier: ownMultiplier(entry.noiseMultiplier, this.#shareSquared) };
    const entries = (this.#entries.get() ?? []).filter(
      ({ atMs }) => atMs >= entry.atMs - 2 * this.#policy.retentionMs,
    );
    // One that was charged under another figure stays as it was.
    const known = entries.find(({ round, kind }) => round === entry.round && kind === entry.kind);
    if (known !== undefined && known.task === entry.task) return null;
    const result = charge(this.#policy, entries, alone);
    if (!result.ok) return `own noise: ${result.code}`;
    if (keep) this.#entries.set([...entries, alone]);
    return null;
  }
}
