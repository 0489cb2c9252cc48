/** The hash that every message names, and the rules that tie a round's parameters to its roster. */
import { toHex } from '../crypto/bytes.ts';
import { hashJson } from '../crypto/hash.ts';
import { type Roster, type RoundParameters, SECAGG_PROTOCOL } from '../protocol/secagg.ts';
import { refuse } from './errors.ts';
import { rosterHash } from './roster.ts';

export function parametersHash(parameters: RoundParameters): string {
  return toHex(hashJson(`${SECAGG_PROTOCOL} parameters`, parameters));
}

/** @throws ProtocolError when the parameters are not of this roster or their graph cannot exist on it. */
export function checkParameters(parameters: RoundParameters, roster: Roster): void {
  const same = (field: string, got: unknown, expected: unknown) => {
    if (got !== expected) refuse('parameters', `${field}: expected ${expected}, got ${got}`);
  };
  same('collection', parameters.collection, roster.collection);
  same('rosterHash', parameters.rosterHash, rosterHash(roster));
  same('threshold', parameters.threshold, roster.threshold);
  same('colluders', parameters.colluders, roster.colluders);
  const { graph } = parameters;
  if (graph.kind === 'complete') return;
  if (graph.degree % 2 !== 0) refuse('parameters', `degree: ${graph.degree} is odd`);
  if (graph.degree > roster.members.length - 1) {
    refuse('parameters', `degree: ${graph.degree} is above ${roster.members.length - 1} possible neighbours`);
  }
  if (graph.shareThreshold > graph.degree) {
    refuse('parameters', `shareThreshold: ${graph.shareThreshold} is above the degree ${graph.degree}`);
  }
}
