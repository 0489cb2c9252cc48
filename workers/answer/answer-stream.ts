/**
 * An answer as server-sent events: completion chunks, of which the first has the passages, usage where it is wanted,
 * `[DONE]`. Clients of OpenAI's API take every event for a completion chunk, whatever its name. What fails after the
 * first event is an `event: error`, and no `[DONE]` follows. When the reader leaves, whoever writes the answer is told.
 */
import { errorText, logLine } from '../../shared/log.ts';
import type { AnswerError, ChatCompletionChunk } from '../../shared/protocol/api/chat.ts';
import type { Chunk } from '../../shared/protocol/api/chunk.ts';
import { eventText } from '../../shared/sse.ts';
import { openAiError, problemOfFailure } from '../problem.ts';
import { AnswererError } from './answerer.ts';
import type { Answering } from './answering.ts';
import type { CompletionHead } from './completion.ts';
import { completionChunk, usageTokens } from './completion.ts';

export interface AnswerStreamOptions {
  head: CompletionHead;
  /** In the order in which the answer numbers them. */
  chunks: Chunk[];
  answer: Pick<Answering, 'text'>;
  errors: AnswerError[];
  /** Whether the chunks are an event of their own, or come with the first completion chunk. */
  chunksEvent: boolean;
  usage: boolean;
  requestId: string;
  /** Told when the reader left before the end. */
  abandon(reason: unknown): void;
}

export function answerStream(options: AnswerStreamOptions): ReadableStream<Uint8Array> {
  const events = eventsOf(options);
  const encoder = new TextEncoder();
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await events.next();
      if (done) controller.close();
      else controller.enqueue(encoder.encode(value));
    },
    cancel(reason) {
      options.abandon(reason);
      // It may still wait for a piece that now fails: nobody reads what it says about it.
      events.return().catch(() => {});
    },
  });
}

async function* eventsOf(options: AnswerStreamOptions): AsyncGenerator<string, void> {
  const { head, chunks, answer, errors, chunksEvent } = options;
  try {
    if (chunksEvent) yield eventText(chunks, 'chunks');
    const first = completionChunk(head, { role: 'assistant', content: '' });
    yield eventText(chunksEvent ? first : { ...first, chunks });
    for (;;) {
      const { done, value } = await answer.text.next();
      if (!done) {
        yield eventText(completionChunk(head, { content: value }));
        continue;
      }
      const citations = value.cited.map((place) => (chunks[place] as Chunk).id);
      yield eventText({ ...completionChunk(head, {}, value.finish), citations, errors });
      if (options.usage) {
        const usage = value.usage === null ? null : usageTokens(value.usage);
        yield eventText({ ...completionChunk(head, {}), choices: [], usage } satisfies ChatCompletionChunk);
      }
      yield eventText('[DONE]');
      return;
    }
  } catch (error) {
    yield eventText({ error: lateError(error, options.requestId) }, 'error');
  } finally {
    await answer.text.return({ finish: 'stop', usage: null, cited: [] });
  }
}

function lateError(error: unknown, requestId: string) {
  if (error instanceof AnswererError) {
    logLine('answer_broke_off', { level: 'warn', code: error.code, request_id: requestId });
    return { message: error.message, type: 'server_error', param: null, code: error.code };
  }
  logLine('answer_failed', { level: 'error', error: errorText(error), request_id: requestId });
  return openAiError(problemOfFailure(error));
}
