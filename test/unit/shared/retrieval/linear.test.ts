/**
 * Every reader, splitter and formatter of texts that callers send takes time in proportion to their length, whatever is
 * in them: twice the input, at most 2.5 times the processor time. The short form tries every reader with a quarter of
 * the inputs, each with others; with FEDCAR_FULL=1 with all of them.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { readDocumentFiles } from '../../../../cli/dataset/document-files.ts';
import { readLines } from '../../../../cli/dataset/lines.ts';
import { openTokenizer } from '../../../../models/tokenizer/tokenizer.ts';
import { asciidocToMarkdown } from '../../../../shared/retrieval/asciidoc.ts';
import { isBlank, splitDocument } from '../../../../shared/retrieval/chunking.ts';
import { citationMarks } from '../../../../shared/retrieval/citation-marks.ts';
import { leans, retrievalQuery } from '../../../../shared/retrieval/conversation.ts';
import { readDocument } from '../../../../shared/retrieval/document.ts';
import { decodeReferences } from '../../../../shared/retrieval/entities.ts';
import { renderSentences } from '../../../../shared/retrieval/extractive.ts';
import { frontMatter } from '../../../../shared/retrieval/front-matter.ts';
import { htmlBlocks } from '../../../../shared/retrieval/html.ts';
import { htmlTitle } from '../../../../shared/retrieval/html-title.ts';
import { markdownBlocks } from '../../../../shared/retrieval/markdown.ts';
import { inlineText } from '../../../../shared/retrieval/markdown-inline.ts';
import { withoutNoise } from '../../../../shared/retrieval/markdown-noise.ts';
import { rstToMarkdown } from '../../../../shared/retrieval/rst.ts';
import { passageUnits, statementsOf } from '../../../../shared/retrieval/statements.ts';
import {
  collapseSpace,
  headLength,
  sentences,
  textBlocks,
  toPieces,
} from '../../../../shared/retrieval/text.ts';
import { readEvents } from '../../../../shared/sse.ts';
import { CitationFilter } from '../../../../workers/answer/citations.ts';
import { promptOf } from '../../../../workers/answer/prompt.ts';
import { shapeProblem } from '../../../../workers/middleware/json-shape.ts';
import { growth, HOSTILE, MOST_GROWTH } from '../../../helpers/growth.ts';

const maxTokens = 128;
const tokenizer = openTokenizer(
  readFileSync(join(import.meta.dirname, '../../../../models/minilm/tokenizer.json')),
  { maxTokens },
);
const options = { countTokens: (text: string) => tokenizer.encode(text, 'passage').length, maxTokens };
const folder = mkdtempSync(join(tmpdir(), 'fedcar-linear-'));
afterAll(() => rmSync(folder, { recursive: true }));

const encoder = new TextEncoder();
/** In pieces of `size`, as a network brings them. */
const piecesOf = (text: string, size: number) =>
  Array.from({ length: Math.ceil(text.length / size) }, (_, i) => text.slice(i * size, (i + 1) * size));

async function eventsOf(text: string) {
  const pieces = piecesOf(text, 64).values();
  const stream = new ReadableStream<Uint8Array>({
    pull(controller) {
      const { value } = pieces.next();
      if (value === undefined) controller.close();
      else controller.enqueue(encoder.encode(value));
    },
  });
  for await (const _ of readEvents(stream, 1 << 24)) void _;
}

async function fileOf(name: string, text: string) {
  const file = join(folder, name);
  writeFileSync(file, text);
  try {
    for await (const _ of readDocumentFiles([{ file, key: name }], null)) void _;
  } catch (error) {
    // A text beyond the limits of a document is refused, after it was read.
    expect((error as Error).message).toMatch(/at most|UTF-16 text without a mark/);
  }
}

async function linesOf(text: string) {
  const file = join(folder, 'lines');
  writeFileSync(file, text);
  for await (const _ of readLines(file)) void _;
}

