/** Files that become text, with a binding that answers as `toMarkdown` of Workers AI does (workers-types 5, ConversionResponse). */
import { describe, expect, it } from 'vitest';
import { FILE_TYPES, type FileConverter, fileText } from '../../../workers/file-text.ts';
import type { Problem } from '../../../workers/problem.ts';
import { pdfOf } from '../../helpers/office-files.ts';

const encode = (text: string) => Uint8Array.from(new TextEncoder().encode(text));
const pdf = {
  bytes: new Uint8Array(pdfOf('A leaflet', ['How to dry herbs.'])),
  contentType: 'application/pdf',
};
const meta = { id: 'b1', mimeType: 'application/pdf' };

/** A binding that keeps what it was given, and answers so. */
function converter(answer: (name: string) => unknown) {
  const given: { name: string; type: string; bytes: number }[] = [];
  const ai: FileConverter = {
    async toMarkdown(files) {
      given.push(...files.map(({ name, blob }) => ({ name, type: blob.type, bytes: blob.size })));
      return files.map(({ name }) => answer(name));
    },
  };
  return { ai, given };
}

const refusal = (work: Promise<unknown>) =>
  work.then(
    () => null,
    ({ status, code, message }: Problem) => ({ status, code, message }),
  );

describe('a file', () => {
  it('of PDF or Word is converted, under a name that says nothing about it', async () => {
    const { ai, given } = converter((name) => ({
      ...meta,
      name,
      format: 'markdown',
      tokens: 9,
      data: '# A leaflet\n\nHow to dry herbs.',
    }));
    expect(await fileText(pdf, ai)).toEqual({ text: '# A leaflet\n\nHow to dry herbs.', format: 'markdown' });
    const word = FILE_TYPES.find((type) => type.includes('wordprocessingml'))!;
    await fileText({ bytes: encode('PK'), contentType: `${word}; x=y` }, ai);
    expect(given).toEqual([
      { name: 'document.pdf', type: 'application/pdf', bytes: pdf.bytes.length },
      { name: 'document.docx', type: word, bytes: 2 },
    ]);
  });

  it('of text is read as its type says, without any binding', async () => {
    const read = (contentType: string, bytes: Uint8Array<ArrayBuffer>) =>
      fileText({ bytes, contentType }, undefined);
    expect(await read('text/markdown', encode('# A'))).toEqual({ text: '# A', format: 'markdown' });
    expect(await read('Text/HTML; Charset="UTF-8"', encode('<p>A'))).toEqual({
      text: '<p>A',
      format: 'html',
    });
    expect(await read('application/xhtml+xml', encode('<p>A</p>'))).toEqual({
      text: '<p>A</p>',
      format: 'html',
    });
    expect((await read('text/x-rst', encode('A\n=\n\nSee `b <c>`_.\n'))).text).toBe('A\n=\n\nSee b.\n');
    expect((await read('text/asciidoc', encode('= A\n\nSome text.\n'))).text).toMatch(/^# A\n+Some text\./);
    expect(await read('text/plain;charset=iso-8859-1', Uint8Array.of(0xfc))).toEqual({
      text: 'ü',
      format: 'text',
    });
    expect(await refusal(read('text/plain', Uint8Array.of(0xfc)))).toMatchObject({
      status: 400,
      code: 'malformed_body',
    });
    expect(await refusal(read('text/plain;charset=nope', encode('a')))).toMatchObject({ status: 415 });
    expect(await refusal(read('text/plain', encode('')))).toMatchObject({
      status: 400,
      code: 'invalid_request',
    });
  });

  it('of text is told by its mark, a page by what it says of itself', async () => {
    const read = (contentType: string, bytes: number[]) =>
      fileText({ bytes: Uint8Array.from(bytes), contentType }, undefined).then(({ text }) => text);
    const page = (head: string, ...more: number[]) => [...encode(head), ...more];
    const cases: [string, number[], string][] = [
      ['text/markdown', [0xff, 0xfe, 0x23, 0, 0x20, 0, 0x41, 0], '# A'],
      ['text/plain', [0xfe, 0xff, 0, 0x41], 'A'],
      ['text/html', page('<meta charset="windows-1252"><p>', 0xfc), '<meta charset="windows-1252"><p>ü'],
      [
        'text/html',
        page('<?xml version="1.0" encoding="ISO-8859-2"?><p>', 0xb1),
        '<?xml version="1.0" encoding="ISO-8859-2"?><p>ą',
      ],
      ['text/html', page('<meta charset="x-nope"><p>ü'), '<meta charset="x-nope"><p>ü'],
    ];
    for (const [type, bytes, text] of cases) expect(await read(type, bytes)).toBe(text);
    const wide = await refusal(read('text/plain', [0x41, 0, 0x42, 0]));
    expect(wide).toMatchObject({
      status: 400,
      message: expect.stringContaining('UTF-16 text without a mark'),
    });
  });

  it('that is not read is refused, and says what would be', async () => {
    expect(await refusal(fileText({ ...pdf, contentType: 'image/png' }, undefined))).toMatchObject({
      status: 415,
      message: expect.stringContaining('application/pdf'),
    });
    for (const ai of [undefined, {}]) {
      expect(await refusal(fileText(pdf, ai))).toMatchObject({
        status: 501,
        code: 'no_converter',
        message: expect.stringContaining('fedcar ingest'),
      });
    }
  });

  it.each([
    [{ ...meta, format: 'error', error: 'Encrypted file' }, 422, 'Encrypted file'],
    [{ ...meta, format: 'markdown', tokens: 0, data: ' \n' }, 422, 'no text in it'],
    [{ ...meta, format: 'markdown' }, 503, 'shape that is not known'],
    [null, 503, 'shape that is not known'],
  ])('that becomes %j is refused', async (answer, status, message) => {
    const found = await refusal(fileText(pdf, converter(() => answer).ai));
    expect(found).toMatchObject({ status, message: expect.stringContaining(message) });
  });

  it('is refused where the converter fails', async () => {
    const ai = { toMarkdown: () => Promise.reject(new Error('AiError: 3040: Capacity')) };
    expect(await refusal(fileText(pdf, ai))).toMatchObject({ status: 503, code: 'converter_failed' });
  });
});
