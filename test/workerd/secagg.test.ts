/** Secure aggregation inside workerd: its cryptography is the specification's, and a whole round adds up. */
import { describe, expect, it } from 'vitest';
import { DecryptionError, open, seal } from '../../shared/crypto/aead.ts';
import { fromHex, toHex } from '../../shared/crypto/bytes.ts';
import { signerFromSeed, verify } from '../../shared/crypto/ed25519.ts';
import { hkdf } from '../../shared/crypto/hkdf.ts';
import { importMaskKey, maskWords } from '../../shared/crypto/prg.ts';
import { agree, importAgreementKey, publicKey } from '../../shared/crypto/x25519.ts';
import { simulate } from '../../shared/secagg/simulate.ts';
import { cohort, plainSum, simulation } from '../unit/shared/secagg/cohort.ts';
import vectors from '../vectors/rfc-and-nist-primitives.json';

describe('primitives', () => {
  it('X25519 (RFC 7748 section 6.1), and no key of small order', async () => {
    const { aliceSecret, alicePublic, bobPublic, shared } = vectors.x25519.diffieHellman;
    const alice = await importAgreementKey(fromHex(aliceSecret));
    expect(toHex(await publicKey(alice))).toBe(alicePublic);
    expect(toHex(await agree(alice, fromHex(bobPublic)))).toBe(shared);
    for (const point of ['00', '01', 'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b8']) {
      await expect(agree(alice, fromHex(point.padEnd(64, '0')))).rejects.toThrow('not usable');
    }
  });

  it('Ed25519 (RFC 8032 section 7.1)', async () => {
    for (const { seed, key, message, signature } of vectors.ed25519) {
      const signer = await signerFromSeed(fromHex(seed));
      expect(toHex(signer.key)).toBe(key);
      expect(toHex(await signer.sign(fromHex(message)))).toBe(signature);
      expect(await verify(fromHex(key), fromHex(message), fromHex(signature))).toBe(true);
      expect(await verify(fromHex(key), fromHex(`${message}00`), fromHex(signature))).toBe(false);
    }
  });

  it('HKDF, AES-GCM and AES-CTR', async () => {
    for (const { ikm, salt, info, length, okm } of vectors.hkdf) {
      expect(toHex(hkdf(fromHex(ikm), fromHex(salt), fromHex(info), length))).toBe(okm);
    }
    for (const v of vectors.aesGcm256) {
      const box = await seal(fromHex(v.key), fromHex(v.plaintext), fromHex(v.aad), () => fromHex(v.iv));
      expect(toHex(box)).toBe(v.iv + v.ciphertext + v.tag);
      expect(toHex(await open(fromHex(v.key), box, fromHex(v.aad)))).toBe(v.plaintext);
      box[20]! ^= 1;
      await expect(open(fromHex(v.key), box, fromHex(v.aad))).rejects.toEqual(new DecryptionError());
    }
    const words = await maskWords(await importMaskKey(new Uint8Array(32)), 0, 4);
    expect(toHex(new Uint8Array(words.buffer))).toBe('dc95c078a2408989ad48a21492842087');
  });
});

it('a round of six with one member gone is the plain sum of five', async () => {
  const group = await cohort(6);
  const setup = simulation(group, { dimension: 10_001 }, (_id, index) =>
    index === 3 ? { vanishesAt: 'masked' } : {},
  );
  const { state, sum } = await simulate(setup);
  expect(state.survivors).toHaveLength(5);
  const plain = plainSum(10_001, state.survivors);
  expect(sum!.every((word, i) => word === plain[i])).toBe(true);
});
