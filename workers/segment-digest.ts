/** The name of a segment, as shared/index/segment.ts makes it, by the runtime's own SHA-256: many times faster. */
import { toHex } from '../shared/crypto/bytes.ts';
import { SEGMENT_PARTS } from '../shared/index/segment.ts';
import type { SegmentParts } from '../shared/protocol/manifest.ts';

export async function segmentDigest(parts: SegmentParts): Promise<string> {
  const sha256 = async (bytes: Uint8Array) =>
    new Uint8Array(await crypto.subtle.digest('SHA-256', bytes as BufferSource));
  const digests = await Promise.all(SEGMENT_PARTS.map((part) => sha256(parts[part])));
  const all = new Uint8Array(digests.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const each of digests) {
    all.set(each, at);
    at += each.length;
  }
  return toHex(await sha256(all));
}
