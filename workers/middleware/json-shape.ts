/**
 * How deep and how long a JSON text is, before it is parsed: a few megabytes of brackets become a hundred of objects.
 * It reads bytes only and does not say whether they are JSON.
 */

/** Objects and arrays inside one another. */
export const MAX_DEPTH = 32;
/** Objects, arrays and entries of them, all together: the longest request that any route takes has a third of it. */
export const MAX_PARTS = 100_000;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;

/** Which limit `bytes` exceed, in words; null when none. */
export function shapeProblem(bytes: Uint8Array): string | null {
  let depth = 0;
  let parts = 0;
  let inString = false;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i]!;
    if (inString) {
      if (byte === BACKSLASH) i++;
      else if (byte === QUOTE) inString = false;
    } else if (byte === QUOTE) inString = true;
    else if (byte === 0x7b || byte === 0x5b) {
      depth += 1;
      parts += 1;
      if (depth > MAX_DEPTH) return `body: at most ${MAX_DEPTH} objects and arrays inside one another`;
    } else if (byte === 0x7d || byte === 0x5d) depth -= 1;
    else if (byte === COMMA) parts += 1;
    if (parts > MAX_PARTS) return `body: at most ${MAX_PARTS} objects, arrays and entries`;
  }
  return null;
}
