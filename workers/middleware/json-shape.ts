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
const COLON = 0x3a;
const SPACES = [0x20, 0x09, 0x0a, 0x0d];

/** Which limit `bytes` exceed, in words; null when none. */
export function shapeProblem(bytes: Uint8Array): string | null {
  let depth = 0;
  let parts = 0;
  let inString = false;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i] as number;
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

/** `__proto__` in JSON, plainly and with every character as an escape of six. */
const SHORTEST_NAME = 9;
const LONGEST_NAME = 6 * SHORTEST_NAME;

/**
 * Whether a JSON text has a field `__proto__`, however it is spelt. Where names are free, in metadata and filters, zod
 * passes over it in silence, and a filter that is passed over lets everything pass.
 */
export function hasPrototypeField(bytes: Uint8Array): boolean {
  for (let i = 0; i < bytes.length; i++) {
    if (bytes[i] !== QUOTE) continue;
    const start = i + 1;
    for (i = start; i < bytes.length && bytes[i] !== QUOTE; i++) if (bytes[i] === BACKSLASH) i++;
    const length = i - start;
    if (length < SHORTEST_NAME || length > LONGEST_NAME || !isFollowedByColon(bytes, i + 1)) continue;
    if (parsed(bytes.subarray(start - 1, i + 1)) === '__proto__') return true;
  }
  return false;
}

function isFollowedByColon(bytes: Uint8Array, from: number): boolean {
  let at = from;
  while (SPACES.includes(bytes[at] as number)) at++;
  return bytes[at] === COLON;
}

/** What a JSON string says; null when it is none. */
function parsed(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return null;
  }
}
