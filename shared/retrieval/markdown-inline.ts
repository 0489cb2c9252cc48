/**
 * Visible text of inline Markdown in one linear pass per rule: links by their words, images by their alternative
 * text, no marks. A full inline parser takes quadratic time on hostile or just very long paragraphs.
 */
import { decodeReferences } from './entities.ts';
import { collapseSpace } from './text.ts';

/** Stands for a protected character while marks are removed; private use, so that no text contains it by accident. */
const PROTECTED = '\uE000';

/** A text without any of these has no marks. */
const MARKED = /[`\\*_[<&~=\uE000]/;

export function inlineText(source: string): string {
  if (!MARKED.test(source)) return collapseSpace(source);
  const kept: string[] = [];
  const keep = (text: string): string => {
    kept.push(text);
    return PROTECTED;
  };
  const text = source
    .replaceAll(PROTECTED, '')
    .replace(/(`{1,3})(?!`)([^`]+)\1(?!`)/g, (_, __, code: string) => keep(code.trim()))
    .replace(/\\([!-/:-@[-`{-~])/g, (_, mark: string) => keep(mark))
    // Links and images, innermost brackets first: once more for an image inside a link.
    .replace(LINK, '$1')
    .replace(LINK, '$1')
    .replace(/<((?:https?:\/\/|mailto:)[^<>\s]+)>/g, (_, address: string) => keep(address))
    .replace(/<br[^<>]*>/gi, '\n')
    .replace(/<\/?[a-z][^<>]*>|<!--[^<>]*-->/gi, '')
    // Emphasis clings to the outside of words; a star between spaces, letters or digits is a star.
    .replace(/(?<![\p{L}\p{N}*])\*{1,3}(?=[^\s*])|(?<=[^\s*])\*{1,3}(?![\p{L}\p{N}*])/gu, '')
    .replace(/(?<=\p{L})\*{2,3}(?=\p{L})|~~(?=\S)|(?<=\S)~~/gu, '')
    .replace(/(?<![\p{L}\p{N}=])==(?=[^\s=])|(?<=[^\s=])==(?![\p{L}\p{N}=])/gu, '')
    // A break of the line.
    .replace(/\\$/gm, '')
    .replace(/(?<![\p{L}\p{N}_])_{1,3}(?=[^\s_])|(?<=[^\s_])_{1,3}(?![\p{L}\p{N}_])/gu, '');
  let next = 0;
  return decodeReferences(collapseSpace(text)).replaceAll(PROTECTED, () => kept[next++] ?? '');
}

/** A heading's words: without pictures where it has words, and without the id and classes that some generators let it have. */
export function headingText(source: string): string {
  const worded = withoutPictures(source);
  return withoutAttributes(inlineText(worded.trim() === '' ? source : worded));
}

/** Whether a paragraph is pictures that lead somewhere, and nothing else: badges of builds and versions. */
export function isBadges(source: string): boolean {
  return source.startsWith('[![') && withoutPictures(source).trim() === '';
}

function withoutPictures(source: string): string {
  return source.includes('![') ? source.replace(PICTURE, '').replace(EMPTY_LINK, '') : source;
}

/** `{#id}`, `{: .class}` at the end. */
export function withoutAttributes(heading: string): string {
  const at = heading.lastIndexOf('{');
  return at >= 0 && /^\{[ \t]*[#.:][^{}]*\}\s*$/.test(heading.slice(at)) ? heading.slice(0, at) : heading;
}

const PICTURE = /!\[[^[\]]*\](?:\([^()]*\)|\[[^[\]]*\])/g;
const EMPTY_LINK = /\[\s*\](?:\([^()]*\)|\[[^[\]]*\])/g;

/** `[words](address "title")`, `[words][reference]`, `![alternative](address)`. */
const LINK =
  /!?\[((?:[^[\]]|\[[^[\]]*\](?!\())*)\](?:\([^()\s]*(?:\([^()\s]*\)[^()\s]*)?(?:\s+"[^"()]*")?\)|\[[^[\]]*\])/g;
