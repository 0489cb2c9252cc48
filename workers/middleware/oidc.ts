/**
 * Sign-ins of an OpenID Connect issuer as a way in, beside tokens: a signed JWT (RFC 7519) whose issuer, audience and
 * times are right, turned into a principal by the operator's rules. Invariants: only public-key algorithms count, so
 * that neither `none` nor a key that everybody knows makes a token; what a refusal says does not tell why.
 */
import { createLocalJWKSet, decodeProtectedHeader, errors, type JWTPayload, jwtVerify } from 'jose';
import { toBase64Url, utf8 } from '../../shared/crypto/bytes.ts';
import { sha256 } from '../../shared/crypto/hash.ts';
import type { Env } from '../env.ts';
import type { SingleFlight } from '../single-flight.ts';
import { IssuerKeys } from './oidc-keys.ts';
import { allowed, type OidcSettings, oidcSettings } from './oidc-settings.ts';
import type { Principal } from './principal.ts';

const ALGORITHMS = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
];
/** Clocks of issuers and of the platform may differ by it. */
export const CLOCK_TOLERANCE_S = 60;
/** A good token is not checked again for so long; a rule or a key that is taken back counts after it. */
export const REMEMBERED_MS = 60_000;
const CAPACITY = 2_000;
const MAX_LENGTH = 16_384;

export type Person = Extract<Principal, { kind: 'person' }>;

export class SignIns {
  readonly #keys: IssuerKeys;
  readonly #now: () => number;
  readonly #good = new Map<string, { person: Person; until: number }>();

  constructor(options: { now: () => number; flights: SingleFlight }) {
    this.#keys = new IssuerKeys(options);
    this.#now = options.now;
  }

  /** Whether the token was good a moment ago. */
  known(token: string, { FEDCAR_OIDC }: Pick<Env, 'FEDCAR_OIDC'>): Person | undefined {
    const entry = this.#good.get(keyOf(token, FEDCAR_OIDC));
    return entry !== undefined && entry.until > this.#now() ? entry.person : undefined;
  }

  /**
   * Who bears the token; null for one that is not good.
   * @throws KeysAway when the issuer's keys cannot be had; TypeError for settings that cannot be used
   */
  async person(token: string, env: Pick<Env, 'FEDCAR_OIDC'>): Promise<Person | null> {
    if (env.FEDCAR_OIDC === undefined || token.length > MAX_LENGTH) return null;
    const settings = oidcSettings(env.FEDCAR_OIDC);
    const known = this.known(token, env);
    if (known !== undefined) return known;
    const claims = await this.#claims(token, settings);
    if (claims === null) return null;
    const rule = allowed(claims, settings);
    // Somebody whom no rule speaks of is known, and may do nothing.
    const { scopes, collections } = rule ?? { scopes: [], collections: [] };
    const id = `person:${hashOf(`${settings.issuer} ${claims.sub}`).slice(0, 16)}`;
    const person: Person = { kind: 'person', id, scopes, collections };
    const until = Math.min(this.#now() + REMEMBERED_MS, (claims.exp! + CLOCK_TOLERANCE_S) * 1000);
    if (this.#good.size >= CAPACITY) this.#good.delete(this.#good.keys().next().value!);
    this.#good.set(keyOf(token, env.FEDCAR_OIDC), { person, until });
    return person;
  }

  async #claims(token: string, settings: OidcSettings): Promise<JWTPayload | null> {
    const header = headerOf(token);
    if (header === null || !ALGORITHMS.includes(header.alg ?? '')) return null;
    const set = createLocalJWKSet(await this.#keys.of(settings, header.kid));
    try {
      const { payload } = await jwtVerify(token, set, {
        issuer: settings.issuer,
        audience: settings.audience,
        algorithms: ALGORITHMS,
        clockTolerance: CLOCK_TOLERANCE_S,
        currentDate: new Date(this.#now()),
        requiredClaims: ['sub', 'exp'],
      });
      return payload;
    } catch (error) {
      if (error instanceof errors.JOSEError || error instanceof TypeError) return null;
      throw error;
    }
  }
}

/** Whether what was shown is a JWT at all: tokens of the deployment never are. */
export const isJwt = (text: string): boolean => /^ey[\w-]+\.[\w-]+\.[\w-]*$/.test(text);

function headerOf(token: string) {
  try {
    return decodeProtectedHeader(token);
  } catch {
    return null;
  }
}

/** Other settings are other rules. */
const keyOf = (token: string, settings = '') => hashOf(`${token} ${settings}`);
const hashOf = (text: string) => toBase64Url(sha256(utf8(text)));
