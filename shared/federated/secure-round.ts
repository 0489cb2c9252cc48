/**
 * What a round of secure aggregation agrees on. Coordinator and participants derive it from the same specification:
 * a coordinator that tells participants different things gets no signatures that fit together.
 */
import { toHex } from '../crypto/bytes.ts';
import { hashJson } from '../crypto/hash.ts';
import type { RoundSpec } from '../protocol/rounds.ts';
import { type Roster, type RoundParameters, SECAGG_PROTOCOL } from '../protocol/secagg.ts';
import { rosterHash } from '../secagg/roster.ts';

/** q of the round's sample: 1 where every unit may be in it with certainty. */
export function samplingRateOf(spec: RoundSpec): number {
  return spec.sample.kind === 'poisson' ? spec.sample.numerator / spec.sample.denominator : 1;
}

/** The snapshot or the parameters that the round is about; for a count, the encoder. */
function modelHash(spec: RoundSpec, encoder: string): string {
  if (spec.kind === 'count') return encoder;
  return spec.kind === 'train' ? spec.state.hash : spec.candidate.hash;
}

/** @param encoder SHA-256 of the encoder's manifest */
export function secureParameters(spec: RoundSpec, roster: Roster, encoder: string): RoundParameters {
  return {
    protocol: SECAGG_PROTOCOL,
    collection: spec.collection,
    round: spec.id,
    rosterHash: rosterHash(roster),
    modelHash: modelHash(spec, encoder),
    taskHash: toHex(hashJson('fedcar task', spec)),
    samplingRate: samplingRateOf(spec),
    noiseMultiplier: spec.noiseMultiplier,
    clipNorm: spec.clipNorm,
    gridStep: spec.gridStep,
    dimension: spec.dimension,
    threshold: roster.threshold,
    colluders: roster.colluders,
    graph: { kind: 'complete', security: 'malicious-server' },
  };
}
