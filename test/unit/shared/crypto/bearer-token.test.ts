import { describe, expect, it } from 'vitest';
import { mintToken, readToken } from '../../../../shared/crypto/bearer-token.ts';
import type { Bytes } from '../../../../shared/crypto/bytes.ts';
import { systemRandom } from '../../../../shared/crypto/random.ts';

describe('bearer tokens', () => {
  it('are read back to the id and the hash that are kept', () => {
    const { id, text, hash } = mintToken(systemRandom);
    expect(readToken(text)).toEqual({ id, hash });
    expect(text).toMatch(/^fc_[0-9a-f]{16}_[\w-]{43}$/);
  });

  it('take 256 bits of the secret from the source, and the hash does not show them', () => {
    const asked: number[] = [];
    const zeros = (length: number) => {
      asked.push(length);
      return new Uint8Array(length) as Bytes;
    };
    const { text, hash } = mintToken(zeros);
    expect(asked).toContain(32);
    expect(text.endsWith('A'.repeat(43))).toBe(true);
    expect(hash).toMatch(/^[0-9a-f]{64}$/);
    expect(text).not.toContain(hash);
  });

  it('differ in their hash when one bit of the secret does', () => {
    const { text, hash } = mintToken(systemRandom);
    const at = text.length - 10;
    const other = text.slice(0, at) + (text[at] === 'x' ? 'y' : 'x') + text.slice(at + 1);
    expect(readToken(other)?.hash).not.toBe(hash);
  });

  it.each([
    '',
    'fc_',
    `fc_0123456789abcdef_${'A'.repeat(42)}`,
    `fc_0123456789ABCDEF_${'A'.repeat(43)}`,
    'secret',
  ])('are not %j', (text) => {
    expect(readToken(text)).toBeNull();
  });
});
