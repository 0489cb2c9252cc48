/**
 * A SQLite database as one small file: what its write-ahead log holds is written to its pages, and free pages are
 * blanked, which keep the bytes of rows that are gone. After https://www.sqlite.org/fileformat2.html, sections 1 and 4.
 */

const WAL_HEADER = 32;
const FRAME_HEADER = 24;
const PAGE_SIZE_AT = 16;
const FIRST_TRUNK_AT = 32;

/** @param log content of the file `-wal`; null where there is none */
export function checkpointed(database: Uint8Array, log: Uint8Array | null): Uint8Array {
  const pages = log === null || log.length < WAL_HEADER ? database : withLog(database, log);
  return blanked(pages);
}

const viewOf = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** Frames count up to the last one that ends a transaction; those with other salts are of an earlier log. */
function withLog(database: Uint8Array, log: Uint8Array): Uint8Array {
  const view = viewOf(log);
  const size = view.getUint32(8);
  const salt = view.getBigUint64(16);
  const latest = new Map<number, Uint8Array>();
  let pending = new Map<number, Uint8Array>();
  let pageCount = database.length / size;
  for (let at = WAL_HEADER; at + FRAME_HEADER + size <= log.length; at += FRAME_HEADER + size) {
    if (view.getBigUint64(at + 8) !== salt) break;
    const start = at + FRAME_HEADER;
    pending.set(view.getUint32(at), log.subarray(start, start + size));
    const committed = view.getUint32(at + 4);
    if (committed === 0) continue;
    pageCount = committed;
    for (const [page, bytes] of pending) latest.set(page, bytes);
    pending = new Map();
  }
  const whole = new Uint8Array(pageCount * size);
  whole.set(database.subarray(0, whole.length));
  for (const [page, bytes] of latest) if (page <= pageCount) whole.set(bytes, (page - 1) * size);
  return whole;
}

/** The list of free pages goes from trunk to trunk; a trunk names leaves, whose content means nothing. */
function blanked(database: Uint8Array): Uint8Array {
  const bytes = database.slice();
  const view = viewOf(bytes);
  const size = view.getUint16(PAGE_SIZE_AT) === 1 ? 65_536 : view.getUint16(PAGE_SIZE_AT);
  for (let trunk = view.getUint32(FIRST_TRUNK_AT); trunk !== 0; ) {
    const at = (trunk - 1) * size;
    const leaves = view.getUint32(at + 4);
    for (let i = 0; i < leaves; i++) {
      const leaf = (view.getUint32(at + 8 + 4 * i) - 1) * size;
      bytes.fill(0, leaf, leaf + size);
    }
    bytes.fill(0, at + 8 + 4 * leaves, at + size);
    trunk = view.getUint32(at);
  }
  return bytes;
}
