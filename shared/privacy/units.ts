/**
 * What one unit of privacy is: all records of one act of feedback, or all records of one contributor. A contributor has one home region, and
 * only that region trains on it; a record without a contributor is then never trained on. Whether a unit is held out for
 * the publish gate depends on a keyed hash of its id alone and never changes while the key stands.
 */
import { hmac } from '@noble/hashes/hmac.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, concatBytes, utf8ToBytes } from '@noble/hashes/utils.js';
import type { SamplingRate } from './rational.ts';

/** The unit of a collection, fixed for its life. `record`: what one act of feedback made, nearly always one record. */
export type PrivacyUnit = 'record' | 'contributor';

/** What units are made of. */
export interface UnitRecord {
  /** The act of feedback that made it: in record mode all its records are one unit. */
  readonly event: string;
  readonly contributor?: string | undefined;
}

/** One unit: its id and its records. */
export interface Unit<R extends UnitRecord> {
  readonly id: string;
  readonly records: readonly R[];
}

/** Which contributors a region trains on. */
export interface HomePolicy {
  /** This region's name, one of `regions`. */
  readonly region: string;
  /** All regions of the signed roster of the round. */
  readonly regions: readonly string[];
  /** The collection's unit key, at least 16 bytes. */
  readonly key: Uint8Array;
}

/** Groups a region's records into the units it may train on or hold out. */
export function unitsOf<R extends UnitRecord>(
  records: readonly R[],
  unit: PrivacyUnit,
  home: HomePolicy,
): Unit<R>[] {
  const byUnit = new Map<string, R[]>();
  for (const record of records) {
    const id = unit === 'record' ? record.event : record.contributor;
    if (!id) continue;
    const own = byUnit.get(id);
    if (own) own.push(record);
    else byUnit.set(id, [record]);
  }
  return [...byUnit]
    .filter(([id]) => unit === 'record' || homeRegion(id, home.regions, home.key) === home.region)
    .map(([id, own]) => ({ id, records: own }));
}

/**
 * A contributor's home: the region with the highest keyed hash (rendezvous hashing), so that a region that joins or
 * leaves moves only the contributors it gains or had.
 * @throws RangeError without regions or with a short key
 */
export function homeRegion(contributor: string, regions: readonly string[], key: Uint8Array): string {
  const [first, ...rest] = regions;
  if (first === undefined) throw new RangeError('regions must not be empty');
  let home = first;
  let highest = keyedHash(key, 'home', contributor, first);
  for (const region of rest) {
    const hash = keyedHash(key, 'home', contributor, region);
    if (hash > highest || (hash === highest && region > home)) {
      home = region;
      highest = hash;
    }
  }
  return home;
}

/**
 * What a contributor is called wherever records lie: HMAC-SHA256 under a key of the collection's own, 32 hex digits. The
 * same in all its regions, and without the key no id can be tried against it.
 */
export function pseudonym(contributor: string, key: Uint8Array): string {
  return bytesToHex(keyedDigest(key, 'contributor', contributor)).slice(0, 32);
}

/** Does this unit belong to the held-out share? */
export function isHeldOut(unitId: string, share: SamplingRate, key: Uint8Array): boolean {
  return keyedHash(key, 'held-out', unitId) * share.denominator < share.numerator * 2 ** 48;
}

/** HMAC-SHA256 over length-prefixed parts. */
function keyedDigest(key: Uint8Array, ...parts: string[]): Uint8Array {
  if (key.length < 16) throw new RangeError(`key must have at least 16 bytes, got ${key.length}`);
  const framed = parts.flatMap((part) => {
    const bytes = utf8ToBytes(part);
    const length = new Uint8Array(4);
    new DataView(length.buffer).setUint32(0, bytes.length);
    return [length, bytes];
  });
  return hmac(sha256, key, concatBytes(...framed));
}

/** Its first 48 bits. */
function keyedHash(key: Uint8Array, ...parts: string[]): number {
  const digest = keyedDigest(key, ...parts);
  const view = new DataView(digest.buffer, digest.byteOffset, digest.byteLength);
  return view.getUint32(0) * 2 ** 16 + view.getUint16(4);
}
