/** Lengths in UTF-8, against the platform's own encoder. */
import { fc, test } from '@fast-check/vitest';
import { expect } from 'vitest';
import { utf8Length } from '../../../../shared/protocol/utf8-length.ts';

const encoder = new TextEncoder();

// Single code units: halves of surrogate pairs stand alone, together, and in the wrong order.
test.prop([
  fc.array(fc.oneof(fc.integer({ min: 0, max: 0xffff }), fc.integer({ min: 0xd7fe, max: 0xe001 }))),
])('is what an encoder makes of any string', (units) => {
  const text = String.fromCharCode(...units);
  expect(utf8Length(text)).toBe(encoder.encode(text).length);
});
