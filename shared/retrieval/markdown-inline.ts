/**
 * Visible text of inline Markdown in one linear pass per rule: links by their words, images by their alternative
 * text, no marks. A full inline parser takes quadratic time on hostile or just very long paragraphs.
 */
import { decodeReferences } from './entities.ts';
import { collapseSpace } from './text.ts';

/**
 * A protected text's number stands for it while marks are removed: a link's address may go with some of them. Its digits
 * are no characters of Unicode, so that no text has them.
 */
const PROTECTED = /\uFDE0([\uFDD0-\uFDDF]{6})/g;
const FIRST_DIGIT = 0xfdd0;
const DIGITS = 6;

function numberMark(number: number): string {
  let mark = '\uFDE0';
  for (let shift = 4 * (DIGITS - 1); shift >= 0; shift -= 4)
    mark += String.fromCharCode(FIRST_DIGIT + ((number >> shift) & 15));
  return mark;
}

function numberOf(digits: string): number {
  let number = 0;
  for (let at = 0; at < DIGITS; at++) number = 16 * number + digits.charCodeAt(at) - FIRST_DIGIT;
  return number;
}

/** Soft hyphens and joiners of lines: seen by nobody, and in the way of whoever looks for a word. */
const UNSEEN = /[\u00AD\u2060\uFDD0-\uFDEF]/g;

/** What nothing below looks into: code, what a backslash protects, and addresses in angle brackets. */
const KEPT =
  /(?<fence>`{1,3})(?!`)(?<code>[^`]+)\k<fence>(?!`)|\\(?<mark>[!-/:-@[-`{-~])|<(?<address>(?:https?:\/\/|mailto:)[^<>\s]+|[\w.!#$%&'*+/=?^`{|}~-]{1,64}@[\w.-]{1,255})>/g;

/** What inline code is written in, as MkDocs has it. */
const LANGUAGE = /^#![a-z][a-z0-9+-]*[ \t]+(?=\S)/;

/** A text without any of these has no marks. */
const MARKED = /[`\\*_[<&~=\u00AD\u2060\uFDD0-\uFDEF]/;

export function inlineText(source: string): string {
  if (!MARKED.test(source)) return collapseSpace(source);
  const kept: string[] = [];
  const keep = (text: string): string => {
    kept.push(text);
    return numberMark(kept.length - 1);
  };
  const text = source
    .replace(UNSEEN, '')
    .replace(KEPT, (...match) => {
      const { code, mark, address } = match.at(-1) as Record<string, string | undefined>;
      return keep(code?.trim().replace(LANGUAGE, '') ?? mark ?? address!);
    })
    // Links and images, innermost brackets first: once more for an image inside a link.
    .replace(LINK, '$1')
    .replace(LINK, '$1')
    .replace(/<br[^<>]*>/gi, '\n')
    .replace(/<\/?[a-z][^<>]*>|<!--[^<>]*-->/gi, (tag) => {
      const title = componentTitle(tag);
      return title === '' ? '' : `\n${title}\n`;
    })
    // Emphasis clings to the outside of words; a star between spaces, letters or digits is a star.
    .replace(/(?<![\p{L}\p{N}*])\*{1,3}(?=[^\s*])|(?<=[^\s*])\*{1,3}(?![\p{L}\p{N}*])/gu, '')
    .replace(UNSPACED, '$1')
    .replace(/(?<=\p{L})\*{2,3}(?=\p{L})|~~(?=\S)|(?<=\S)~~/gu, '')
    .replace(/(?<![\p{L}\p{N}=])==(?=[^\s=])|(?<=[^\s=])==(?![\p{L}\p{N}=])/gu, '')
    // A break of the line.
    .replace(/\\$/gm, '')
    .replace(/(?<![\p{L}\p{N}_])_{1,3}(?=[^\s_])|(?<=[^\s_])_{1,3}(?![\p{L}\p{N}_])/gu, '');
  return decodeReferences(collapseSpace(text)).replace(
    PROTECTED,
    (_, digits: string) => kept[numberOf(digits)]!,
  );
}

/** Emphasis inside of a script that has no spaces to stand beside. */
const UNSPACED = new RegExp(
  String.raw`(?<!\*)\*(?!\*)(?=[S])([^*\n]{1,100})(?<=[S])\*(?!\*)`.replaceAll(
    'S',
    '\\p{sc=Han}\\p{sc=Hiragana}\\p{sc=Katakana}\\p{sc=Thai}\\p{sc=Lao}\\p{sc=Khmer}\\p{sc=Myanmar}',
  ),
  'gu',
);

/** What the tag of a component of MDX shows above its content; empty where it shows nothing. */
export function componentTitle(tag: string): string {
  if (!/^<[A-Z]/.test(tag)) return '';
  return (
    /\s(?:title|label)\s*=\s*(?:"([^"{}]{1,300})"|'([^'{}]{1,300})')/.exec(tag)?.slice(1).find(Boolean) ?? ''
  );
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

/** `[words](address "title")`, `[words](<an address>)`, `[words][reference]`, `![alternative](address)`. */
const LINK =
  /!?\[((?:[^[\]]|\[[^[\]]*\](?!\())*)\](?:\((?:<[^<>()]*>|[^()\s]*(?:\([^()\s]*\)[^()\s]*)?)(?:\s+(?:"[^"()]*"|'[^'()]*'))?\)|\[[^[\]]*\])/g;
