/**
 * An issuer's public keys (JWK sets, RFC 7517), in the isolate's memory. Read again when they are old and when a token
 * names a key that is not among them, but never more often than once in COOLDOWN_MS, whatever tokens come. Where the
 * issuer is away the keys that are known serve on, for a bounded time. jose's own remote set shares a promise between
 * requests, which the runtime does not allow.
 */
import { z } from 'zod';
import type { SingleFlight } from '../single-flight.ts';
import type { OidcSettings } from './oidc-settings.ts';

export const FRESH_MS = 600_000;
export const HARD_MS = 3_600_000;
export const COOLDOWN_MS = 30_000;
const PATIENCE_MS = 5_000;
const MAX_CHARACTERS = 256_000;

export const KeySet = z.looseObject({
  keys: z.array(z.looseObject({ kty: z.string(), kid: z.string().optional() })).max(100),
});
export type KeySet = z.infer<typeof KeySet>;
const Discovery = z.looseObject({ issuer: z.string(), jwks_uri: z.url() });

/** The issuer cannot be asked, and nothing that is known will do. */
export class KeysAway extends Error {
  override readonly name = 'KeysAway';
}

interface Known {
  set: KeySet | null;
  readAt: number;
  triedAt: number;
}

export class IssuerKeys {
  readonly #known = new Map<string, Known>();
  readonly #now: () => number;
  readonly #flights: SingleFlight;

  constructor(options: { now: () => number; flights: SingleFlight }) {
    this.#now = options.now;
    this.#flights = options.flights;
  }

  /** @param kid of the key that is wanted. @throws KeysAway */
  async of(settings: OidcSettings, kid: string | undefined): Promise<KeySet> {
    const name = `${settings.issuer} ${settings.keys ?? ''}`;
    const usable = () => this.#usable(name, kid);
    return (
      usable() ??
      (await this.#flights.run(`keys of ${name}`, usable, async () => {
        await this.#read(name, settings);
        const known = this.#known.get(name)!;
        if (known.set === null || this.#now() - known.readAt >= HARD_MS)
          throw new KeysAway(`the keys of ${settings.issuer} cannot be read`);
        return known.set;
      }))
    );
  }

  #usable(name: string, kid: string | undefined): KeySet | undefined {
    const known = this.#known.get(name);
    if (known === undefined) return undefined;
    const age = this.#now() - known.readAt;
    const waits = this.#now() - known.triedAt < COOLDOWN_MS;
    if (known.set === null || age >= HARD_MS) {
      if (waits) throw new KeysAway('the issuer’s keys could not be read a moment ago');
      return undefined;
    }
    const has = kid === undefined || known.set.keys.some((key) => key.kid === kid);
    return waits || (has && age < FRESH_MS) ? known.set : undefined;
  }

  /** Leaves what is known where the issuer is away. */
  async #read(name: string, settings: OidcSettings): Promise<void> {
    const before = this.#known.get(name);
    const triedAt = this.#now();
    try {
      const set = KeySet.parse(await fetched(await addressOf(settings)));
      this.#known.set(name, { set, readAt: this.#now(), triedAt });
    } catch {
      this.#known.set(name, { set: before?.set ?? null, readAt: before?.readAt ?? 0, triedAt });
    }
  }
}

async function addressOf({ issuer, keys }: OidcSettings): Promise<string> {
  if (keys !== undefined) return keys;
  const base = issuer.replace(/\/$/, '');
  if (new URL(issuer).hostname.endsWith('.cloudflareaccess.com')) return `${base}/cdn-cgi/access/certs`;
  const found = Discovery.parse(await fetched(`${base}/.well-known/openid-configuration`));
  // OpenID Connect Discovery, section 4.3: or somebody else’s keys would count.
  if (found.issuer !== issuer) throw new TypeError('the discovery document is of another issuer');
  return found.jwks_uri;
}

async function fetched(address: string): Promise<unknown> {
  const response = await fetch(address, {
    headers: { accept: 'application/json' },
    redirect: 'manual',
    signal: AbortSignal.timeout(PATIENCE_MS),
  });
  const text = response.ok ? await response.text() : '';
  if (text === '' || text.length > MAX_CHARACTERS) throw new TypeError('no key set');
  return JSON.parse(text);
}
