/**
 * Terms under which a participant's users are protected less than by default: they are taken by whoever asks for them
 * in so many words, and by nobody in silence. Held against signed terms before anything is agreed to.
 */
import type { Terms } from '../protocol/enrolment.ts';
import { PrivacySettings } from '../protocol/privacy-settings.ts';

/** What is taken beyond the defaults. */
export interface Allowed {
  /** That the coordinator sees every vector. */
  plain?: boolean | undefined;
  /** That sums have no noise, and so no bound on what they say of a record. */
  noNoise?: boolean | undefined;
  /** A sparse graph in rosters for which it is not the default: it protects from an honest coordinator only. */
  sparse?: boolean | undefined;
  /** The largest budget of the collection. */
  maxEpsilon?: number | undefined;
  maxDelta?: number | undefined;
  /** The least m of the collection: how many members may collude beside those of the largest operator. */
  minColluders?: number | undefined;
}

/** How an operator asks for an option, such as `--max-epsilon 8`. */
export type SpellOption = (name: string, value?: number) => string;

export const asFlag: SpellOption = (name, value) =>
  value === undefined ? `--${name}` : `--${name} ${value}`;

const {
  epsilon: EPSILON,
  delta: DELTA,
  colluders: COLLUDERS,
  completeUpTo: COMPLETE_UP_TO,
} = PrivacySettings.parse({});

/** Why terms are not taken, with the option that takes them, or null. */
export function weakTerms(
  { privacy }: Pick<Terms, 'privacy'>,
  allowed: Allowed,
  spell: SpellOption,
): string | null {
  const { aggregation, noise, completeUpTo, colluders, epsilon, delta } = privacy;
  const { maxEpsilon = EPSILON, maxDelta = DELTA, minColluders = COLLUDERS } = allowed;
  const unless = (why: string, name: string, value?: number) =>
    `${why}; ${spell(name, value)} takes part all the same`;
  if (aggregation === 'plain' && !allowed.plain)
    return unless('its coordinator sees every vector', 'allow-plain');
  if (noise === 'off' && !allowed.noNoise)
    return unless('noise is off, so nothing bounds what sums say of a record', 'allow-no-noise');
  if (aggregation === 'secure' && completeUpTo < COMPLETE_UP_TO && !allowed.sparse) {
    const why = `the sum protects only from a coordinator that follows the protocol from ${completeUpTo + 1} members on`;
    return unless(`completeUpTo: ${why}, where ${COMPLETE_UP_TO + 1} is the default`, 'allow-sparse');
  }
  if (aggregation === 'secure' && colluders < minColluders) {
    const why = `${colluders} members beside those of the largest operator may collude, where ${minColluders} is the least`;
    return unless(`colluders: ${why}`, 'min-colluders', colluders);
  }
  if (noise === 'off') return null;
  if (epsilon > maxEpsilon)
    return unless(`epsilon: ${epsilon} is above ${maxEpsilon}`, 'max-epsilon', epsilon);
  if (delta > maxDelta) return unless(`delta: ${delta} is above ${maxDelta}`, 'max-delta', delta);
  return null;
}
