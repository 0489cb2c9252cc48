import { describe, expect, it } from 'vitest';
import { fromBase64Url, toBase64Url } from '../../../../shared/crypto/bytes.ts';
import { Bytes32, SealedShares, Signature } from '../../../../shared/protocol/byte-strings.ts';

describe.each([
  [32, Bytes32],
  [64, Signature],
  [92, SealedShares],
])('%d bytes in base64url', (length, schema) => {
  it('are taken in the one spelling that decodes, and in no other', () => {
    const text = toBase64Url(crypto.getRandomValues(new Uint8Array(length)));
    expect(schema.safeParse(text).success).toBe(true);
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    for (const last of alphabet) {
      const other = text.slice(0, -1) + last;
      let decodes = true;
      try {
        fromBase64Url(other, length);
      } catch {
        decodes = false;
      }
      expect(schema.safeParse(other).success, other).toBe(decodes);
    }
    for (const wrong of [`${text}A`, text.slice(1), `${text.slice(1)}=`, '']) {
      expect(schema.safeParse(wrong).success).toBe(false);
    }
  });
});
