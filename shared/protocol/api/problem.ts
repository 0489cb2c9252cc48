/** Everything but success: problem documents (RFC 9457). */
import { z } from 'zod';

export const ProblemField = z.strictObject({
  pointer: z
    .string()
    .describe('JSON pointer into the body (`#/items/0/key`), or `/query/NAME`, `/path/NAME`'),
  detail: z.string().describe('What is wrong with it: names the limit and the value'),
});
export type ProblemField = z.infer<typeof ProblemField>;

export const OpenAiError = z.strictObject({
  message: z.string().describe('The same as `detail`'),
  type: z.string().describe('Kind of error, as OpenAI’s API names it'),
  param: z.string().nullable().describe('The first field that is wrong; null where none is'),
  code: z.string().describe('The same as the problem’s `code`'),
});
export type OpenAiError = z.infer<typeof OpenAiError>;

export const ProblemDocument = z
  .strictObject({
    type: z.string().describe('URN of the kind of problem, made of `code`'),
    title: z.string().describe('The kind of problem, for people'),
    status: z.int().describe('Status of the answer'),
    detail: z.string().describe('What happened, for people: names field, limit and value'),
    instance: z.string().describe('Path of the request'),
    code: z.string().describe('Stable, for programs'),
    request_id: z.string().describe('Names the request in the Worker’s log'),
    errors: z.array(ProblemField).optional().describe('Fields that are wrong, at most 20'),
    error: OpenAiError.optional().describe('On the routes that speak OpenAI’s API: the same in its form'),
  })
  .meta({ id: 'Problem', description: 'A problem document (RFC 9457)' });
export type ProblemDocument = z.infer<typeof ProblemDocument>;
