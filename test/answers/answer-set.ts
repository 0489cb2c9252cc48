/**
 * Questions with the sentence that answers each, over the samples and pages in the styles of public documentation. The
 * weights of the extractive answerer were chosen with those of the set `tuning`; `test` judges. The rules of how
 * statements are read were mended after reading answers to `test`, so that `second` judges beside it: forty questions
 * over other kinds of pages (an API's reference, a handbook, a device's manual, a tenancy's rules, release notes).
 */

import corpus from '../../samples/corpus.jsonl?raw';
import { asciidocToMarkdown } from '../../shared/retrieval/asciidoc.ts';
import { rstToMarkdown } from '../../shared/retrieval/rst.ts';
import questions from './questions.jsonl?raw';

export interface AnswerQuestion {
  set: 'test' | 'tuning' | 'second';
  /** Key of the document that answers. */
  page: string;
  question: string;
  /** The sentence, or the part of it that answers, word for word. */
  right: string;
}

export interface AnswerDocument {
  key: string;
  title: string;
  text: string;
  format: 'text' | 'markdown' | 'html';
}

const linesOf = <T>(text: string): T[] =>
  text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as T);

export const QUESTIONS = linesOf<AnswerQuestion>(questions);

const PAGES: Record<string, string> = import.meta.glob<string>('./pages/*/*', {
  query: '?raw',
  import: 'default',
  eager: true,
});

/** As `fedcar ingest` uploads them. */
function pageOf(path: string, source: string): AnswerDocument {
  const [, key = '', ending] = /^\.\/pages\/(.*)\.(\w+)$/.exec(path) ?? [];
  if (ending === 'html') return { key, title: '', text: source, format: 'html' };
  if (ending === 'txt') return { key, title: key.replace(/^.*\//, ''), text: source, format: 'text' };
  const convert = ending === 'rst' ? rstToMarkdown : ending === 'adoc' ? asciidocToMarkdown : String;
  return { key, title: '', text: convert(source), format: 'markdown' };
}

interface CorpusLine {
  _id: string;
  title: string;
  text: string;
  format?: 'markdown';
}

export const DOCUMENTS: AnswerDocument[] = [
  ...Object.entries(PAGES).map(([path, source]) => pageOf(path, source)),
  ...linesOf<CorpusLine>(corpus).map(({ _id, title, text, format }) => {
    return { key: _id, title, text, format: format ?? ('text' as const) };
  }),
];

/** Whether an answer has the sentence; its white space, its marks of code and its citations do not count. */
export function containsRight(answer: string, right: string): boolean {
  const plain = (text: string) => text.replace(/\s*\[\d+\]/g, '').replace(/[\s`*_]+/g, ' ');
  return plain(answer).includes(plain(right).trim());
}
