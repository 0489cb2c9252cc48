/**
 * What a participant checks by itself before it works on a round: its coordinator may be broken or hostile, and what
 * the ledger charges is true only if sum, sample, norms and noise are those that the collection agreed on.
 */
import { MOST_COORDINATES } from '../protocol/round-limits.ts';
import type { RoundSpec } from '../protocol/rounds.ts';
import type { Roster } from '../protocol/secagg.ts';
import type { CollectionSettings } from '../protocol/settings.ts';
import { rowsStay } from '../round/run-plan.ts';
import { isSecure } from '../round/secure-round.ts';
import { unitNorm } from '../round/unit-norms.ts';
import { leastColluders } from '../secagg/operators.ts';

type Agreed = Pick<CollectionSettings, 'privacy' | 'regions'>;

/** Why no participant of the collection should work on this round, or null. */
export function refusalOf(spec: RoundSpec, collection: string, agreed: Agreed): string | null {
  const problem = problemOf(spec, collection, agreed);
  return problem === null ? null : `round ${spec.id}: ${problem}`;
}

function problemOf(spec: RoundSpec, collection: string, agreed: Agreed): string | null {
  if (spec.collection !== collection) return `collection: ${spec.collection} is not ${collection}`;
  if (isSecure(agreed) && spec.aggregation !== 'secure') return 'aggregation: plain where secure was agreed';
  if (spec.dimension > MOST_COORDINATES)
    return `dimension: ${spec.dimension} coordinates, where a round has at most ${MOST_COORDINATES}`;
  if (spec.from > spec.startedAt) return `from: ${spec.from} is after startedAt, ${spec.startedAt}`;
  const unplanned = unplannedPart(spec);
  if (unplanned !== null) return unplanned;
  if (agreed.privacy.noise === 'off') return null;
  if (spec.noiseMultiplier === 0) return 'noiseMultiplier: 0 where noise was agreed';
  if (spec.kind === 'gate' && spec.tried.some(({ everyone }) => everyone))
    return 'tried: units that train are asked where noise was agreed';
  // Whoever sees a vector by itself sees it with its own noise only. Of a secure sum the roster tells.
  if (spec.aggregation === 'plain' && spec.cohort.members - spec.cohort.colluders > 1) {
    return `cohort: noise for ${spec.cohort.members} members where the sum is plain`;
  }
  const norm = unitNorm(spec);
  // One part in 10⁹ for the rounding of sums of squares.
  if (norm > spec.clipNorm * (1 + 1e-9)) return `clipNorm: ${spec.clipNorm} where a unit may add ${norm}`;
  return null;
}

/** The plan's public rule, which every participant holds a round against: rows stay where they outnumber units. */
function unplannedPart(spec: RoundSpec): string | null {
  if (spec.kind !== 'train' || spec.train !== 'adapter') return null;
  const { activeRows, batch } = spec;
  if (spec.local === null && batch !== null && rowsStay(activeRows, batch)) return null;
  return `train: the adapter alone, with ${activeRows} rows and rounds of ${batch ?? 'all'} units`;
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
  const least = leastColluders({ members }, privacy.colluders);
  if (colluders < least) {
    const why =
      least === privacy.colluders ? 'were agreed' : 'are due, with the members of its largest operator';
    return problem(`colluders: the roster bears ${colluders} where ${least} ${why}`);
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
