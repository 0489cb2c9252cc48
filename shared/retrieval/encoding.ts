/** Bytes of a file as text: UTF-8, UTF-16 with a mark, and of a page what it says itself. */

/** Bytes in which a page says how it is encoded, as browsers look for it (HTML, section 13.2.3.2), and some more. */
const LOOKED_AT = 4096;

/**
 * UTF-8, or UTF-16 where a mark at its beginning says so; a page that is no UTF-8 is read as its `<meta>` says.
 * @throws TypeError for bytes that are none of these
 */
export function decodeText(bytes: Uint8Array, isPage = false): string {
  const encoding = encodingByMark(bytes);
  const text = decodedBy(encoding, bytes) ?? (isPage ? decodedBy(declared(bytes), bytes) : null);
  if (text === null) throw new TypeError(`is not ${encoding.toUpperCase()} text: save it as UTF-8`);
  return text;
}

function encodingByMark(bytes: Uint8Array): string {
  const refuse = (what: string) => new TypeError(`is ${what}: save it as UTF-8`);
  const [a, b, c, d] = bytes;
  if (a === 0xff && b === 0xfe && c === 0 && d === 0) throw refuse('UTF-32 text');
  if (a === 0xff && b === 0xfe) return 'utf-16le';
  if (a === 0xfe && b === 0xff) return 'utf-16be';
  // Every other byte of Latin letters.
  const start = bytes.subarray(0, LOOKED_AT);
  if (start.filter((byte) => byte === 0).length * 4 > start.length) {
    throw refuse('UTF-16 text without a mark, or no text');
  }
  return 'utf-8';
}

/** Null where the bytes are not so encoded, or the name is of no encoding. */
function decodedBy(encoding: string | null, bytes: Uint8Array): string | null {
  if (encoding === null) return null;
  try {
    return new TextDecoder(encoding, { fatal: true, ignoreBOM: false }).decode(bytes);
  } catch {
    return null;
  }
}

/** `<meta charset=…>`, or in its older form, or XML's own declaration. */
function declared(bytes: Uint8Array): string | null {
  const start = new TextDecoder('latin1').decode(bytes.subarray(0, LOOKED_AT));
  const xml = /^\s*<\?xml\s[^<>]*?encoding\s*=\s*["']([\w.:-]+)/i.exec(start)?.[1];
  if (xml !== undefined) return xml.toLowerCase();
  return /<meta\s[^>]*?charset\s*=\s*["']?\s*([\w.:-]+)/i.exec(start)?.[1]?.toLowerCase() ?? null;
}

/** Bytes that HTTP says the encoding of, as UTF-8; as they are where it says none that is known. */
export function toUtf8(bytes: Uint8Array, encoding: string | null): Uint8Array {
  if (encoding === null || /^utf-?8$/i.test(encoding)) return bytes;
  const text = decodedBy(encoding, bytes);
  return text === null ? bytes : new TextEncoder().encode(text);
}
