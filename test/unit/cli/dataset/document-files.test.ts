/** Files of documents: kinds, encodings, titles, what a site repeats, and what is not read. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { documentFiles, readDocumentFiles } from '../../../../cli/dataset/document-files.ts';
import { CollectedFindings, findingLines } from '../../../../cli/dataset/findings.ts';
import { openSource } from '../../../../cli/ingest-source.ts';
import { splitDocument } from '../../../../shared/retrieval/chunking.ts';
import { docxOf, pdfOf } from '../../../helpers/office-files.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fedcar-files-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const write = (files: Record<string, string | Uint8Array>) => {
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
};
const options = { countTokens: (text: string) => text.split(/\s+/).length, maxTokens: 256 };

async function read() {
  const findings = new CollectedFindings();
  const { files, unread } = await documentFiles(folder);
  const documents: Record<string, string> = {};
  for await (const { document } of readDocumentFiles(files, null, findings)) {
    const passages = splitDocument({ format: 'text', ...document }, options);
    documents[document.key] = passages.map(({ text }) => text.replace(/\s+/g, ' ')).join(' | ');
  }
  const reasons = (found: typeof findings.entries) => [...found.values()].map(({ reason }) => reason);
  return { documents, unread, leftOut: reasons(findings.entries), notes: reasons(findings.notes) };
}

describe('files', () => {
  it('without text are named, and are no documents; a title is enough', async () => {
    write({
      ...{
        'a.md': '',
        'b.txt': ' \n',
        'c.md': '\uFEFF',
        'd.md': '<!-- nothing -->',
        'e.html': '<body></body>',
      },
      ...{
        'f.html': '<body><script>app()</script></body>',
        'g.md': '---\ntitle: Here\n---\n',
        'h.html': '<title>There</title>',
      },
    });
    const { documents, notes } = await read();
    expect(documents).toEqual({ 'g.md': 'Here', 'h.html': 'There' });
    expect(notes).toEqual(Array(6).fill('left out: there is no text in it'));
  });

  it('in folders that cannot be entered are not known, and stop nothing', async () => {
    // Longer than a path may be.
    const here = process.cwd();
    process.chdir(folder);
    for (let depth = 0; depth < 20; depth++) {
      mkdirSync('d'.repeat(250));
      process.chdir('d'.repeat(250));
    }
    process.chdir(here);
    write({ 'z.md': '# Z' });
    const findings = new CollectedFindings();
    const source = await openSource(folder, { questions: false, findings }, null);
    const keys: string[] = [];
    for await (const { document } of source.documents) keys.push(document.key);
    expect(keys).toEqual(['z.md']);
    expect([...findings.entries.values()]).toMatchObject([
      {
        file: expect.stringContaining('/dddd'),
        reason: expect.stringContaining('cannot be entered: ENAMETOOLONG'),
      },
    ]);
    rmSync(join(folder, 'd'.repeat(250)), { recursive: true });
  });

  it('are read by their kind, each with its title', async () => {
    write({
      'a.md': '---\ntitle: From YAML\n---\nText.',
      'b.mdx': 'import X from "x";\n\n# Mdx\n\nText.',
      'c.rst': 'Rest\n====\n\nText.',
      'd.adoc': '= Ascii\n\nText.',
      'e.html': '<h1>Page</h1><p>Text.',
      'f-plain_name.txt': 'Text.',
      'g.pdf': pdfOf('A leaflet', ['How to dry herbs.', 'Hang them up.']),
      'h.docx': docxOf('A letter', 'Sent by post.'),
      'no-heading.md': 'Text.',
    });
    expect((await read()).documents).toEqual({
      'a.md': 'From YAML: Text.',
      'b.mdx': 'Mdx: Text.',
      'c.rst': 'Rest: Text.',
      'd.adoc': 'Ascii: Text.',
      'e.html': 'Page: Text.',
      'f-plain_name.txt': 'f plain name: Text.',
      'g.pdf': 'A leaflet: How to dry herbs. Hang them up.',
      'h.docx': 'A letter: Sent by post.',
      'no-heading.md': 'no heading: Text.',
    });
  });

  it('may be UTF-16 with a mark; what is neither, or not what it is called, is left out', async () => {
    const big = Buffer.from('\uFEFFGrün', 'utf16le').swap16();
    write({
      ...{ 'a.txt': Buffer.from('\uFEFFGrün', 'utf16le'), 'b.txt': big, 'c.txt': '\uFEFFGrün' },
      ...{ 'd.txt': Buffer.from('Grün', 'latin1'), 'e.pdf': 'no', 'f.docx': 'no', 'g.pdf': pdfOf('', [' ']) },
      'h.txt': Buffer.from([0xff, 0xfe, 0x00, 0xd8]),
    });
    const { documents, leftOut } = await read();
    expect(documents).toEqual({ 'a.txt': 'a: Grün', 'b.txt': 'b: Grün', 'c.txt': 'c: Grün' });
    expect(leftOut).toEqual([
      'is not UTF-8 text: save it as UTF-8',
      expect.stringContaining('is not a PDF that can be read'),
      expect.stringContaining('is not a Word file that can be read'),
      'has no text in it, only pictures',
      'is not UTF-16LE text: save it as UTF-8',
    ]);
  });

  it('of a page are read as it says itself; nothing is read as what it is not', async () => {
    const utf16 = Buffer.from('Hello there', 'utf16le');
    write({
      'a.html': Buffer.from('<meta charset="windows-1252"><p>It\x92s gr\xfcn', 'latin1'),
      'b.htm': Buffer.from(
        '<meta http-equiv=Content-Type content="text/html; charset=iso-8859-2"><p>\xb1',
        'latin1',
      ),
      'c.html': '<meta charset="iso-8859-1"><p>Grün',
      'd.html': Buffer.from('<meta charset="made-up"><p>gr\xfcn', 'latin1'),
      ...{
        'e.txt': utf16,
        'f.txt': Buffer.concat([Buffer.from([0xff, 0xfe, 0, 0]), Buffer.from('a\0\0\0')]),
      },
      'g.txt': 'One\0 zero is text.',
      'h.txt': Buffer.alloc(9_000_000, 'a word '),
    });
    const { documents, leftOut } = await read();
    expect(documents).toEqual({
      'a.html': 'a: It’s grün',
      'b.htm': 'b: ą',
      'c.html': 'c: Grün',
      'g.txt': 'g: One\0 zero is text.',
    });
    expect(leftOut).toEqual([
      'is not UTF-8 text: save it as UTF-8',
      'is UTF-16 text without a mark, or no text: save it as UTF-8',
      'is UTF-32 text: save it as UTF-8',
      'has 9000000 bytes; a document has at most 2000000: divide it',
    ]);
  });

  it('that grow beyond all measure when they are unpacked are not', async () => {
    const letter = docxOf('A letter', 'Sent by post.');
    const grown = Buffer.from(letter);
    for (
      let at = grown.indexOf('PK\x01\x02', 0, 'latin1');
      at >= 0;
      at = grown.indexOf('PK\x01\x02', at + 4, 'latin1')
    )
      grown.writeUInt32LE(1 << 30, at + 24);
    write({ 'a.docx': letter, 'b.docx': grown });
    const { documents, leftOut } = await read();
    expect(documents).toEqual({ 'a.docx': 'A letter: Sent by post.' });
    expect(leftOut).toEqual([
      expect.stringMatching(/^has \d{10,} bytes of text and marks; at most 67108864/),
    ]);
  });

  it('behind links are read once on each way; what is no file is named', async () => {
    mkdirSync(join(folder, 'real'));
    write({ 'real/a.md': 'Text.', 'b%20\n.md': 'Text.' });
    symlinkSync('real/a.md', join(folder, 'file.md'));
    symlinkSync('real', join(folder, 'folder'));
    symlinkSync('..', join(folder, 'real', 'up'));
    symlinkSync('nowhere.md', join(folder, 'broken.md'));
    execFileSync('mkfifo', [join(folder, 'pipe.md')]);
    writeFileSync(
      Buffer.concat([Buffer.from(`${folder}/bad`), Buffer.from([0xff]), Buffer.from('.md')]),
      'Text.',
    );
    const { documents, unread, leftOut } = await read();
    expect(Object.keys(documents).sort()).toEqual(['b%20\n.md', 'file.md', 'folder/a.md', 'real/a.md']);
    expect(Object.fromEntries(unread)).toEqual({
      'links to nothing': ['broken.md'],
      'no files': ['pipe.md'],
    });
    expect(leftOut).toEqual(['cannot be read: its name is not UTF-8']);
  });

  it('of other kinds are counted, and refused when they are named alone', async () => {
    write({ 'a.md': 'Text.', 'b.PNG': '', 'c.png': '', LICENSE: '', '.hidden': '' });
    expect((await read()).unread).toEqual(
      new Map([
        ['no ending', ['LICENSE']],
        ['.png', ['b.PNG', 'c.png']],
      ]),
    );
    await expect(documentFiles(join(folder, 'c.png'))).rejects.toThrow(
      /c\.png: is no file of a kind that is read: \.md/,
    );
  });
});

it('a corpus is uploaded without the questions that nobody has', async () => {
  mkdirSync(join(folder, 'qrels'));
  write({
    'corpus.jsonl': '{"_id":1,"text":"A"}\n{"_id":1,"text":"B"}\n{"_id":2,"text":"C"}',
    'qrels/train.tsv': 'q\t1\t1\n',
  });
  const findings = new CollectedFindings();
  const source = await openSource(folder, { questions: true, findings }, null);
  const keys: string[] = [];
  for await (const { document } of source.documents) keys.push(document.key);
  expect(keys).toEqual(['1', '2']);
  expect([...findings.entries.values()].map(({ line, reason }) => [line, reason])).toEqual([
    [2, 'field "_id": "1" occurs twice'],
  ]);
});

describe('pages of a site', () => {
  const page = (text: string, more = '') =>
    `<title>${text}</title><div><a href="/">Home</a></div><div>All pages</div><p>${text} text.</p>${more}<div>Imprint</div>`;

  it('are read without the lines that open or close most of them', async () => {
    write({
      ...Object.fromEntries(['Ape', 'Bee', 'Cat'].map((name) => [`${name}.html`, page(name)])),
      'Dog.html': page('Dog', '<p>Home</p>'),
      'Emu.html': '<p>Emu text.</p><div>Contact</div>',
      'Fox.html': '<div>Home</div><div>Imprint</div>',
    });
    expect((await read()).documents).toEqual({
      'Ape.html': 'Ape: Ape text.',
      'Bee.html': 'Bee: Bee text.',
      'Cat.html': 'Cat: Cat text.',
      'Dog.html': 'Dog: Dog text. Home',
      'Emu.html': 'Emu: Emu text. Contact',
      'Fox.html': 'Fox: Home Imprint',
    });
  });

  it('that are few repeat nothing', async () => {
    write({ 'a.html': page('Ape'), 'b.html': page('Bee') });
    expect((await read()).documents['a.html']).toContain('Home');
  });
});

it('shows the first findings of many', () => {
  const findings = new Map(
    Array.from({ length: 25 }, (_, n) => [`f:${n}`, { file: 'f', line: n, reason: '' }]),
  );
  expect(findingLines(findings, 'left out')).toHaveLength(21);
  expect(findingLines(findings, 'left out').at(-1)).toBe('left out: 5 more, all of them with --json');
});
