/**
 * How a version weighs what is found of a passage: beside adapter and rows, what it serves with. The gate finds them from
 * held-out questions; a version that no gate has found any for has the start.
 */
import { z } from 'zod';

export const ServingParameters = z.strictObject({
  words: z
    .number()
    .min(0)
    .max(4)
    .describe('What all words of a question, said without end, add to the cosine of a passage'),
  offset: z
    .number()
    .min(-1)
    .max(1)
    .nullable()
    .describe(
      'Added to the cosine of rows that never learned; null: by the collection’s `inactiveOffset` and the share of such rows',
    ),
  memory: z
    .number()
    .min(0)
    .max(1)
    .describe('Part of the way that a document goes towards the logged questions which it answered'),
});
export type ServingParameters = z.infer<typeof ServingParameters>;

/** Of a version that no gate has found any for. Measured, see docs/decisions/0020-words-and-vectors.md and 0022-memory.md. */
export const START_PARAMETERS: ServingParameters = { words: 0.44, offset: null, memory: 0.7 };
