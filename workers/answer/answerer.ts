/**
 * Who writes answers: one interface, three implementations (extractive, Workers AI, an OpenAI-compatible endpoint).
 * An answerer gets the passages that were retrieved and cites them by number; whatever else it says about its sources
 * is checked by the caller. Passages are quoted documents: data, never instructions.
 */
import type { ConversationTurn } from '../../shared/retrieval/conversation.ts';
import type { AnswerPassage } from '../../shared/retrieval/extractive.ts';

/** How a text is generated, as far as the caller says. */
export interface GenerationSettings {
  temperature?: number | undefined;
  topP?: number | undefined;
  maxTokens?: number | undefined;
  seed?: number | undefined;
  stop?: readonly string[] | undefined;
}

export interface AnswerRequest {
  /** The conversation; the last user turn is the question. */
  turns: readonly ConversationTurn[];
  /** What was searched for. */
  query: string;
  /** Best first, at least one. The answer cites the n-th as [n], from 1. */
  passages: readonly AnswerPassage[];
  settings: GenerationSettings;
  /** Whether the text should come in pieces as it is written. */
  stream: boolean;
  /** Aborted when nobody wants the answer any more. */
  signal: AbortSignal;
  /** Searches again, with the request's own filters and limits. */
  search(query: string): Promise<readonly AnswerPassage[]>;
}

export interface Usage {
  promptTokens: number;
  completionTokens: number;
}

export interface AnswerEnd {
  finish: 'stop' | 'length';
  /** Null when whoever wrote the answer did not say. */
  usage: Usage | null;
}

/** An answer that has begun: what fails from here on is a late failure. */
export interface Answer {
  /** Those of the request, then those that further searches found; numbered through. */
  passages: readonly AnswerPassage[];
  /** Places in `passages` that the text cites; null when the text is not written yet. */
  cited: readonly number[] | null;
  /** The text in pieces, and at its end how it went. Read once. Rejects with AnswererError. */
  text: AsyncGenerator<string, AnswerEnd>;
}

export interface Answerer {
  /** Name of the model, as answers show it. */
  readonly model: string;
  /** Settings that it cannot follow. */
  unsupported(settings: GenerationSettings): (keyof GenerationSettings)[];
  /** Resolves when the answer begins. Rejects with AnswererError, or with the signal's reason. */
  answer(request: AnswerRequest): Promise<Answer>;
}

export type AnswererFailure = 'answerer_unavailable' | 'answerer_timeout' | 'answerer_failed';

/** Whoever should have written the answer did not. `message` is fit for users: no URLs, keys or texts. */
export class AnswererError extends Error {
  override readonly name = 'AnswererError';
  readonly code: AnswererFailure;

  constructor(code: AnswererFailure, message: string, cause?: unknown) {
    super(message, { cause });
    this.code = code;
  }
}
