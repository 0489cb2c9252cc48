/** What all routers share: one way to make them, and the responses that every route may give. */
import { OpenAPIHono, z } from '@hono/zod-openapi';
import { ProblemDocument } from '../shared/protocol/api/problem.ts';
import type { AppEnv } from './env.ts';
import { refuseInvalid } from './validation.ts';

export function router(): OpenAPIHono<AppEnv> {
  return new OpenAPIHono<AppEnv>({ defaultHook: refuseInvalid });
}

/** A JSON response for a route's `responses`. */
export function json<T extends z.ZodType>(schema: T, description: string) {
  return { description, content: { 'application/json': { schema } } };
}

/** A JSON body that has to be there. */
export function body<T extends z.ZodType>(schema: T) {
  return { required: true, content: { 'application/json': { schema } } };
}

/** Everything but success. */
export const problems = {
  default: {
    description: 'A problem document (RFC 9457)',
    content: { 'application/problem+json': { schema: ProblemDocument } },
  },
} as const;

/** No query parameters: a misspelt one is an error instead of being ignored. */
export const NoQuery = z.strictObject({});
