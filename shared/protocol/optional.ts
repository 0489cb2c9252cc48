/**
 * Fields that a request may leave out. Clients of OpenAI's API write `null` for an option that nobody set, so that null
 * is the absence of the field; what follows never meets it.
 */
import type { z } from 'zod';

/** A field that may be missing or null; both are read as undefined. */
export function optional<T extends z.ZodType>(schema: T) {
  return schema.nullish().transform((value) => value ?? undefined);
}

/** A field that is `value` where it is missing or null. */
export function withDefault<T extends z.ZodType>(schema: T, value: z.output<T>) {
  return schema
    .nullish()
    .transform((given): z.output<T> => given ?? value)
    .meta({ default: value });
}

/** An object whose fields may all be missing: where it is missing or null, it is what it is without any. */
export function withDefaults<T extends z.ZodObject>(schema: T) {
  return schema.nullish().transform((given): z.output<T> => given ?? schema.parse({}));
}
