/**
 * A masked vector on the wire: frames of at most 1 MiB, each with 48 bytes of header and then its coordinates, packed
 * to the round's bits (crypto/packed-ring.ts).
 *
 *   0  magic "FCS" and the version, 2
 *   4  hash of the round's parameters, 32 bytes: the round's id
 *  36  sender's place in the roster, u32
 *  40  index, u32
 *  44  total, u32
 */
import { type Bytes, equalBytes, fromHex } from '../crypto/bytes.ts';
import { isPadded, packedLength } from '../crypto/packed-ring.ts';
import type { RoundContext } from './context.ts';
import { refuse } from './errors.ts';

const MAGIC = Uint8Array.of(0x46, 0x43, 0x53, 2);
export const HEADER_BYTES = 48;
/** Coordinates of every frame but the last: 1 MiB at 32 bits, half of what a SQLite row takes. */
export const FRAME_COORDINATES = 262_144;

export function frameCount(dimension: number): number {
  return Math.ceil(dimension / FRAME_COORDINATES);
}

/** Where a frame's coordinates lie in the vector. */
export function frameRange(dimension: number, index: number): { first: number; count: number } {
  const first = index * FRAME_COORDINATES;
  return { first, count: Math.min(FRAME_COORDINATES, dimension - first) };
}

export interface Frame {
  sender: string;
  index: number;
  /** Its coordinates, packed. */
  payload: Uint8Array;
}

export function encodeFrame(context: RoundContext, frame: Frame): Bytes {
  const { dimension } = context.parameters;
  const out = new Uint8Array(HEADER_BYTES + frame.payload.length);
  out.set(MAGIC, 0);
  out.set(fromHex(context.parametersHash), 4);
  const view = new DataView(out.buffer);
  view.setUint32(36, context.position(frame.sender), true);
  view.setUint32(40, frame.index, true);
  view.setUint32(44, frameCount(dimension), true);
  out.set(frame.payload, HEADER_BYTES);
  return out;
}

/**
 * The payload is a view of the bytes.
 * @throws ProtocolError `frame` or `version` for bytes that are not a frame of this round and this sender.
 */
export function decodeFrame(context: RoundContext, sender: string, bytes: Uint8Array): Frame {
  const { dimension, bits } = context.parameters;
  if (bytes.length < HEADER_BYTES) refuse('frame', `length: ${bytes.length} bytes is less than a header`);
  if (!equalBytes(bytes.subarray(0, 3), MAGIC.subarray(0, 3))) refuse('frame', 'magic: not a frame');
  if (bytes[3] !== MAGIC[3]) refuse('version', `frame version: expected ${MAGIC[3]}, got ${bytes[3]}`);
  if (!equalBytes(bytes.subarray(4, 36), fromHex(context.parametersHash)))
    refuse('frame', 'round: another one');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const place = view.getUint32(36, true);
  const index = view.getUint32(40, true);
  const total = view.getUint32(44, true);
  if (context.members[place] !== sender) refuse('frame', `sender: place ${place} is not ${sender}`);
  if (total !== frameCount(dimension))
    refuse('frame', `total: expected ${frameCount(dimension)}, got ${total}`);
  if (index >= total) refuse('frame', `index: ${index} is not below ${total}`);
  const { count } = frameRange(dimension, index);
  const due = HEADER_BYTES + packedLength(count, bits);
  if (bytes.length !== due) refuse('frame', `length: expected ${due} bytes, got ${bytes.length}`);
  const payload = bytes.subarray(HEADER_BYTES);
  if (!isPadded(payload, bits, count))
    refuse('frame', 'padding: the bits behind the last coordinate are set');
  return { sender, index, payload };
}
