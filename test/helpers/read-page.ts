/** A page as its reader takes it, in a form that a table of cases can hold. */
import { readDocument } from '../../shared/retrieval/document.ts';
import { TEXT_FORMATS } from '../../shared/retrieval/file-format.ts';

/** The title, then blocks: prose as it is, others with their kind before a bar. @param ending of the file's name */
export function readPage(ending: string, source: string): string[] {
  const { format, convert } = TEXT_FORMATS.get(ending)!;
  const { title, blocks } = readDocument({ title: '', text: convert(source), format });
  const shown = blocks.map(({ kind, text }) => (kind === 'text' ? text : `${kind}|${text}`));
  return [title, ...shown];
}
