/**
 * HTTP Message Signatures (RFC 9421) with Ed25519, in the one profile that participants use: method, authority, path,
 * query and body (by its Content-Digest, RFC 9530) are covered; time, nonce, key and purpose are parameters. Invariant: what is
 * verified is spelled by the verifier from the request itself, never taken over from the headers.
 */
import { type Bytes, utf8 } from './bytes.ts';
import { type Signer, verify } from './ed25519.ts';
import { digest } from './hash.ts';

/** Says what a signature is for, so that one made for something else is not taken. */
export const REQUEST_TAG = 'fedcar-fl';
const LABEL = 'fl';
const COVERED = ['@method', '@authority', '@path', '@query', 'content-digest'] as const;
/** Characters that need no escape in a quoted string; names and nonces hold no others. */
const PARAMETERS =
  /^\("@method" "@authority" "@path" "@query" "content-digest"\);created=(\d{1,12});nonce="([A-Za-z0-9_-]{22,64})";keyid="([A-Za-z0-9._-]{1,64})";alg="ed25519";tag="fedcar-fl"$/;

export interface SignedRequest {
  method: string;
  /** Host, and port where it is not the scheme's, as `URL.host` has it: what is signed for one service is worth nothing at another. */
  authority: string;
  /** Path and query as they travel, such as `/v1/fl/rows?after=0`. */
  target: string;
  body: Uint8Array;
}

/** What a signature says of itself. */
export interface RequestSignature {
  /** Who signed: a participant's name. */
  keyId: string;
  /** Seconds since 1970. */
  createdS: number;
  nonce: string;
  signature: Uint8Array;
  /** What was signed. */
  base: Uint8Array;
}

export type HeaderOf = (name: string) => string | null | undefined;

/** RFC 9421 section 2.5: one line a component, then the parameters. */
export function signatureBase(
  components: readonly (readonly [name: string, value: string])[],
  parameters: string,
): Bytes {
  const lines = components.map(([name, value]) => `"${name}": ${value}`);
  return utf8([...lines, `"@signature-params": ${parameters}`].join('\n'));
}

async function baseOf({ method, authority, target, body }: SignedRequest, parameters: string) {
  const at = target.indexOf('?');
  const contentDigest = `sha-256=:${toBase64(await digest(body))}:`;
  const values: Record<(typeof COVERED)[number], string> = {
    '@method': method.toUpperCase(),
    // Section 2.2.3.
    '@authority': authority,
    '@path': at < 0 ? target : target.slice(0, at),
    // Section 2.2.7: a request without a query has the question mark alone.
    '@query': at < 0 ? '?' : target.slice(at),
    'content-digest': contentDigest,
  };
  const base = signatureBase(
    COVERED.map((name) => [name, values[name]]),
    parameters,
  );
  return { base, contentDigest };
}

/** The three headers that make `request` one of `keyId`'s. */
export async function signRequest(
  request: SignedRequest,
  by: { signer: Signer; keyId: string; createdS: number; nonce: string },
): Promise<Record<string, string>> {
  const covered = COVERED.map((name) => `"${name}"`).join(' ');
  const parameters = `(${covered});created=${by.createdS};nonce="${by.nonce}";keyid="${by.keyId}";alg="ed25519";tag="${REQUEST_TAG}"`;
  if (!PARAMETERS.test(parameters))
    throw new RangeError(`signature parameters cannot be spelled: ${parameters}`);
  const { base, contentDigest } = await baseOf(request, parameters);
  return {
    'content-digest': contentDigest,
    'signature-input': `${LABEL}=${parameters}`,
    signature: `${LABEL}=:${toBase64(await by.signer.sign(base))}:`,
  };
}

/** Reads the headers of a request; null when they are missing or not of this profile. Verifies nothing yet. */
export async function readSignature(
  request: SignedRequest,
  header: HeaderOf,
): Promise<RequestSignature | null> {
  const input = header('signature-input') ?? '';
  const given = /^fl=:([A-Za-z0-9+/]{86}==):$/.exec(header('signature') ?? '');
  if (!input.startsWith(`${LABEL}=`) || given === null) return null;
  const parameters = input.slice(LABEL.length + 1);
  const [, created, nonce, keyId] = PARAMETERS.exec(parameters) ?? [];
  if (created === undefined || nonce === undefined || keyId === undefined) return null;
  const { base, contentDigest } = await baseOf(request, parameters);
  if (header('content-digest') !== contentDigest) return null;
  const signature = Uint8Array.from(atob(given[1]!), (char) => char.charCodeAt(0));
  return { keyId, createdS: Number(created), nonce, signature, base };
}

/** Whether the holder of `key` made it. */
export function isSignedBy(key: Uint8Array, { base, signature }: RequestSignature): Promise<boolean> {
  return verify(key, base, signature);
}

function toBase64(bytes: Uint8Array): string {
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));
}
