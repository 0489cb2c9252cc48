/** Every primitive against the vectors of its specification. */
import { describe, expect, it } from 'vitest';
import { DecryptionError, open, seal } from '../../../../shared/crypto/aead.ts';
import { fromHex, toHex } from '../../../../shared/crypto/bytes.ts';
import { signerFromSeed, verify } from '../../../../shared/crypto/ed25519.ts';
import { digest, sha256 } from '../../../../shared/crypto/hash.ts';
import { hkdf } from '../../../../shared/crypto/hkdf.ts';
import { importMaskKey, maskWords } from '../../../../shared/crypto/prg.ts';
import {
  agree,
  generateKeyPair,
  importAgreementKey,
  isUsableKey,
  publicKey,
} from '../../../../shared/crypto/x25519.ts';
import vectors from '../../../vectors/rfc-and-nist-primitives.json';

const scalarMultiply = async (scalar: string, u: string) =>
  toHex(await agree(await importAgreementKey(fromHex(scalar)), fromHex(u)));

describe('X25519 (RFC 7748)', () => {
  it.each(vectors.x25519.functions)('section 5.2: scalar $scalar', async ({ scalar, u, out }) => {
    expect(await scalarMultiply(scalar, u)).toBe(out);
  });

  it('section 5.2: iterated once and a thousand times', async () => {
    let k = `09${'00'.repeat(31)}`;
    let u = k;
    for (let i = 1; i <= 1000; i++) {
      [k, u] = [await scalarMultiply(k, u), k];
      if (i === 1) expect(k).toBe(vectors.x25519.once);
    }
    expect(k).toBe(vectors.x25519.thousand);
  });

  it('section 6.1: both sides agree', async () => {
    const { aliceSecret, alicePublic, bobSecret, bobPublic, shared } = vectors.x25519.diffieHellman;
    expect(toHex(await publicKey(await importAgreementKey(fromHex(aliceSecret))))).toBe(alicePublic);
    expect(toHex(await publicKey(await importAgreementKey(fromHex(bobSecret))))).toBe(bobPublic);
    expect(await scalarMultiply(aliceSecret, bobPublic)).toBe(shared);
    expect(await scalarMultiply(bobSecret, alicePublic)).toBe(shared);
  });

  it.each([
    `00${'00'.repeat(31)}`,
    `01${'00'.repeat(31)}`,
    'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
    `ecffff${'ff'.repeat(28)}7f`,
  ])('refuses the point of small order %s', async (point) => {
    const own = await importAgreementKey(fromHex(vectors.x25519.diffieHellman.aliceSecret));
    await expect(agree(own, fromHex(point))).rejects.toThrow('not usable');
  });

  // The points of small order and their other spellings, as in RFC 7748 section 6.1 and the list at cr.yp.to/ecdh.html.
  it.each([
    ['0', '00'.repeat(32)],
    ['1', `01${'00'.repeat(31)}`],
    ['of order 8', 'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800'],
    ['of order 8, the other', '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157'],
    ['p − 1', `ec${'ff'.repeat(30)}7f`],
    ['p', `ed${'ff'.repeat(30)}7f`],
    ['p + 1', `ee${'ff'.repeat(30)}7f`],
    ['order 8 with the top bit', 'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b880'],
    [
      'order 8, the other, with the top bit',
      '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f11d7',
    ],
    ['2p − 1', `d9${'ff'.repeat(31)}`],
    ['2p', `da${'ff'.repeat(31)}`],
    ['2p + 1', `db${'ff'.repeat(31)}`],
    ['9, the base point, as p + 9', `f6${'ff'.repeat(30)}7f`],
    ['the base point with the top bit', `09${'00'.repeat(30)}80`],
    ['the largest number of 255 bits', `${'ff'.repeat(31)}7f`],
  ])('a peer must not use the key %s', (_, key) => {
    expect(isUsableKey(fromHex(key))).toBe(false);
  });

  it('a peer may use every other key in its one spelling', () => {
    const { alicePublic, bobPublic } = vectors.x25519.diffieHellman;
    const largest = `eb${'ff'.repeat(30)}7f`;
    for (const key of [alicePublic, bobPublic, `09${'00'.repeat(31)}`, largest]) {
      expect(isUsableKey(fromHex(key)), key).toBe(true);
      const top = fromHex(key);
      top[31]! |= 0x80;
      expect(isUsableKey(top), key).toBe(false);
    }
  });

  it('refuses keys of another length', async () => {
    const own = await importAgreementKey(fromHex(vectors.x25519.diffieHellman.aliceSecret));
    await expect(agree(own, new Uint8Array(31))).rejects.toThrow('got 31');
    await expect(importAgreementKey(new Uint8Array(33))).rejects.toThrow('got 33');
  });

  it('makes a pair from the given randomness', async () => {
    const { aliceSecret, alicePublic } = vectors.x25519.diffieHellman;
    const pair = await generateKeyPair(() => fromHex(aliceSecret));
    expect([toHex(pair.secret), toHex(pair.key)]).toEqual([aliceSecret, alicePublic]);
  });
});

