/**
 * The part of the protocol-buffer wire format that ONNX models need: varints, 32-bit floats and length-delimited
 * fields (protobuf.dev/programming-guides/encoding). Fields are appended in the order in which they are written.
 */
const text = new TextEncoder();

/** An append-only message. Each method writes one field with its number. */
export class WireMessage {
  private bytes = new Uint8Array(256);
  private length = 0;

  /** An integer field; negative values take ten bytes (two's complement, as protobuf asks). */
  integer(field: number, value: number | bigint): this {
    this.varint(BigInt(field * 8));
    this.varint(BigInt.asUintN(64, BigInt(value)));
    return this;
  }

  float(field: number, value: number): this {
    this.varint(BigInt(field * 8 + 5));
    const start = this.reserve(4);
    new DataView(this.bytes.buffer).setFloat32(start, value, true);
    return this;
  }

  data(field: number, value: Uint8Array): this {
    this.varint(BigInt(field * 8 + 2));
    this.varint(BigInt(value.length));
    // The position first: reserving may replace the buffer.
    const start = this.reserve(value.length);
    this.bytes.set(value, start);
    return this;
  }

  string(field: number, value: string): this {
    return this.data(field, text.encode(value));
  }

  message(field: number, value: WireMessage): this {
    return this.data(field, value.finish());
  }

  /** The bytes written so far (a view: copy it to keep it beyond the next write). */
  finish(): Uint8Array {
    return this.bytes.subarray(0, this.length);
  }

  private varint(value: bigint): void {
    let rest = value;
    do {
      const low = Number(rest & 0x7fn);
      rest >>= 7n;
      const start = this.reserve(1);
      this.bytes[start] = rest > 0n ? low | 0x80 : low;
    } while (rest > 0n);
  }

  private reserve(count: number): number {
    const start = this.length;
    this.length += count;
    if (this.length > this.bytes.length) {
      const grown = new Uint8Array(Math.max(this.length, this.bytes.length * 2));
      grown.set(this.bytes.subarray(0, start));
      this.bytes = grown;
    }
    return start;
  }
}
