/** Byte strings, canonical JSON and ring arithmetic. */
import { fc, it as property } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import {
  bytesOf,
  equalBytes,
  fromBase64Url,
  fromHex,
  numbersIn,
  toBase64Url,
  toHex,
  utf8,
} from '../../../../shared/crypto/bytes.ts';
import { canonicalJson } from '../../../../shared/crypto/canonical-json.ts';
import { hashJson, labelled } from '../../../../shared/crypto/hash.ts';
import { systemRandom } from '../../../../shared/crypto/random.ts';
import { addInto, subtractInto } from '../../../../shared/crypto/ring.ts';

describe('bytes', () => {
  property.prop([fc.uint8Array({ maxLength: 70 })])('hex and base64url round-trip', (bytes) => {
    expect(fromHex(toHex(bytes))).toEqual(new Uint8Array(bytes));
    expect(fromBase64Url(toBase64Url(bytes))).toEqual(new Uint8Array(bytes));
    expect(toBase64Url(bytes)).toBe(Buffer.from(bytes).toString('base64url'));
  });

  it('one spelling only', () => {
    expect(fromBase64Url('AQ')).toEqual(Uint8Array.of(1));
    for (const text of ['AR', 'AQ=', 'A', '+w', 'A Q']) expect(() => fromBase64Url(text)).toThrow(RangeError);
    expect(() => fromBase64Url('AQ', 2)).toThrow('expected 2 bytes, got 1');
    for (const text of ['0', 'zz', '0x']) expect(() => fromHex(text)).toThrow(RangeError);
  });

  it('compares', () => {
    expect(equalBytes(utf8('ab'), utf8('ab'))).toBe(true);
    expect(equalBytes(utf8('ab'), utf8('ac'))).toBe(false);
    expect(equalBytes(utf8('ab'), utf8('abc'))).toBe(false);
  });

  it('random bytes beyond the platform’s quota are all filled', () => {
    const bytes = systemRandom(200_000);
    for (const at of [0, 65_530, 65_540, 131_080, 199_900]) {
      expect(bytes.subarray(at, at + 64).some((byte) => byte !== 0)).toBe(true);
    }
  });
});

describe('canonical JSON (RFC 8785)', () => {
  it('section 3.2.3: order of names by UTF-16 code units', () => {
    const value = {
      '\u20ac': 'Euro',
      '\r': 'CR',
      '\ufb33': 'Dalet',
      '1': 'One',
      '\u0080': 'C',
      '\u00f6': 'O',
      '😀': 'E',
    };
    expect(canonicalJson(value)).toBe(
      '{"\\r":"CR","1":"One","\u0080":"C","\u00f6":"O","\u20ac":"Euro","😀":"E","\ufb33":"Dalet"}',
    );
  });

  it('section 3.2.2: numbers, strings, literals', () => {
    const value = {
      numbers: [Number('333333333.33333329'), 1e30, 4.5, 2e-3, 1e-27, -0],
      string: '€$\u000f\nA\'B"\\\\"/',
      literals: [null, true, false],
    };
    expect(canonicalJson(value)).toBe(
      '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27,0],"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
    );
  });

  property.prop([fc.jsonValue()])('parses back to the value, and is a fixed point', (value) => {
    let text: string;
    try {
      text = canonicalJson(value);
    } catch {
      return;
    }
    expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
    expect(canonicalJson(JSON.parse(text))).toBe(text);
  });

  it('refuses what JSON cannot say', () => {
    for (const value of [
      undefined,
      Number.NaN,
      Infinity,
      '\ud800',
      10n,
      () => 0,
      new Map(),
      { a: undefined },
    ]) {
      expect(() => canonicalJson(value)).toThrow(TypeError);
    }
  });

  it('hashes under different labels differ', () => {
    expect(toHex(hashJson('a', 1))).not.toBe(toHex(hashJson('b', 1)));
    expect(() => labelled('a\0', 1)).toThrow('zero byte');
  });
});

describe('ring', () => {
  const word = fc.integer({ min: 0, max: 0xffff_ffff });
  property.prop([fc.array(fc.tuple(word, word), { maxLength: 40 })])(
    'adds and subtracts mod 2³²',
    (pairs) => {
      const a = Uint32Array.from(pairs, ([x]) => x);
      const b = Uint32Array.from(pairs, ([, y]) => y);
      const sum = a.slice();
      addInto(sum, b);
      expect([...sum]).toEqual(pairs.map(([x, y]) => Number((BigInt(x) + BigInt(y)) % (1n << 32n))));
      subtractInto(sum, b);
      expect(sum).toEqual(a);
    },
  );

  it('refuses other lengths', () => {
    expect(() => addInto(new Uint32Array(2), new Uint32Array(3))).toThrow('expected 2 coordinates, got 3');
    expect(() => subtractInto(new Uint32Array(2), new Uint32Array(1))).toThrow('got 1');
  });
});

describe('numbersIn', () => {
  it('looks at the bytes where they lie, and copies those at an odd place', () => {
    const numbers = Float64Array.of(1.5, -2);
    const bytes = bytesOf(numbers);
    expect(numbersIn(bytes, Float64Array)).toEqual(numbers);
    expect(numbersIn(bytes, Float64Array).buffer).toBe(numbers.buffer);
    const odd = new Uint8Array(17).subarray(1);
    odd.set(bytes);
    expect(numbersIn(odd, Float64Array)).toEqual(numbers);
  });

  it('refuses bytes that are no whole number of them', () => {
    expect(() => numbersIn(new Uint8Array(7), Float32Array)).toThrow(/^7 bytes, no whole numbers of 4$/);
  });
});
