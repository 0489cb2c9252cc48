/**
 * What a participant checks by itself before it works on a round: its coordinator may be broken or hostile, and what
 * the ledger charges is true only if sum, sample, norms and noise are those that the collection agreed on.
 */
import type { RoundSpec } from '../protocol/rounds.ts';
import type { CollectionSettings } from '../protocol/settings.ts';
import { defaultThreshold } from '../secagg/roster.ts';
import { STATS } from './figures.ts';

/** A unit counts once for its row and once as a unit. */
export const COUNT_NORM = Math.SQRT2;
/** A held-out unit is a unit, a win or a loss, and found by at most three retrievers. */
export const GATE_NORM = Math.sqrt(5);

type Agreed = Pick<CollectionSettings, 'privacy' | 'regions'>;

/** h = t − m, over whom the noise is split; 1 where sums are plain. */
export function honestOf({ privacy, regions }: Agreed): number {
  if (!isSecure({ privacy, regions })) return 1;
  return (privacy.threshold ?? defaultThreshold(regions.length)) - privacy.colluders;
}

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
  const honest = honestOf(agreed);
  if (spec.honest > honest) return `honest: ${spec.honest} where noise is split over ${honest} at most`;
  const norm = unitNorm(spec);
  // One part in 10⁹ for the rounding of sums of squares.
  if (norm > spec.clipNorm * (1 + 1e-9)) return `clipNorm: ${spec.clipNorm} where a unit may add ${norm}`;
  return null;
}

/** The most that one unit can add to the round's vector, in L2 norm; infinite where nothing bounds it. */
function unitNorm(spec: RoundSpec): number {
  if (spec.kind === 'count') return COUNT_NORM;
  if (spec.kind === 'gate') return GATE_NORM;
  // A displacement of several local steps is not a sum over units.
  if (spec.local !== null) return Number.POSITIVE_INFINITY;
  return Math.hypot(spec.gradientNorm, Math.sqrt(STATS) * spec.statScale);
}
