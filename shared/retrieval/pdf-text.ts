/** The text of a PDF, by a library that needs no network and no worker of its own. */
import { extractText, getDocumentProxy, getMeta } from 'unpdf';

/** @throws Error that says why it cannot be read. Pages that were scanned have no text: then there is none */
export async function pdfText(bytes: Uint8Array): Promise<{ text: string; title: string }> {
  const document = await getDocumentProxy(new Uint8Array(bytes), { verbosity: 0 });
  const { text } = await extractText(document, { mergePages: false });
  const { info } = await getMeta(document);
  const title = typeof info?.Title === 'string' ? info.Title.trim() : '';
  return { text: text.join('').trim() === '' ? '' : text.join('\n\n').toWellFormed(), title };
}
