/**
 * What a round of secure aggregation agrees on. Coordinator and participants derive it from the same specification:
 * a coordinator that tells participants different things gets no signatures that fit together.
 */
import { type Bytes, toHex } from '../crypto/bytes.ts';
import { hashJson } from '../crypto/hash.ts';
import type { RoundSpec } from '../protocol/rounds.ts';
import {
  type AggregationGraph,
  type Roster,
  type RoundParameters,
  SECAGG_PROTOCOL,
} from '../protocol/secagg.ts';
import type { CollectionSettings } from '../protocol/settings.ts';
import { chooseGraph } from '../secagg/graph-bounds.ts';
import { rosterHash } from '../secagg/roster.ts';

/** One region alone has nobody to hide among. */
export function isSecure({ privacy, regions }: Pick<CollectionSettings, 'privacy' | 'regions'>): boolean {
  return privacy.aggregation === 'secure' && regions.length >= 2;
}

/** q of the round's sample: 1 where every unit may be in it with certainty. */
export function samplingRateOf(spec: RoundSpec): number {
  return spec.sample.kind === 'poisson' ? spec.sample.numerator / spec.sample.denominator : 1;
}

/** SHA-256 of everything that a round asks, 64 hex digits: the same for who is asked the same. */
export function taskOf(spec: RoundSpec): string {
  return toHex(hashJson('fedcar task', spec));
}

/** The snapshot or the rows that the round is about; for a count, the encoder. All else is in the task's hash. */
export function modelHash(spec: RoundSpec, encoder: string): string {
  if (spec.kind === 'count') return encoder;
  return spec.kind === 'train' ? spec.rows.hash : spec.candidate.hash;
}

/** What privacy and success of a sparse round may fail with: 2⁻⁴⁰ and 2⁻²⁰, by custom. */
const SECURITY_BITS = 40;
const CORRECTNESS_BITS = 20;

/**
 * Who shares secrets with whom among the members of a roster: m may collude, all but t may vanish.
 * @param seed orders the ring of a sparse graph, 32 bytes
 */
export function graphOf(
  { members, threshold, colluders }: Pick<Roster, 'members' | 'threshold' | 'colluders'>,
  completeUpTo: number,
  seed: Bytes,
): AggregationGraph {
  const demand = {
    members: members.length,
    corrupt: colluders,
    dropped: members.length - threshold,
    securityBits: SECURITY_BITS,
    correctnessBits: CORRECTNESS_BITS,
  };
  return chooseGraph(demand, completeUpTo, () => seed);
}

/**
 * The seed of a sparse graph is a hash of the task and the roster: everybody derives it, so that nobody is told one that
 * was chosen to surround a member.
 * @param encoder SHA-256 of the encoder's manifest
 * @param completeUpTo agreed: up to so many members the graph is complete
 */
export function secureParameters(
  spec: RoundSpec,
  roster: Roster,
  encoder: string,
  completeUpTo: number,
): RoundParameters {
  const signedRoster = rosterHash(roster);
  const task = taskOf(spec);
  return {
    protocol: SECAGG_PROTOCOL,
    collection: spec.collection,
    round: spec.id,
    rosterHash: signedRoster,
    modelHash: modelHash(spec, encoder),
    taskHash: task,
    samplingRate: samplingRateOf(spec),
    noiseMultiplier: spec.noiseMultiplier,
    clipNorm: spec.clipNorm,
    gridStep: spec.gridStep,
    dimension: spec.dimension,
    bits: spec.bits,
    threshold: roster.threshold,
    colluders: roster.colluders,
    graph: graphOf(roster, completeUpTo, hashJson('fedcar ring', [spec.id, signedRoster, task])),
  };
}
