/**
 * The texts that a model wants before questions and before passages, from config_sentence_transformers.json: an
 * E5 model without them finds less. Prompts of other names belong to other tasks; a file that has such ones only is an
 * error, never ignored.
 */
import { z } from 'zod';
import type { Prompts } from '../manifest.ts';

export const PromptSettings = z.looseObject({
  prompts: z.record(z.string(), z.string()).nullish(),
  default_prompt_name: z.string().nullish(),
});

/** Names that models give to what stands before a question, and before a text that is searched. */
const NAMES = {
  query: ['query', 'search_query', 's2p_query', 'retrieval.query', 'web_search_query'],
  passage: ['passage', 'document', 'search_document', 'retrieval.passage'],
} as const;

export interface FoundPrompts {
  prompts: Prompts | undefined;
  /** Names of prompts that are not used. */
  unused: string[];
}

/**
 * @param given what the caller sets; it goes before what the file says
 * @throws TypeError when the file names a default that it lacks, or has prompts for other tasks only
 */
export function findPrompts(
  settings: z.infer<typeof PromptSettings> | undefined,
  given: Partial<Prompts> = {},
): FoundPrompts {
  const all = settings?.prompts ?? {};
  const byDefault = settings?.default_prompt_name ?? null;
  if (byDefault !== null && all[byDefault] === undefined) {
    throw new TypeError(
      `config_sentence_transformers.json: default_prompt_name is '${byDefault}', which is not among prompts`,
    );
  }
  const nameOf = (role: 'query' | 'passage') =>
    NAMES[role].find((name) => all[name] !== undefined) ?? byDefault ?? undefined;
  const used = { query: nameOf('query'), passage: nameOf('passage') };
  const names = Object.keys(all);
  const isGiven = given.query !== undefined || given.passage !== undefined;
  const isTold = names.some((name) => all[name] !== '');
  if (isTold && used.query === undefined && used.passage === undefined && !isGiven) {
    throw new TypeError(
      `config_sentence_transformers.json has prompts named ${names.join(', ')}, none for questions or passages: ` +
        'say which with --query-prompt and --passage-prompt',
    );
  }
  const textOf = (role: 'query' | 'passage') => {
    const name = used[role];
    return given[role] ?? (name === undefined ? '' : all[name]!);
  };
  const prompts = { query: textOf('query'), passage: textOf('passage') };
  const unused = names.filter((name) => name !== used.query && name !== used.passage);
  return { prompts: prompts.query === '' && prompts.passage === '' ? undefined : prompts, unused };
}
