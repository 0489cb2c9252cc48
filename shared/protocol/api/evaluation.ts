/**
 * What the hub judges versions by besides its participants' held-out questions: a set of questions that its operator
 * uploads, in the form of BEIR (Thakur et al. 2021). No participant touches it, and it trains nothing.
 */
import { z } from 'zod';
import { ItemKey } from '../names.ts';

/** Questions of a set at most: each is embedded twice at the end of a run. */
export const MOST_QUESTIONS = 500;
/** Judgments of a set at most: four a question. */
export const MOST_JUDGMENTS = 4 * MOST_QUESTIONS;
/** Highest grade of a judgment. */
export const MOST_SCORE = 1000;

export const EvaluationSet = z
  .strictObject({
    queries: z
      .array(
        z.strictObject({
          _id: z.string().min(1).max(128).describe('Name of the question, which `qrels` refers to'),
          text: z.string().min(1).max(1000).describe('The question'),
        }),
      )
      .min(1)
      .max(MOST_QUESTIONS)
      .describe('The questions'),
    qrels: z
      .array(
        z.strictObject({
          query_id: z.string().min(1).max(128).describe('`_id` of a question'),
          corpus_id: ItemKey.describe('Key of a document that answers it'),
          score: z
            .int()
            .min(0)
            .max(MOST_SCORE)
            .default(1)
            .describe('Its grade; 0: it does not answer it, and is not counted'),
        }),
      )
      .min(1)
      .max(MOST_JUDGMENTS)
      .describe('Which documents answer them'),
  })
  .superRefine(({ queries, qrels }, context) => {
    const known = new Set<string>();
    for (const [index, { _id }] of queries.entries()) {
      if (known.has(_id)) {
        context.addIssue({ code: 'custom', path: ['queries', index, '_id'], message: `${_id} occurs twice` });
      }
      known.add(_id);
    }
    const answered = new Set(qrels.flatMap(({ query_id, score }) => (score > 0 ? [query_id] : [])));
    for (const [index, { query_id }] of qrels.entries()) {
      if (known.has(query_id)) continue;
      const message = `${query_id} is not among the queries`;
      context.addIssue({ code: 'custom', path: ['qrels', index, 'query_id'], message });
    }
    for (const [index, { _id }] of queries.entries()) {
      if (answered.has(_id)) continue;
      context.addIssue({
        code: 'custom',
        path: ['queries', index, '_id'],
        message: `nothing answers ${_id}`,
      });
    }
  })
  .meta({
    id: 'EvaluationSet',
    description: 'Questions that the hub judges versions by, in the form of BEIR',
  });
export type EvaluationSet = z.infer<typeof EvaluationSet>;

export const EvaluationInfo = z
  .strictObject({
    questions: z.int().describe('Questions of the set; 0 where there is none'),
    uploaded_at: z.number().nullable().describe('When it was uploaded, milliseconds since 1970'),
  })
  .meta({ id: 'EvaluationInfo', description: 'Whether the hub has questions of its own' });
export type EvaluationInfo = z.infer<typeof EvaluationInfo>;

/** What the hub counted by itself. */
export const OwnJudgement = z
  .strictObject({
    questions: z.int().describe('Questions of the evaluation set whose documents stand'),
    right: z.int().describe('Of them, those that the version answered right'),
    serving: z.int().describe('Of them, those that the version that served answered right'),
    titles: z.int().describe('Titles of documents that did not learn, asked by the hub itself'),
    found: z.int().describe('Of them, those that the version finds'),
    mips: z.int().describe('Of them, those that plain embedding search finds'),
  })
  .meta({ id: 'OwnJudgement', description: 'What the hub measured without its participants' });
export type OwnJudgement = z.infer<typeof OwnJudgement>;
