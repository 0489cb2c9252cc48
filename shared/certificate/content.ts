/**
 * What a version learned, by hashes that outlive its revisions: the adapter, and each row that learned with the place of
 * its passage. Rows that never learned, scales (they follow from the rows) and what one revision alone has do not count.
 * Participants sign one hash of it all; the list of its rows lets a file show that each of its rows is among them, also
 * when documents have gone since.
 */
import { bytesOf, fromBase64Url, fromHex, toBase64Url, toHex } from '../crypto/bytes.ts';
import { canonicalJson } from '../crypto/canonical-json.ts';
import { hashJson, sha256 } from '../crypto/hash.ts';
import {
  CERTIFICATE_FORMAT,
  type Judged,
  type JudgedVersion,
  type Learned,
  type MadeVersion,
} from '../protocol/certificate.ts';
import type { GateRound, TriedSetting } from '../protocol/rounds.ts';
import type { Snapshot } from '../protocol/snapshot.ts';
import { unsoundIn } from '../protocol/sound-snapshot.ts';

const HASH_BYTES = 32;

interface LearnedRow {
  item: string;
  ordinal: number;
  /** SHA-256, hexadecimal. */
  hash: string;
}

function* learnedRows({ header, active, rows, items, ordinals }: Snapshot): Generator<LearnedRow> {
  const { width } = header;
  for (let row = 0; row < active.length; row++) {
    if (active[row] !== 1) continue;
    const [item, ordinal] = [items[row]!, ordinals[row]!];
    const vector = toBase64Url(bytesOf(rows.subarray(row * width, (row + 1) * width)));
    yield { item, ordinal, hash: toHex(hashJson(`${CERTIFICATE_FORMAT} row`, [item, ordinal, vector])) };
  }
}

/** Of all that a snapshot has of what was learned. */
export function learnedOf(snapshot: Snapshot): Learned {
  return learnedFrom(snapshot, [...learnedRows(snapshot)]);
}

function learnedFrom(snapshot: Snapshot, rows: readonly LearnedRow[]): Learned {
  const hashes = rows.map(({ hash }) => hash).sort();
  const list = new Uint8Array(HASH_BYTES * hashes.length);
  for (const [at, hash] of hashes.entries()) list.set(fromHex(hash), HASH_BYTES * at);
  return {
    adapter: snapshot.header.adapter,
    adapterHash: toHex(sha256(bytesOf(snapshot.adapter))),
    rows: toBase64Url(list),
  };
}

/** What participants sign of it, hexadecimal. @throws RangeError where its rows are no whole hashes */
export function learnedHash({ adapter, adapterHash, rows }: Learned): string {
  const list = toHex(sha256(listOf(rows)));
  return toHex(hashJson(`${CERTIFICATE_FORMAT} learned`, { adapter, adapterHash, rows: list }));
}

function listOf(rows: string): Uint8Array {
  const list = fromBase64Url(rows);
  if (list.length % HASH_BYTES !== 0)
    throw new RangeError(`learned: ${list.length} bytes of rows, and each has ${HASH_BYTES}`);
  return list;
}

/** How many rows a list has. */
export function rowsIn({ rows }: Learned): number {
  return listOf(rows).length / HASH_BYTES;
}

/**
 * What a participant writes down of a gate that it took part in.
 * @param learned what the snapshots learned that it answered from, by the hash of their bytes
 */
export function judgedIn(spec: GateRound, learned: ReadonlyMap<string, string>): Judged {
  const judged = (of: TriedSetting['of']): JudgedVersion => {
    const hash = learned.get(spec[of].hash);
    if (hash === undefined) throw new RangeError(`round ${spec.id}: the ${of} snapshot was not looked at`);
    const all = [
      spec.parameters[of],
      ...spec.tried.flatMap((each) => (each.of === of ? each.parameters : [])),
    ];
    const distinct = <T>(values: readonly T[]): T[] => [...new Set(values)];
    return {
      learned: hash,
      weights: {
        words: distinct(all.map(({ words }) => words)),
        offset: distinct(all.map(({ offset }) => offset)),
        memory: distinct(all.map(({ memory }) => memory)),
      },
    };
  };
  return { candidate: judged('candidate'), serving: judged('serving') };
}

/** Whether a gate judged this content, and tried these weights of it. */
export function vouchesFor(judged: Judged | undefined, { learned, serving }: MadeVersion): boolean {
  if (judged === undefined) return false;
  return [judged.candidate, judged.serving].some(
    ({ learned: seen, weights }) =>
      seen === learned &&
      weights.words.includes(serving.words) &&
      weights.offset.includes(serving.offset) &&
      weights.memory.includes(serving.memory),
  );
}

/**
 * Why a file is not what was signed of a version; null where it is, or where documents alone have gone since.
 * @param learned the list behind the hash that was signed; null where it is not at hand
 */
export function contentProblem(
  snapshot: Snapshot,
  signed: Pick<MadeVersion, 'learned' | 'serving'>,
  learned: Learned | null,
): string | null {
  const rows = [...learnedRows(snapshot)];
  const own = learnedFrom(snapshot, rows);
  const [weights, weighed] = [snapshot.header.serving, signed.serving].map(canonicalJson);
  if (weights !== weighed) return `weights: the file has ${weights}, and ${weighed} were signed`;
  const unsound = unsoundIn(snapshot);
  if (unsound !== null) return unsound;
  if (learnedHash(own) === signed.learned) return null;
  if (learned === null) return 'rows: not those that were signed, and the list to look them up in is missing';
  if (
    own.adapterHash !== learned.adapterHash ||
    canonicalJson(own.adapter) !== canonicalJson(learned.adapter)
  )
    return `adapter: the file’s has the hash ${own.adapterHash}, and ${learned.adapterHash} was signed`;
  const list = listOf(learned.rows);
  const known = new Set<string>();
  for (let at = 0; at < list.length; at += HASH_BYTES) known.add(toHex(list.subarray(at, at + HASH_BYTES)));
  for (const { item, ordinal, hash } of rows)
    if (!known.has(hash))
      return `rows: that of passage ${ordinal} of ${JSON.stringify(item)} is none of the ${known.size} that were signed`;
  return null;
}
