/**
 * Which answerer the deployment's variables ask for. What cannot be had is no reason to answer nothing: the extractive
 * answerer is always there, and the answer's `errors` say why it stood in.
 */
import type { Env } from '../env.ts';
import type { QueryEncoder } from '../services.ts';
import type { Answerer } from './answerer.ts';
import { ExtractiveAnswerer } from './extractive.ts';
import { OpenAiAnswerer } from './openai.ts';
import { KNOWN_MODELS, WorkersAiAnswerer } from './workers-ai.ts';

/** Something that is missing from an answer, or that somebody else stood in for. */
export interface AnswerProblem {
  code: string;
  detail: string;
}

export interface Configured {
  answerer: Answerer;
  extractive: Answerer;
  problems: AnswerProblem[];
}

type AnswerEnv = Pick<
  Env,
  'AI' | 'FEDCAR_ANSWERER' | 'FEDCAR_ANSWER_MODEL' | 'FEDCAR_ANSWER_URL' | 'FEDCAR_ANSWER_KEY'
>;

export function configuredAnswerer(env: AnswerEnv, encoder: QueryEncoder): Configured {
  const extractive = new ExtractiveAnswerer(encoder);
  const instead = (code: string, why: string): Configured => ({
    answerer: extractive,
    extractive,
    problems: [{ code, detail: `${why}; the answer is extractive.` }],
  });
  const { AI: ai, FEDCAR_ANSWER_MODEL: model, FEDCAR_ANSWER_URL: url, FEDCAR_ANSWER_KEY: key } = env;
  try {
    switch (env.FEDCAR_ANSWERER ?? 'extractive') {
      case 'extractive':
        return { answerer: extractive, extractive, problems: [] };
      case 'workers-ai': {
        if (ai === undefined) return instead('answerer_missing', 'The deployment has no binding AI');
        const answerer = new WorkersAiAnswerer({ ai, model: model ?? (KNOWN_MODELS[0] as string) });
        return { answerer, extractive, problems: [] };
      }
      case 'openai': {
        if (url === undefined || model === undefined) {
          return instead('answerer_missing', 'FEDCAR_ANSWER_URL or FEDCAR_ANSWER_MODEL is not set');
        }
        return { answerer: new OpenAiAnswerer({ url, model, key }), extractive, problems: [] };
      }
      default:
        return instead('answerer_misconfigured', 'FEDCAR_ANSWERER is none of extractive, workers-ai, openai');
    }
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return instead('answerer_misconfigured', error.message);
  }
}
