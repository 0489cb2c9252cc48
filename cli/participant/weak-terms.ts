/**
 * Terms under which a participant's users are protected less than by default: they are taken by whoever asks for them
 * in so many words, and by nobody in silence. Held against what a service answers before anything is agreed to.
 */
import type { Agreement } from '../../shared/protocol/enrolment.ts';
import { PrivacySettings } from '../../shared/protocol/privacy-settings.ts';

/** What is taken beyond the defaults. */
export interface Allowed {
  /** That the coordinator sees every vector. */
  plain?: boolean;
  /** That sums have no noise, and so no bound on what they say of a record. */
  noNoise?: boolean;
  /** A sparse graph in rosters for which it is not the default: it protects from an honest coordinator only. */
  sparse?: boolean;
  /** The largest budget of the collection. */
  maxEpsilon?: number | undefined;
  maxDelta?: number | undefined;
}

const { epsilon: EPSILON, delta: DELTA, completeUpTo: COMPLETE_UP_TO } = PrivacySettings.parse({});

/** Why terms are not taken, with the option that takes them, or null. */
export function weakTerms({ terms: { privacy } }: Pick<Agreement, 'terms'>, allowed: Allowed): string | null {
  const { aggregation, noise, completeUpTo, epsilon, delta } = privacy;
  const { maxEpsilon = EPSILON, maxDelta = DELTA } = allowed;
  if (aggregation === 'plain' && !allowed.plain)
    return 'its coordinator sees every vector; --allow-plain takes part all the same';
  if (noise === 'off' && !allowed.noNoise)
    return 'noise is off, so nothing bounds what sums say of a record; --allow-no-noise takes part all the same';
  if (aggregation === 'secure' && completeUpTo < COMPLETE_UP_TO && !allowed.sparse)
    return `completeUpTo: the sum protects only from a coordinator that follows the protocol from ${completeUpTo + 1} members on, where ${COMPLETE_UP_TO + 1} is the default; --allow-sparse takes part all the same`;
  if (noise === 'off') return null;
  if (epsilon > maxEpsilon)
    return `epsilon: ${epsilon} is above ${maxEpsilon}; --max-epsilon ${epsilon} takes part all the same`;
  if (delta > maxDelta)
    return `delta: ${delta} is above ${maxDelta}; --max-delta ${delta} takes part all the same`;
  return null;
}
