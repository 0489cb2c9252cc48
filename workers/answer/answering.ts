/**
 * From passages to an answer that can be shown: an honest "not found" where nothing fits, somebody to stand in where
 * the answerer fails before its first word, citations of nothing but what was retrieved, and a mark where a language
 * model says what nothing supports.
 */
import { logLine } from '../../shared/log.ts';
import type { AnswerPassage } from '../../shared/retrieval/extractive.ts';
import { FOUND_AT } from '../calibration.ts';
import { type Answer, type AnswerEnd, type Answerer, AnswererError, type AnswerRequest } from './answerer.ts';
import { CitationFilter } from './citations.ts';
import type { AnswerProblem, Configured } from './configured.ts';
import { SupportMarker } from './support.ts';

export interface Answering {
  /** Who writes. */
  model: string;
  passages: readonly AnswerPassage[];
  /** Places in `passages`; null while they are not known. */
  cited: readonly number[] | null;
  /** Checked text in pieces, and how it ended. Rejects with AnswererError: a late failure. */
  text: AsyncGenerator<string, AnswerEnd & { cited: number[] }>;
  problems: AnswerProblem[];
}

/** Begins an answer. Rejects when the request's signal is aborted, or when even the extractive answerer fails. */
export async function beginAnswer(who: Configured, request: AnswerRequest): Promise<Answering> {
  const { answerer, extractive, problems } = who;
  const [best] = request.passages;
  if (best === undefined || best.score < FOUND_AT) {
    return showable(answerer.model, await extractive.notFound(request), problems);
  }
  const { answer, by, problem } = await orExtractive(answerer, extractive, request, (each) =>
    each.answer(request),
  );
  return showable(by.model, answer, problem === null ? problems : [...problems, problem]);
}

export interface WholeAnswer extends Omit<Answering, 'text' | 'cited'>, AnswerEnd {
  content: string;
  cited: number[];
}

/** A whole answer. As nothing of it was shown, a late failure can still be made good. */
export async function wholeAnswer(who: Configured, request: AnswerRequest): Promise<WholeAnswer> {
  const { answer, problem } = await orExtractive(who.answerer, who.extractive, request, async (answerer) => {
    const { text, ...rest } = await beginAnswer({ ...who, answerer }, request);
    let content = '';
    for (;;) {
      const { done, value } = await text.next();
      if (done) return { ...rest, ...value, content };
      content += value;
    }
  });
  return problem === null ? answer : { ...answer, problems: [...answer.problems, problem] };
}

async function orExtractive<T>(
  answerer: Answerer,
  extractive: Answerer,
  { signal }: AnswerRequest,
  ask: (answerer: Answerer) => Promise<T>,
): Promise<{ answer: T; by: Answerer; problem: AnswerProblem | null }> {
  try {
    return { answer: await ask(answerer), by: answerer, problem: null };
  } catch (error) {
    if (signal.aborted || !(error instanceof AnswererError)) throw error;
    // Its name only: messages of parsers repeat what they could not read.
    const cause = error.cause instanceof Error ? error.cause.name : undefined;
    logLine('answerer_failed', { level: 'warn', model: answerer.model, code: error.code, cause });
    const detail = `${error.message} The answer is extractive.`;
    return { answer: await ask(extractive), by: extractive, problem: { code: error.code, detail } };
  }
}

function showable(model: string, { passages, cited, text }: Answer, problems: AnswerProblem[]): Answering {
  async function* checked(): AsyncGenerator<string, AnswerEnd & { cited: number[] }> {
    // Where nothing is cited, no number is a citation: a title may hold one.
    const filter = new CitationFilter(cited?.length === 0 ? 0 : passages.length);
    // What quotes says nothing of its own.
    const marker = cited === null ? new SupportMarker(passages) : null;
    try {
      for (;;) {
        const { done, value } = await text.next();
        const cleared = done ? filter.end() : filter.push(value);
        const shown = marker === null ? cleared : marker.push(cleared) + (done ? marker.end() : '');
        if (shown !== '') yield shown;
        if (done) return { ...value, cited: filter.cited.map((n) => n - 1) };
      }
    } finally {
      await text.return({ finish: 'stop', usage: null });
    }
  }
  return { model, passages, cited, text: checked(), problems };
}
