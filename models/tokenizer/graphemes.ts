/**
 * Extended grapheme clusters (UAX 29), as the reference's normaliser looks at a text. Characters that never join a
 * neighbour are taken one by one; the platform's segmenter, which is slow, sees the rest.
 */

/** Letters, digits and signs between two of which a cluster always ends. */
const PLAIN =
  '\\u0020-\\u007e\\u00a1-\\u00a8\\u00aa-\\u00ac\\u00af-\\u02ff\\u0370-\\u0482\\u048a-\\u055f\\u0561-\\u0590' +
  '\\u05d0-\\u05ea\\u0620-\\u064a\\u0671-\\u06d3\\u1e00-\\u1fff\\u3041-\\u3096\\u30a1-\\u30fa\\u4e00-\\u9fff\\uac00-\\ud7a3' +
  '\\u3001-\\u3029\\uff01-\\uff9d';

/** Plain characters that no other follows, or a stretch of the rest with the plain neighbours that it may join. */
const PIECES = new RegExp(
  `[${PLAIN}]+(?![^${PLAIN}])|[${PLAIN}]?[^${PLAIN}]+(?:[${PLAIN}][^${PLAIN}]+)*[${PLAIN}]?`,
  'g',
);
const ONLY_PLAIN = new RegExp(`^[${PLAIN}]+$`);

/** The platform's segmenter takes time that grows with the square of the text: it gets so many units at once. */
const STRETCH = 512;
/** What goes on a cluster that has no end in a stretch. */
const EXTENDING = /[\p{M}\u200c\u200d]/u;

const segmenter = new Intl.Segmenter('en', { granularity: 'grapheme' });

/** Calls `visit` with every cluster of `text`, in order; with one longer than 512 units character by character. */
export function eachGrapheme(text: string, visit: (cluster: string) => void): void {
  for (const [piece] of text.matchAll(PIECES)) {
    if (ONLY_PLAIN.test(piece)) for (const unit of piece) visit(unit);
    else segment(piece, visit);
  }
}

function segment(piece: string, visit: (cluster: string) => void): void {
  let at = 0;
  while (at < piece.length) {
    const end = at + STRETCH;
    const part = piece.slice(at, isBetweenSurrogates(piece, end) ? end + 1 : end);
    const clusters = Array.from(segmenter.segment(part), ({ segment: cluster }) => cluster);
    if (at + part.length >= piece.length) {
      for (const cluster of clusters) visit(cluster);
      return;
    }
    if (clusters.length > 1) {
      // The last one may go on behind the cut.
      const kept = clusters.slice(0, -1);
      for (const cluster of kept) visit(cluster);
      at += part.length - clusters.at(-1)!.length;
      continue;
    }
    for (const character of part) visit(character);
    at += part.length;
    for (let next = characterAt(piece, at); EXTENDING.test(next); next = characterAt(piece, at)) {
      visit(next);
      at += next.length;
    }
  }
}

const isBetweenSurrogates = (text: string, at: number) => (text.codePointAt(at - 1) ?? 0) > 0xffff;

function characterAt(text: string, at: number): string {
  return at < text.length ? String.fromCodePoint(text.codePointAt(at)!) : '';
}
