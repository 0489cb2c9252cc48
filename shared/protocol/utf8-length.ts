/** How long a text is where it is stored and sent: in UTF-8. */

/** Bytes of `text` in UTF-8; half a surrogate pair counts as U+FFFD, which is what encoders make of it. */
export function utf8Length(text: string): number {
  let bytes = text.length;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x80) continue;
    bytes += unit < 0x800 ? 1 : 2;
    // The two halves of a pair make four bytes together.
    const next = text.charCodeAt(i + 1);
    if (unit >= 0xd800 && unit < 0xdc00 && next >= 0xdc00 && next < 0xe000) i += 1;
  }
  return bytes;
}
