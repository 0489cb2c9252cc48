import { describe, expect, test } from 'vitest';
import { WireMessage } from '../../../../models/onnx/wire.ts';

const hex = (message: WireMessage) => Buffer.from(message.finish()).toString('hex');

/** The examples of protobuf.dev/programming-guides/encoding, and its rules at their edges. */
describe('protobuf wire format', () => {
  test("the encoding guide's examples", () => {
    expect(hex(new WireMessage().integer(1, 150))).toBe('089601');
    expect(hex(new WireMessage().string(2, 'testing'))).toBe('120774657374696e67');
    expect(hex(new WireMessage().message(3, new WireMessage().integer(1, 150)))).toBe('1a03089601');
    expect(hex(new WireMessage().integer(1, -2))).toBe('08feffffffffffffffff01');
  });

  test('limits of varints, fields above 15, floats, empty data', () => {
    expect(hex(new WireMessage().integer(1, 0))).toBe('0800');
    expect(hex(new WireMessage().integer(1, 127).integer(1, 128))).toBe('087f088001');
    expect(hex(new WireMessage().integer(1, 2n ** 63n - 1n))).toBe('08ffffffffffffffff7f');
    expect(hex(new WireMessage().integer(20, 1))).toBe('a00101');
    expect(hex(new WireMessage().float(2, 1))).toBe('150000803f');
    expect(hex(new WireMessage().data(9, new Uint8Array(0)))).toBe('4a00');
  });

  test('grows over many fields without losing one', () => {
    const message = new WireMessage();
    const block = Uint8Array.from({ length: 700 }, (_, i) => i);
    for (let i = 0; i < 5; i++) message.data(1, block);
    const bytes = message.finish();
    expect(bytes.length).toBe(5 * 703);
    for (let i = 0; i < 5; i++) expect(bytes.slice(i * 703 + 3, (i + 1) * 703)).toEqual(block);
  });
});
