/**
 * Which answerer the deployment's variables ask for. What cannot be had is no reason to answer nothing: the extractive
 * answerer is always there, and the answer's `errors` say why it stood in.
 */
import type { Env } from '../env.ts';
import type { QueryEncoder } from '../services.ts';
import type { Answerer } from './answerer.ts';
import { EXTRACTIVE, ExtractiveAnswerer } from './extractive.ts';
import { OpenAiAnswerer } from './openai.ts';
import { KNOWN_MODELS, WorkersAiAnswerer } from './workers-ai.ts';

/** Something that is missing from an answer, or that somebody else stood in for. */
export interface AnswerProblem {
  code: string;
  detail: string;
}

export interface Configured {
  answerer: Answerer;
  /** Stands in for it, and says when nothing was found. */
  extractive: ExtractiveAnswerer;
  problems: AnswerProblem[];
}

type AnswerEnv = Pick<
  Env,
  'AI' | 'FEDCAR_ANSWERER' | 'FEDCAR_ANSWER_MODEL' | 'FEDCAR_ANSWER_URL' | 'FEDCAR_ANSWER_KEY'
>;

/** Whoever the deployment is configured with. */
export const DEFAULT_MODEL = 'fedcar';

export function configuredAnswerer(env: AnswerEnv, encoder: QueryEncoder): Configured {
  const extractive = new ExtractiveAnswerer(encoder);
  const { answerer, problems } = languageModel(env);
  return { answerer: answerer ?? extractive, extractive, problems };
}

/** Names that a request may give as its `model`. */
export function answeringModels(env: AnswerEnv): string[] {
  const { answerer } = languageModel(env);
  return [...new Set([DEFAULT_MODEL, EXTRACTIVE, ...(answerer === null ? [] : [answerer.model])])];
}

/** The language model that the variables ask for; null where they ask for none, or for one that cannot be had. */
function languageModel(env: AnswerEnv): { answerer: Answerer | null; problems: AnswerProblem[] } {
  const instead = (code: string, why: string) => ({
    answerer: null,
    problems: [{ code, detail: `${why}; the answer is extractive.` }],
  });
  const { AI: ai, FEDCAR_ANSWER_MODEL: model, FEDCAR_ANSWER_URL: url, FEDCAR_ANSWER_KEY: key } = env;
  try {
    switch (env.FEDCAR_ANSWERER ?? EXTRACTIVE) {
      case EXTRACTIVE:
        return { answerer: null, problems: [] };
      case 'workers-ai': {
        if (ai === undefined) return instead('answerer_missing', 'The deployment has no binding AI');
        const answerer = new WorkersAiAnswerer({ ai, model: model ?? KNOWN_MODELS[0]! });
        return { answerer, problems: [] };
      }
      case 'openai': {
        if (url === undefined || model === undefined) {
          return instead('answerer_missing', 'FEDCAR_ANSWER_URL or FEDCAR_ANSWER_MODEL is not set');
        }
        return { answerer: new OpenAiAnswerer({ url, model, key }), problems: [] };
      }
      default:
        return instead('answerer_misconfigured', 'FEDCAR_ANSWERER is none of extractive, workers-ai, openai');
    }
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return instead('answerer_misconfigured', error.message);
  }
}
