/** Which regions take part in another operator's collection instead of in their own, and on which terms: the environment says so. */
import type { RosterLimits } from '../../shared/participant/roster-watch.ts';
import type { Allowed, SpellOption } from '../../shared/participant/weak-terms.ts';
import type { Region } from '../../shared/protocol/api/region.ts';
import type { ObjectsEnv } from '../env.ts';
import type { Values } from '../values.ts';
import type { Identity } from './identity.ts';

/** Another operator's collection, the invitation to it, and what is taken beyond the defaults. */
export interface Join {
  url: string;
  invitation: string;
  allowed: Allowed;
  /** Whom it works with. */
  limits: RosterLimits;
  /** What its own noise alone keeps ε below; undefined: it relies on others' noise too. */
  ownEpsilon?: number | undefined;
}

/** The configuration does not fit what this region was invited to. */
export class JoinError extends Error {
  override readonly name = 'JoinError';
}

/** Under this name the region keeps what came of it. */
const STATUS = 'join';

const PREFIX = 'FEDCAR_JOIN_';

/** The variable of an option of `fedcar join`, such as `FEDCAR_JOIN_MAX_EPSILON=8`. */
export const asVariable: SpellOption = (name, value = 1) =>
  `${PREFIX}${name.toUpperCase().replaceAll('-', '_')}=${value}`;

/** Where the environment sends a region: `FEDCAR_JOIN_INVITE` is `region=invitation,…`, or one for the first region. */
export function joinOf(
  env: ObjectsEnv,
  { collection, name, settings }: Pick<Identity, 'collection' | 'name' | 'settings'>,
): Join | null {
  const { FEDCAR_JOIN_URL: url, FEDCAR_JOIN_INVITE: invitations } = env;
  if (!url || !invitations || collection !== 'default') return null;
  for (const entry of invitations.split(',').map((text) => text.trim())) {
    const [region, invitation] = entry.includes('=') ? entry.split('=') : [settings.regions[0], entry];
    if (region === name && invitation !== undefined) return { url, invitation, ...asConfigured(env) };
  }
  return null;
}

/** @throws JoinError for a variable that says nothing clear */
function asConfigured(env: ObjectsEnv): Omit<Join, 'url' | 'invitation'> {
  const only = env.FEDCAR_JOIN_ONLY_MEMBERS;
  return {
    allowed: allowedBy(env),
    limits: {
      maxMembers: numberOf('FEDCAR_JOIN_MAX_MEMBERS', env.FEDCAR_JOIN_MAX_MEMBERS, 4096),
      only: only ? only.split(',').map((name) => name.trim()) : undefined,
    },
    ownEpsilon: numberOf('FEDCAR_JOIN_OWN_EPSILON', env.FEDCAR_JOIN_OWN_EPSILON),
  };
}

function allowedBy(env: ObjectsEnv): Allowed {
  return {
    plain: isSet('FEDCAR_JOIN_ALLOW_PLAIN', env.FEDCAR_JOIN_ALLOW_PLAIN),
    noNoise: isSet('FEDCAR_JOIN_ALLOW_NO_NOISE', env.FEDCAR_JOIN_ALLOW_NO_NOISE),
    sparse: isSet('FEDCAR_JOIN_ALLOW_SPARSE', env.FEDCAR_JOIN_ALLOW_SPARSE),
    maxEpsilon: numberOf('FEDCAR_JOIN_MAX_EPSILON', env.FEDCAR_JOIN_MAX_EPSILON),
    maxDelta: numberOf('FEDCAR_JOIN_MAX_DELTA', env.FEDCAR_JOIN_MAX_DELTA),
    minColluders: countOf('FEDCAR_JOIN_MIN_COLLUDERS', env.FEDCAR_JOIN_MIN_COLLUDERS),
  };
}

function isSet(name: string, text = ''): boolean {
  if (text === '' || text === '0') return false;
  if (text === '1') return true;
  throw new JoinError(`${name}: 1 or nothing, got ${text}`);
}

function numberOf(name: string, text = '', most = 100): number | undefined {
  if (text === '') return undefined;
  const value = Number(text);
  if (value > 0 && value <= most) return value;
  throw new JoinError(`${name}: a number above 0, at most ${most}, got ${text}`);
}

function countOf(name: string, text = ''): number | undefined {
  if (text === '') return undefined;
  if (/^\d{1,4}$/.test(text)) return Number(text);
  throw new JoinError(`${name}: a whole number from 0 to 9999, got ${text}`);
}

/** Keeps what came of joining `hub`, for its operator to see; of a region that takes part in its own rounds nothing. */
export function noteJoin(values: Values, hub: string | undefined, problem: string | null): void {
  const known = joinStatus(values);
  const status: Region['join'] = hub === undefined && problem === null ? null : { hub: hub ?? '', problem };
  if (JSON.stringify(known) !== JSON.stringify(status)) values.set(STATUS, status);
}

export function joinStatus(values: Values): Region['join'] {
  return values.get<NonNullable<Region['join']>>(STATUS);
}
