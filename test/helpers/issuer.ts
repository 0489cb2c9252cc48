/** An OpenID Connect issuer on this machine: discovery, keys that can be rotated, tokens of every kind, bad ones too. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, exportSPKI, generateKeyPair, type JWK, type JWTPayload, SignJWT } from 'jose';

export const AUDIENCE = 'fedcar-of-a-test';
type Pair = Awaited<ReturnType<typeof generateKeyPair>>;

export interface Issuer {
  url: string;
  /** How often the keys were asked for. */
  asked: number;
  /** Answers 503 to everything. */
  away: boolean;
  /** What the discovery document says of itself; its address unless set. */
  claims: string | null;
  sign(claims?: JWTPayload, options?: Signing): Promise<string>;
  /** As an attacker makes it who knows the public key. */
  signWithPublicKey(claims?: JWTPayload): Promise<string>;
  unsigned(claims?: JWTPayload): string;
  /** A new key; the old one is gone. */
  rotate(algorithm?: string): Promise<void>;
  close(): Promise<void>;
}

interface Signing {
  /** Seconds from now. */
  expires?: number;
  notBefore?: number;
  /** Another's key under this one's name. */
  key?: Pair['privateKey'];
  kid?: string;
}

export async function startIssuer(now: () => number = () => Date.now()): Promise<Issuer> {
  let pair: Pair;
  let algorithm = 'RS256';
  let kid = '';
  let keys: JWK[] = [];
  const server = createServer((request, response) => {
    if (request.url === '/keys') issuer.asked += 1;
    const json = (value: unknown) => {
      response.writeHead(issuer.away ? 503 : 200, { 'content-type': 'application/json' });
      response.end(JSON.stringify(value));
    };
    if (request.url === '/keys') return json({ keys });
    json({ issuer: issuer.claims ?? issuer.url, jwks_uri: `${issuer.url}/keys` });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const whole = (claims: JWTPayload, { expires = 600, notBefore }: Signing = {}): JWTPayload => {
    const seconds = Math.floor(now() / 1000);
    return {
      iss: issuer.url,
      aud: AUDIENCE,
      sub: 'somebody',
      email: 'ada@shop.example',
      exp: seconds + expires,
      ...(notBefore === undefined ? {} : { nbf: seconds + notBefore }),
      ...claims,
    };
  };
  const issuer: Issuer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked: 0,
    away: false,
    claims: null,
    sign: (claims = {}, options = {}) =>
      new SignJWT(whole(claims, options))
        .setProtectedHeader({ alg: algorithm, kid: options.kid ?? kid })
        .sign(options.key ?? pair.privateKey),
    async signWithPublicKey(claims = {}) {
      const known = new TextEncoder().encode(await exportSPKI(pair.publicKey));
      return await new SignJWT(whole(claims)).setProtectedHeader({ alg: 'HS256', kid }).sign(known);
    },
    unsigned(claims = {}) {
      const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
      return `${part({ alg: 'none', kid })}.${part(whole(claims))}.`;
    },
    async rotate(next = algorithm) {
      algorithm = next;
      pair = await generateKeyPair(algorithm, { extractable: true });
      kid = `key-${Math.random()}`;
      keys = [{ ...(await exportJWK(pair.publicKey)), kid, use: 'sig' }];
    },
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
  await issuer.rotate();
  return issuer;
}
