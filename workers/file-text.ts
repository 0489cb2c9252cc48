/**
 * A file that was uploaded as it is, as a document's text. Files of text are read here, by the reader that the command
 * has too; PDF and office files become Markdown by Workers AI's `toMarkdown`, where the deployment has the binding `AI`.
 */
import { z } from '@hono/zod-openapi';
import type { ItemFormat } from '../shared/protocol/api/item.ts';
import { decodeText } from '../shared/retrieval/encoding.ts';
import { ENDINGS_OF_TYPES, TEXT_FORMATS } from '../shared/retrieval/file-format.ts';
import { DeadlineError, within } from './deadline.ts';
import { Problem } from './problem.ts';

/** Endings of files that are converted, by their content type. */
const CONVERTED: Readonly<Record<string, string>> = {
  'application/pdf': '.pdf',
  'application/vnd.openxmlformats-officedocument.wordprocessingml.document': '.docx',
  'application/vnd.oasis.opendocument.text': '.odt',
};

export const FILE_TYPES: readonly string[] = [...Object.keys(ENDINGS_OF_TYPES), ...Object.keys(CONVERTED)];

const CONVERSION_MS = 60_000;

/** What is used of the `AI` binding: one answer for each file, in their order. */
export interface FileConverter {
  toMarkdown?(files: { name: string; blob: Blob }[]): Promise<unknown>;
}

/** An answer of `toMarkdown`, of the versions that were seen: with and without an id, and what failed. */
const Converted = z.union([
  z.looseObject({ format: z.literal('error'), error: z.string() }),
  z.looseObject({ format: z.string(), data: z.string() }),
]);

export interface UploadedFile {
  bytes: Uint8Array<ArrayBuffer>;
  /** As the request says it, with parameters. */
  contentType: string;
}

/** @throws Problem for a kind that is not read, here or at all, and for a file that is not what it says */
export async function fileText(
  { bytes, contentType }: UploadedFile,
  ai: FileConverter | undefined,
): Promise<{ text: string; format: ItemFormat }> {
  const [type = '', ...parameters] = contentType
    .toLowerCase()
    .split(';')
    .map((part) => part.trim());
  if (!FILE_TYPES.includes(type)) {
    throw new Problem(
      'unsupported_media_type',
      `content-type: one of ${FILE_TYPES.join(', ')}, not ${type || 'none'}`,
    );
  }
  if (bytes.length === 0) throw new Problem('invalid_request', 'body: the file is empty');
  const reader = TEXT_FORMATS.get(ENDINGS_OF_TYPES[type] ?? '');
  if (reader !== undefined) {
    const charset = charsetOf(parameters);
    const text = charset === null ? byItself(bytes, reader.format) : decoded(bytes, charset);
    return { text: reader.convert(text), format: reader.format };
  }
  if (ai?.toMarkdown === undefined) {
    const detail = `${type}: this deployment has no binding AI (Workers AI), which reads such files; the command reads them on your machine: fedcar ingest FILE`;
    throw new Problem('no_converter', detail);
  }
  return { text: await converted(ai, { bytes, type, ending: CONVERTED[type]! }), format: 'markdown' };
}

async function converted(
  ai: FileConverter,
  { bytes, type, ending }: { bytes: Uint8Array<ArrayBuffer>; type: string; ending: string },
): Promise<string> {
  // Its name says what it is, and nothing about it.
  const file = { name: `document${ending}`, blob: new Blob([bytes], { type }) };
  const answer = await within(CONVERSION_MS, 'Workers AI', ai.toMarkdown!([file])).catch((error: unknown) => {
    const why =
      error instanceof DeadlineError ? error.message : `Workers AI failed: ${String(error).slice(0, 300)}`;
    throw new Problem('converter_failed', why);
  });
  const read = Converted.safeParse(Array.isArray(answer) ? answer[0] : answer);
  if (!read.success)
    throw new Problem('converter_failed', 'Workers AI answered in a shape that is not known');
  if ('error' in read.data && read.data.format === 'error') {
    throw new Problem('unreadable_file', `${type}: ${String(read.data.error).slice(0, 300)}`);
  }
  const text = String(read.data.data).toWellFormed();
  if (text.trim() === '') throw new Problem('unreadable_file', `${type}: there is no text in it`);
  return text;
}

function charsetOf(parameters: readonly string[]): string | null {
  const said = parameters.find((part) => part.startsWith('charset='));
  return said?.slice('charset='.length).replaceAll('"', '') || null;
}

/** As the command reads it: by its mark, and a page by what it says of itself. */
function byItself(bytes: Uint8Array<ArrayBuffer>, format: ItemFormat): string {
  try {
    return decodeText(bytes, format === 'html');
  } catch (error) {
    throw new Problem('malformed_body', `body: ${(error as Error).message}`);
  }
}

function decoded(bytes: Uint8Array<ArrayBuffer>, charset: string): string {
  let decoder: TextDecoder;
  try {
    decoder = new TextDecoder(charset, { fatal: true, ignoreBOM: false });
  } catch {
    throw new Problem('unsupported_media_type', `content-type: there is no charset ${charset.slice(0, 40)}`);
  }
  try {
    return decoder.decode(bytes);
  } catch {
    throw new Problem('malformed_body', `body: not text in ${decoder.encoding}`);
  }
}