describe('Ed25519 (RFC 8032 section 7.1)', () => {
  it.each(vectors.ed25519)('message $message', async ({ seed, key, message, signature }) => {
    const signer = await signerFromSeed(fromHex(seed));
    expect(toHex(signer.key)).toBe(key);
    expect(toHex(await signer.sign(fromHex(message)))).toBe(signature);
    expect(await verify(fromHex(key), fromHex(message), fromHex(signature))).toBe(true);
  });

  it('says false to every changed part, and to what is no key or signature', async () => {
    const [first, second] = vectors.ed25519.map((v) => ({ ...v, bytes: fromHex(v.signature) }));
    const key = fromHex(first!.key);
    expect(await verify(key, fromHex('00'), first!.bytes)).toBe(false);
    expect(await verify(fromHex(second!.key), new Uint8Array(0), first!.bytes)).toBe(false);
    for (const at of [0, 31, 32, 63]) {
      const changed = first!.bytes.slice();
      changed[at]! ^= 1;
      expect(await verify(key, new Uint8Array(0), changed)).toBe(false);
    }
    expect(await verify(key.slice(1), new Uint8Array(0), first!.bytes)).toBe(false);
    expect(await verify(key, new Uint8Array(0), first!.bytes.slice(1))).toBe(false);
  });
});

describe('HKDF with SHA-256 (RFC 5869 appendix A)', () => {
  it.each(vectors.hkdf)('length $length, info "$info"', ({ ikm, salt, info, length, okm }) => {
    expect(toHex(hkdf(fromHex(ikm), fromHex(salt), fromHex(info), length))).toBe(okm);
  });
});

describe('SHA-256 (FIPS 180-4)', () => {
  it.each(vectors.sha256)('message "$message"', async ({ message, digest: expected }) => {
    expect(toHex(sha256(fromHex(message)))).toBe(expected);
    expect(toHex(await digest(fromHex(message)))).toBe(expected);
  });
});

describe('AES-256-GCM (test cases 13 to 16)', () => {
  it.each(vectors.aesGcm256)('plaintext "$plaintext", aad "$aad"', async (v) => {
    const box = await seal(fromHex(v.key), fromHex(v.plaintext), fromHex(v.aad), () => fromHex(v.iv));
    expect(toHex(box)).toBe(v.iv + v.ciphertext + v.tag);
    expect(toHex(await open(fromHex(v.key), box, fromHex(v.aad)))).toBe(v.plaintext);
  });

  it('fails in one way whatever is wrong', async () => {
    const v = vectors.aesGcm256[3]!;
    const [key, aad] = [fromHex(v.key), fromHex(v.aad)];
    const box = fromHex(v.iv + v.ciphertext + v.tag);
    const flip = (bytes: Uint8Array, at: number) => bytes.map((b, i) => (i === at ? b ^ 1 : b));
    const wrong: [Uint8Array, Uint8Array, Uint8Array][] = [
      [flip(key, 0), box, aad],
      [key, flip(box, 0), aad],
      [key, flip(box, 12), aad],
      [key, flip(box, box.length - 1), aad],
      [key, box.slice(0, -1), aad],
      [key, new Uint8Array(0), aad],
      [key, box, flip(aad, 0)],
      [key, box, new Uint8Array(0)],
      [key.slice(1), box, aad],
    ];
    for (const [k, b, a] of wrong) {
      const error = await open(k, b, a).catch((e: unknown) => e);
      expect(error).toBeInstanceOf(DecryptionError);
      expect(error).toEqual(new DecryptionError());
    }
  });
});

describe('mask generator: AES-256-CTR', () => {
  it('NIST SP 800-38A F.5.5: the platform counts blocks as the publication does', async () => {
    const v = vectors.aesCtr256;
    const key = await crypto.subtle.importKey('raw', fromHex(v.key), 'AES-CTR', false, ['encrypt']);
    const algorithm = { name: 'AES-CTR', counter: fromHex(v.counter), length: 128 };
    const out = await crypto.subtle.encrypt(algorithm, key, fromHex(v.plaintext));
    expect(toHex(new Uint8Array(out))).toBe(v.ciphertext);
  });

  it('its first words are the encryption of counter zero (test case 13: E(K, 0) under the zero key)', async () => {
    // AES-256 of the zero block under the zero key: the GCM specification's H.
    const words = await maskWords(await importMaskKey(new Uint8Array(32)), 0, 4);
    expect(toHex(new Uint8Array(words.buffer))).toBe('dc95c078a2408989ad48a21492842087');
  });

  it('a stream read in pieces is the stream', async () => {
    const mask = await importMaskKey(fromHex(vectors.aesCtr256.key));
    const whole = await maskWords(mask, 0, 1000);
    for (const [first, count] of [
      [0, 3],
      [4, 1],
      [400, 599],
      [996, 4],
    ] as const) {
      expect(await maskWords(mask, first, count)).toEqual(whole.slice(first, first + count));
    }
    await expect(maskWords(mask, 2, 4)).rejects.toThrow('multiple of 4');
  });

  it('uses all 256 bits of its key', async () => {
    const streams = new Set<string>();
    for (let at = 0; at < 32; at++) {
      for (const bit of [1, 128]) {
        const key = new Uint8Array(32);
        key[at] = bit;
        streams.add((await maskWords(await importMaskKey(key), 0, 4)).join());
      }
    }
    expect(streams.size).toBe(64);
    await expect(importMaskKey(new Uint8Array(4))).rejects.toThrow('got 4');
  });
});
