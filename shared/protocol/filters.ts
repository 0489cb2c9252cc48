/**
 * Metadata filters as Cloudflare AI Search speaks them: `{ field: value }` or `{ field: { $operator: value } }`,
 * all conditions joined by AND. What they mean is in shared/retrieval/filters.ts.
 */
import { z } from 'zod';

const Scalar = z.union([z.string().max(1024), z.number(), z.boolean()]);
const Ordered = z.union([z.string().max(1024), z.number()]);
const List = z.array(Scalar).min(1).max(100);

const Condition = z
  .strictObject({
    $eq: Scalar.describe('Is this'),
    $ne: Scalar.describe('Is not this, or is missing'),
    $in: List.describe('Is one of these'),
    $nin: List.describe('Is none of these, or is missing'),
    $lt: Ordered.describe('Is less, or comes before in the order of characters'),
    $lte: Ordered.describe('Is at most this'),
    $gt: Ordered.describe('Is more, or comes after in the order of characters'),
    $gte: Ordered.describe('Is at least this'),
  })
  .partial()
  .refine((condition) => Object.keys(condition).length > 0, 'at least one operator');
export type Condition = z.infer<typeof Condition>;

export const Filters = z
  .record(
    z
      .string()
      .min(1)
      .max(64)
      .refine((name) => !name.startsWith('$'), 'only implicit AND is available: a field name expected'),
    z.union([Scalar, Condition]),
  )
  .refine((filters) => Object.keys(filters).length <= 20, 'at most 20 fields')
  .describe('Conditions on metadata, all of which have to hold');
export type Filters = z.infer<typeof Filters>;
