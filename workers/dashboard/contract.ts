/**
 * What the dashboard reads, held against what the routes answer: a field that is renamed or changes its type in a
 * schema does not type-check here. There is nothing to run.
 */
import type { z } from '@hono/zod-openapi';
import type { FeedbackReceipt } from '../../shared/protocol/items.ts';
import type * as Read from './client/served.ts';

type Fits<Wanted, _Answer extends Wanted> = true;

export type Contract = [Fits<Omit<Read.Receipt, 'region'>, z.infer<typeof FeedbackReceipt>>];