const turn = (content: string) => [{ role: 'user' as const, content }];
const passage = (text: string) => ({ id: 'a#0', item: 'a', title: 'A', text, score: 1 });

const SUBJECTS: readonly (readonly [string, (text: string) => unknown])[] = [
  ['paragraphs and sentences', (text) => toPieces(textBlocks(text), text)],
  ['sentences', sentences],
  ['white space', collapseSpace],
  ['the start of a text', (text) => headLength(text, text.length - 1)],
  ['HTML', htmlBlocks],
  ['entities', decodeReferences],
  ['Markdown', markdownBlocks],
  ['inline Markdown', inlineText],
  [
    'front matter',
    (text) => [`---\n${text}\n---\n`, `+++\n${text}`, `---\ntitle: >\n ${text}\n`].map(frontMatter),
  ],
  ['noise of Markdown', (text) => [text, `{{${text}`, `{/*${text}`, `<A\n${text}`].map(withoutNoise)],
  ['reStructuredText', (text) => [rstToMarkdown(text), rstToMarkdown(`.. note:: ${text}`)]],
  ['AsciiDoc', (text) => [asciidocToMarkdown(text), asciidocToMarkdown(`* ${text}`)]],
  ['a title of HTML', (text) => htmlTitle(`<title>${text}`)],
  ['a document that names itself', (text) => readDocument({ title: '', text, format: 'markdown' })],
  ['a table of HTML', (text) => htmlBlocks(`<table><tr><th>${text}</th></tr><tr><td>${text}`)],
  ['a blank text', (text) => isBlank({ title: '', text, format: 'text' })],
  ['passages of text', (text) => splitDocument({ title: 'T', text, format: 'text' }, options)],
  ['passages of Markdown', (text) => splitDocument({ title: 'T', text, format: 'markdown' }, options)],
  ['passages of HTML', (text) => splitDocument({ title: 'T', text, format: 'html' }, options)],
  ['passages of a title', (title) => splitDocument({ title, text: ' ', format: 'text' }, options)],
  ['tokens', (text) => tokenizer.encode(text, 'passage')],
  [
    'a conversation',
    (text) => [
      leans(text),
      retrievalQuery([...turn(text), ...turn('and it?')].filter(({ content }) => content.trim() !== '')),
    ],
  ],
  ['marks of citations', citationMarks],
  ['a quoted sentence', (text) => renderSentences({ sentences: [{ text, passage: 0, score: 1 }] })],
  [
    'citations in pieces',
    (text) => {
      const filter = new CitationFilter(3);
      for (const piece of piecesOf(text, 3)) filter.push(piece);
      filter.end();
    },
  ],
  ['whether words are known', (text) => tokenizer.knows(text)],
  ['statements of a passage', (text) => statementsOf(passageUnits({ title: '', text }))],
  ['a prompt', (text) => promptOf(turn(text), [passage(text), passage(text)])],
  ['server-sent events', eventsOf],
  ['the shape of a body', (text) => shapeProblem(encoder.encode(text))],
  ['a Markdown file', (text) => fileOf('a.md', text)],
  ['an HTML file', (text) => fileOf('a.html', text)],
  ['lines of a file', linesOf],
];

const PARTS = process.env.FEDCAR_FULL === '1' ? 1 : 8;

describe('time grows as the input does', () => {
  it.each(SUBJECTS)('%s', { timeout: 600_000 }, async (subject, work) => {
    const slow: string[] = [];
    const at = SUBJECTS.findIndex(([name]) => name === subject);
    for (const [name, textOf] of HOSTILE.filter((_, index) => (index + at) % PARTS === 0)) {
      const { times, characters, ms } = await growth(work, textOf);
      if (times > MOST_GROWTH)
        slow.push(`${name}: ${times.toFixed(1)} times from ${characters} (${ms.toFixed(0)} ms)`);
    }
    expect(slow).toEqual([]);
  });
});
