/** The text of a completion that comes as server-sent events, in pieces, with its end. */

import { readEvents } from '../../shared/sse.ts';
import { type AnswerEnd, AnswererError } from './answerer.ts';
import { completionOf } from './completion-shapes.ts';
import type { Deadline } from './deadline.ts';

/** Bytes of one event stream: an answer is far shorter. */
const MAX_BYTES = 4 << 20;

/**
 * @throws AnswererError when the stream reports an error, is no completion, or ends before the text does: an answer
 * that was cut off never passes for a whole one.
 */
export async function* streamedText(
  stream: ReadableStream<Uint8Array>,
  deadline: Deadline,
): AsyncGenerator<string, AnswerEnd> {
  let end: AnswerEnd = { finish: 'stop', usage: null };
  let complete = false;
  try {
    for await (const { event, data } of readEvents(stream, MAX_BYTES)) {
      deadline.touch();
      if (data.startsWith('[DONE]')) {
        complete = true;
        continue;
      }
      if (event === 'error') throw new AnswererError('answerer_failed', 'The answering model failed.');
      const { text, finish, usage } = completionOf(JSON.parse(data));
      if (finish !== null) complete = true;
      end = { finish: finish ?? end.finish, usage: usage ?? end.usage };
      if (text !== '') yield text;
    }
    if (!complete) throw new AnswererError('answerer_failed', 'The answering model broke off.');
    return end;
  } catch (error) {
    throw deadline.explain(error);
  } finally {
    deadline.end();
  }
}

/**
 * Waits for the first piece, so that what fails before anything was said is not yet a late failure. Stops the source
 * when whoever reads stops.
 */
export async function begun(
  text: AsyncGenerator<string, AnswerEnd>,
): Promise<AsyncGenerator<string, AnswerEnd>> {
  const first = await text.next();
  async function* whole(): AsyncGenerator<string, AnswerEnd> {
    if (first.done) return first.value;
    try {
      yield first.value;
      return yield* text;
    } finally {
      await text.return({ finish: 'stop', usage: null });
    }
  }
  return whole();
}
