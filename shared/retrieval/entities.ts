/** Character references of HTML and Markdown, resolved. */
import { Parser } from 'htmlparser2';

/**
 * Text of Markdown with its references resolved and nothing else touched. They need their semicolon, as in CommonMark
 * (0.31, section 2.5): an address may have `&copy=2` in it.
 */
export function decodeReferences(text: string): string {
  if (!text.includes('&')) return text;
  return text.replace(/&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z][a-zA-Z0-9]{1,31});/g, (reference) => {
    // A soft hyphen is seen by nobody.
    if (reference === '&shy;') return '';
    const decoded = resolved(reference);
    // Of one that is not known, the parser may resolve the beginning, as browsers do.
    return decoded.endsWith(';') && reference !== '&semi;' ? reference : decoded;
  });
}

const known = new Map<string, string>();
const MOST_KNOWN = 4096;

function resolved(reference: string): string {
  const before = known.get(reference);
  if (before !== undefined) return before;
  let decoded = '';
  const parser = new Parser({ ontext: (data) => (decoded += data) });
  parser.end(reference);
  if (known.size < MOST_KNOWN) known.set(reference, decoded);
  return decoded;
}
