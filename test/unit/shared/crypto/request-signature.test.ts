/** RFC 9421: its Ed25519 vector (appendix B.2.6), and what a change to a signed request does. */
import { describe, expect, it } from 'vitest';
import { fromBase64Url, toBase64Url, utf8 } from '../../../../shared/crypto/bytes.ts';
import { signerFromSeed, verify } from '../../../../shared/crypto/ed25519.ts';
import {
  isSignedBy,
  readSignature,
  type SignedRequest,
  signatureBase,
  signRequest,
} from '../../../../shared/crypto/request-signature.ts';

describe('RFC 9421 appendix B.2.6', () => {
  it('its signature holds over the base that we spell', async () => {
    const parameters =
      '("date" "@method" "@path" "@authority" "content-type" "content-length");created=1618884473;keyid="test-key-ed25519"';
    const base = signatureBase(
      [
        ['date', 'Tue, 20 Apr 2021 02:07:55 GMT'],
        ['@method', 'POST'],
        ['@path', '/foo'],
        ['@authority', 'example.com'],
        ['content-type', 'application/json'],
        ['content-length', '18'],
      ],
      parameters,
    );
    const key = fromBase64Url('JrQLj5P_89iXES9-vFgrIy29clF9CC_oPPsw3c5D0bs', 32);
    const signature =
      'wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw==';
    const bytes = Uint8Array.from(atob(signature), (char) => char.charCodeAt(0));
    expect(await verify(key, base, bytes)).toBe(true);
  });
});

describe('a signed request', async () => {
  const signer = await signerFromSeed(new Uint8Array(32).fill(7));
  const nonce = toBase64Url(new Uint8Array(16).fill(3));
  const request: SignedRequest = {
    method: 'PUT',
    authority: 'rag.example.org',
    target: '/v1/fl/x?a=1',
    body: utf8('{"a":1}'),
  };
  const headers = await signRequest(request, { signer, keyId: 'clinic-a', createdS: 1_700_000_000, nonce });
  const read = (changed: SignedRequest, given: Record<string, string | undefined> = headers) =>
    readSignature(changed, (name) => given[name]);

  it('names its signer, time and nonce, and holds', async () => {
    const signature = await read(request);
    expect(signature).toMatchObject({ keyId: 'clinic-a', createdS: 1_700_000_000, nonce });
    expect(signature && (await isSignedBy(signer.key, signature))).toBe(true);
  });

  it.each<[string, Partial<SignedRequest>]>([
    ['method', { method: 'POST' }],
    ['service', { authority: 'other.example.org' }],
    ['port', { authority: 'rag.example.org:8443' }],
    ['path', { target: '/v1/fl/y?a=1' }],
    ['query', { target: '/v1/fl/x?a=2' }],
    ['query left out', { target: '/v1/fl/x' }],
  ])('does not hold for another %s', async (_, change) => {
    const signature = await read({ ...request, ...change });
    expect(signature && (await isSignedBy(signer.key, signature))).toBe(false);
  });

  it('does not hold for another time, nonce or name', async () => {
    for (const [from, to] of [
      ['1700000000', '1700000001'],
      [nonce, toBase64Url(new Uint8Array(16).fill(4))],
      ['clinic-a', 'clinic-b'],
    ] as const) {
      const changed = { ...headers, 'signature-input': headers['signature-input']?.replace(from, to) };
      const signature = await read(request, changed);
      expect(signature && (await isSignedBy(signer.key, signature))).toBe(false);
    }
  });

  it.each<[string, SignedRequest, Record<string, string | undefined>]>([
    ['another body', { ...request, body: utf8('{"a":2}') }, headers],
    ['no signature', request, { ...headers, signature: undefined }],
    ['a signature that is too short', request, { ...headers, signature: 'fl=:AAAA:' }],
    [
      'fewer covered components',
      request,
      { ...headers, 'signature-input': headers['signature-input']?.replace(' "@query"', '') },
    ],
    [
      'no authority covered, as earlier versions had it',
      request,
      { ...headers, 'signature-input': headers['signature-input']?.replace(' "@authority"', '') },
    ],
    [
      'another purpose',
      request,
      { ...headers, 'signature-input': headers['signature-input']?.replace('fedcar-fl', 'other') },
    ],
  ])('is not one with %s', async (_, changed, given) => {
    expect(await read(changed, given)).toBeNull();
  });

  it('cannot be made under a name that needs escapes', async () => {
    const by = { signer, keyId: 'a"b', createdS: 1, nonce };
    await expect(signRequest(request, by)).rejects.toThrow('cannot be spelled');
  });
});
