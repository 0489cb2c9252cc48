/**
 * Visible text of inline Markdown in one linear pass per rule: links by their words, images by their alternative
 * text, no marks. A full inline parser takes quadratic time on hostile or just very long paragraphs.
 */
import { decodeReferences } from './entities.ts';
import { collapseSpace } from './text.ts';

/** Stands for a protected character while marks are removed; private use, so that no text contains it by accident. */
const PROTECTED = '\uE000';

export function inlineText(source: string): string {
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
    .replace(/(?<![\p{L}\p{N}_])_{1,3}(?=[^\s_])|(?<=[^\s_])_{1,3}(?![\p{L}\p{N}_])/gu, '');
  let next = 0;
  return decodeReferences(collapseSpace(text)).replaceAll(PROTECTED, () => kept[next++] ?? '');
}

/** `[words](address "title")`, `[words][reference]`, `![alternative](address)`. */
const LINK =
  /!?\[((?:[^[\]]|\[[^[\]]*\](?!\())*)\](?:\([^()\s]*(?:\([^()\s]*\)[^()\s]*)?(?:\s+"[^"()]*")?\)|\[[^[\]]*\])/g;
