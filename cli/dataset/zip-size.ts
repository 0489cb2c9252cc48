/** What a ZIP file says of its size when it is unpacked (APPNOTE 6.3.10, sections 4.3.12 and 4.3.16). */

const END = 0x06054b50;
const END_LENGTH = 22;
const ENTRY = 0x02014b50;
const ENTRY_LENGTH = 46;

/** @returns bytes of all files whose names end so; 0 where the bytes are no ZIP file */
export function unpackedBytes(zip: Buffer, ending: string): number {
  const end = zip.lastIndexOf(Buffer.from([0x50, 0x4b, 0x05, 0x06]));
  if (end < 0 || end + END_LENGTH > zip.length || zip.readUInt32LE(end) !== END) return 0;
  let sum = 0;
  let at = zip.readUInt32LE(end + 16);
  while (at + ENTRY_LENGTH <= zip.length && zip.readUInt32LE(at) === ENTRY) {
    const name = zip.readUInt16LE(at + 28);
    const from = at + ENTRY_LENGTH;
    if (zip.toString('utf8', from, from + name).endsWith(ending)) sum += zip.readUInt32LE(at + 24);
    at = from + name + zip.readUInt16LE(at + 30) + zip.readUInt16LE(at + 32);
  }
  return sum;
}
