/**
 * What a participant checks by itself before it works on a round: its coordinator may be broken or hostile, and what
 * the ledger charges is true only if sum, sample, norms and noise are those that the collection agreed on.
 */
import type { RoundSpec } from '../protocol/rounds.ts';
import type { Roster } from '../protocol/secagg.ts';
import type { CollectionSettings } from '../protocol/settings.ts';
import { figuresNorm } from './figures.ts';

/** A unit counts once, for its row. */
export const COUNT_NORM = 1;
/** A held-out unit is a unit, a win or a loss, and found by at most three retrievers. */
export const GATE_NORM = Math.sqrt(5);

type Agreed = Pick<CollectionSettings, 'privacy' | 'regions'>;

/** One region alone has nobody to hide among. */
export function isSecure({ privacy, regions }: Agreed): boolean {
  return privacy.aggregation === 'secure' && regions.length >= 2;
}

/** Why no participant of the collection should work on this round, or null. */
export function refusalOf(spec: RoundSpec, collection: string, agreed: Agreed): string | null {
  const problem = problemOf(spec, collection, agreed);
  return problem === null ? null : `round ${spec.id}: ${problem}`;
}

function problemOf(spec: RoundSpec, collection: string, agreed: Agreed): string | null {
  if (spec.collection !== collection) return `collection: ${spec.collection} is not ${collection}`;
  if (isSecure(agreed) && spec.aggregation !== 'secure') return 'aggregation: plain where secure was agreed';
  if (agreed.privacy.noise === 'off') return null;
  if (spec.noiseMultiplier === 0) return 'noiseMultiplier: 0 where noise was agreed';
  // Whoever sees a vector by itself sees it with its own noise only. Of a secure sum the roster tells.
  if (spec.aggregation === 'plain' && spec.cohort.members - spec.cohort.colluders > 1) {
    return `cohort: noise for ${spec.cohort.members} members where the sum is plain`;
  }
  const norm = unitNorm(spec);
  // One part in 10⁹ for the rounding of sums of squares.
  if (norm > spec.clipNorm * (1 + 1e-9)) return `clipNorm: ${spec.clipNorm} where a unit may add ${norm}`;
  return null;
}

/**
 * Why a roster, which the admin key signed, does not carry a secure round; null when it does. Noise is split for its
 * n, t and m, and no others.
 */
export function rosterRefusal(
  spec: RoundSpec,
  { members, threshold, colluders }: Pick<Roster, 'members' | 'threshold' | 'colluders'>,
  privacy: Pick<CollectionSettings['privacy'], 'threshold' | 'colluders'>,
): string | null {
  const problem = (detail: string) => `round ${spec.id}: ${detail}`;
  if (colluders < privacy.colluders) {
    return problem(`colluders: the roster bears ${colluders} where ${privacy.colluders} were agreed`);
  }
  if (threshold < (privacy.threshold ?? 0)) {
    return problem(`threshold: the roster has ${threshold} where ${privacy.threshold} was agreed`);
  }
  const roster: [keyof RoundSpec['cohort'], number][] = [
    ['members', members.length],
    ['threshold', threshold],
    ['colluders', colluders],
  ];
  for (const [field, signed] of roster) {
    if (spec.noiseMultiplier > 0 && spec.cohort[field] !== signed) {
      return problem(`cohort: noise for ${spec.cohort[field]} ${field} where the roster has ${signed}`);
    }
  }
  return null;
}

/** The most that one unit can add to the round's vector, in L2 norm; infinite where nothing bounds it. */
function unitNorm(spec: RoundSpec): number {
  if (spec.kind === 'count') return COUNT_NORM;
  if (spec.kind === 'gate') return GATE_NORM;
  // A displacement of several local steps is not a sum over units.
  if (spec.local !== null) return Number.POSITIVE_INFINITY;
  return Math.hypot(spec.gradientNorm, figuresNorm(spec) * spec.statScale);
}
